"""The official packages at every server that a gateway runs behind, and many streams at once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import get_args

import pytest
from sdk_office import MODEL, PICTURE, Office, price
from sdk_speaker import Asked, Speaker
from sdk_speakers import SPEAKERS

from plugway.server.carriers import ServerName

pytestmark = pytest.mark.anyio

#: Hypercorn serves in all other tests.
OTHERS = [name for name in get_args(ServerName) if name != "hypercorn"]

STREAMS = 500


@pytest.mark.parametrize("server", OTHERS)
async def test_every_server_serves_every_package(tmp_path: Path, server: ServerName) -> None:
    async with Office(tmp_path / "home", server=server) as office:
        await office.channel()
        for make in SPEAKERS.values():
            speaker = make(office)
            reply = await speaker.ask(Asked(said="What is it?", image=PICTURE))
            assert "image/png 5×3" in reply.text
            await _first_words_come_early(office, speaker)
            await _who_leaves_ends_it(office, speaker)
            drawn = await speaker.ask(Asked(said="Draw a cat", model=f"{MODEL}-image"))
            assert len(drawn.images) == 1
            with pytest.raises(speaker.errors[401]):
                await speaker.ask("Hello", key="sk-nobody-has-this-key-0123456789")
            with pytest.raises(speaker.errors[404]):
                await anext(speaker.stream(Asked(said="Hello", model="gpt-99")))
        rows = await office.server.usage()
        paid = sum(price(row.input_tokens, row.output_tokens, row.images) for row in rows)
        assert await office.charged() == paid > 0


async def _first_words_come_early(office: Office, speaker: Speaker) -> None:
    async with office.held():
        words = speaker.stream("Who keeps the lighthouse?")
        async with asyncio.timeout(10):
            first = await anext(words)
        assert office.busy() == 1
    rest = [piece async for piece in words]
    assert (first + "".join(rest)).startswith("You said: Who keeps the lighthouse?")


async def _who_leaves_ends_it(office: Office, speaker: Speaker) -> None:
    begun = asyncio.Event()

    async def read() -> None:
        async for _ in speaker.stream("Who keeps the lighthouse?"):
            begun.set()

    office.emulator.mishap("silent", after=3)
    reading = asyncio.create_task(read())
    await begun.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await office.until_left()
    await office.until_free()


async def test_500_streams_hold_at_once(tmp_path: Path) -> None:
    names = [f"account-{number}" for number in range(STREAMS)]
    async with Office(tmp_path / "home", accounts=names) as office:
        await office.channel(wait=30)
        speakers = [make(office) for make in SPEAKERS.values()]
        office.emulator.mishap("silent", after=3, times=STREAMS)
        streams = [speakers[number % 3].stream(f"Number {number}") for number in range(STREAMS)]
        firsts = await asyncio.gather(*[anext(stream) for stream in streams])
        # All of them wait amid their answers, each on an account of its own.
        assert office.busy() == office.in_use() == STREAMS
        office.emulator.release()

        async def rest(number: int) -> str:
            return firsts[number] + "".join([piece async for piece in streams[number]])

        texts = await asyncio.gather(*[rest(number) for number in range(STREAMS)])
        for number, text in enumerate(texts):
            assert text.startswith(f"You said: Number {number}\n")
            assert text.endswith("video.")
        await office.until_free()
        rows = await office.server.usage()
        assert len(rows) == STREAMS
        assert {row.status for row in rows} == {200}
        paid = sum(price(row.input_tokens, row.output_tokens) for row in rows)
        assert await office.charged() == paid > 0
