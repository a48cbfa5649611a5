"""What every official package gets, with nothing but its base URL and its key changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sdk_office import MODEL, Office, price
from sdk_speaker import Asked, Speaker
from sdk_speakers import SPEAKERS

from plugway_gemini_business.emulated.accounts import NewAccount
from plugway_gemini_business.models import BUILTIN

pytestmark = pytest.mark.anyio


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Run a gateway with two accounts."""
    async with Office(tmp_path / "home") as office:
        await office.channel()
        yield office


@pytest.fixture(params=list(SPEAKERS))
def speaker(request: pytest.FixtureRequest, office: Office) -> Speaker:
    """Take one package after the other."""
    return SPEAKERS[request.param](office)


async def test_a_question_is_answered_and_costs_what_the_usage_says(
    office: Office, speaker: Speaker
) -> None:
    reply = await speaker.ask("Who keeps the lighthouse?")
    assert reply.text.startswith("You said: Who keeps the lighthouse?\nAsked of gemini-2.5-flash")
    assert await office.charged() == price(reply.asked, reply.answered) > 0
    (row,) = await office.server.usage()
    assert (row.status, row.model) == (200, MODEL)
    assert (row.input_tokens, row.output_tokens) == (reply.asked, reply.answered)


async def test_first_words_come_while_the_upstream_has_not_ended(
    office: Office, speaker: Speaker
) -> None:
    async with office.held():
        words = speaker.stream("Who keeps the lighthouse?")
        async with asyncio.timeout(10):
            first = await anext(words)
        (asked,) = office.emulator.truth.asked
        assert office.emulator.truth.busy(asked.account) == 1
    rest = [piece async for piece in words]
    text = first + "".join(rest)
    assert "You said: Who keeps the lighthouse?".startswith(first)
    assert len(rest) > 2
    assert text.endswith("video.")
    (row,) = await office.server.usage()
    assert await office.charged() == price(row.input_tokens, row.output_tokens) > 0


async def test_a_stream_says_what_a_whole_answer_says(office: Office, speaker: Speaker) -> None:
    pieces = [piece async for piece in speaker.stream("Grüße aus Köln: 你好 🙂")]
    assert "".join(pieces) == (await speaker.ask("Grüße aus Köln: 你好 🙂")).text
    assert "You said: Grüße aus Köln: 你好 🙂\n" in "".join(pieces)


async def test_models_are_listed(office: Office, speaker: Speaker) -> None:
    listed = await speaker.models()
    assert set(BUILTIN) <= listed
    assert f"{MODEL}-image-search" in listed
    assert await office.charged() == 0


async def test_what_is_refused_is_raised_as_the_packages_own_class(
    office: Office, speaker: Speaker
) -> None:
    far = await office.server.key(office.user, "far away", networks=["192.0.2.0/24"])
    nobodys = "sk-nobody-has-this-key-0123456789"
    for status, asking in (
        (400, speaker.wrong()),
        (401, speaker.ask("Hello", key=nobodys)),
        (401, speaker.ask("Hello", key="short")),
        (403, speaker.ask("Hello", key=far)),
        (404, speaker.ask(Asked(said="Hello", model="gpt-99"))),
    ):
        with pytest.raises(speaker.errors[status]) as caught:
            await asking
        assert speaker.told(caught.value)[0] == status
        assert nobodys not in str(caught.value)
    assert "gpt-99" in str(caught.value)
    assert office.asks() == 0
    assert await office.charged() == 0


async def test_a_rate_that_is_used_up_is_429(office: Office, speaker: Speaker) -> None:
    key = await office.server.key(office.user, "slow", rate="1/minute")
    await speaker.ask("Hello", key=key)
    with pytest.raises(speaker.errors[429]) as caught:
        await speaker.ask("Hello", key=key)
    status, headers = speaker.told(caught.value)
    assert (status, 1 <= int(headers["retry-after"]) <= 60) == (429, True)
    assert office.asks() == 1


async def test_with_every_account_limited_it_is_429_at_once(
    office: Office, speaker: Speaker
) -> None:
    for one in office.emulator.accounts:
        office.emulator.change(NewAccount(name=one.name, quotas={"text": 0}))
    for _ in range(3):
        async with asyncio.timeout(5):
            with pytest.raises(speaker.errors[429]) as caught:
                await speaker.ask("Hello")
        status, headers = speaker.told(caught.value)
        # As long as the accounts rest whose quota is used up.
        assert (status, int(headers["retry-after"]) > 7_000) == (429, True)
    # Each account was asked once, and left alone from then on.
    assert office.asks() == 2
    assert await office.charged() == 0


async def test_a_stream_that_cannot_begin_is_an_error_too(office: Office, speaker: Speaker) -> None:
    for one in office.emulator.accounts:
        office.emulator.change(NewAccount(name=one.name, quotas={"text": 0}))
    with pytest.raises(speaker.errors[429]):
        await anext(speaker.stream("Hello"))
    assert await office.charged() == 0


async def test_an_outage_is_5xx_and_passes(office: Office, speaker: Speaker) -> None:
    await office.emulator.refuse()
    async with asyncio.timeout(20):
        with pytest.raises(speaker.errors[503]) as caught:
            await speaker.ask("Hello")
    assert speaker.told(caught.value)[0] in (502, 503)
    await office.emulator.resume()
    assert (await speaker.ask("Hello")).text.startswith("You said: Hello")
    await office.until_free()
    (channel,) = office.server.gateway.channels.all()
    assert office.server.gateway.credentials.conditions(channel)["ready"] == 2


async def test_without_an_account_it_is_503(tmp_path: Path) -> None:
    async with Office(tmp_path / "home") as office:
        await office.channel(secrets=[])
        for make in SPEAKERS.values():
            speaker = make(office)
            with pytest.raises(speaker.errors[503]) as caught:
                await speaker.ask("Hello")
            status, headers = speaker.told(caught.value)
            assert (status, int(headers["retry-after"]) >= 1) == (503, True)
        assert await office.charged() == 0


async def test_who_leaves_a_stream_ends_it_upstream(office: Office, speaker: Speaker) -> None:
    office.emulator.mishap("silent", after=3)
    begun = asyncio.Event()

    async def read() -> None:
        async for _ in speaker.stream("Who keeps the lighthouse?"):
            begun.set()

    reading = asyncio.create_task(read())
    await begun.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await office.until_left()
    await office.until_free()
    # What has come was paid for.
    (row,) = await office.server.usage()
    assert await office.charged() == price(row.input_tokens, row.output_tokens) > 0
    assert (await speaker.ask("Hello")).text


async def test_who_leaves_a_whole_answer_ends_it_upstream(office: Office, speaker: Speaker) -> None:
    office.emulator.mishap("silent", after=3)
    asking = asyncio.create_task(speaker.ask("Who keeps the lighthouse?"))
    await office.until_asked()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await office.until_left()
    await office.until_free()
    assert (await speaker.ask("Hello")).text
