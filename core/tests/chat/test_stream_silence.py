"""Signs of life on a stream whose client is slow, and nothing left behind."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest
from plain_dialect import Lines

from plugway import ChatModel, UpstreamInterrupted
from plugway.chat.encoder import Heading
from plugway.chat.stream import Stream
from plugway.testing.clock import ManualClock

if TYPE_CHECKING:
    from plugway.request import Request

pytestmark = pytest.mark.anyio

SILENCE = 10.0


class SlowClient:
    """Takes a message only when it is told to.

    Attributes:
        took: Messages that it has taken, whole.
        waits: Somebody waits for it.
        may: Tells it to take what comes.
    """

    def __init__(self) -> None:
        self.took: list[dict[str, Any]] = []
        self.waits = asyncio.Event()
        self.may = asyncio.Event()

    async def send(self, message: dict[str, Any]) -> None:
        """Take a message, in the end; whoever is cancelled meanwhile has sent none."""
        self.waits.set()
        await self.may.wait()
        self.took.append(message)

    @property
    def body(self) -> bytes:
        """Return what has come."""
        return b"".join(message.get("body", b"") for message in self.took)


class Asked:
    """Is a request, as far as a stream needs one."""

    def __init__(self, client: SlowClient) -> None:
        self.asgi_send = client.send


def stream(client: SlowClient, clock: ManualClock) -> Stream:
    """Return a stream to a client."""
    heading = Heading(id="1", model=ChatModel(id="poet"), created=0)
    request = cast("Request", Asked(client))
    return Stream(request, Lines(), heading, {}, clock=clock, silence=SILENCE)


async def silent(client: SlowClient, clock: ManualClock) -> None:
    """Be silent until a sign of life is on its way."""
    for _ in range(5):
        await asyncio.sleep(0)
    clock.advance(SILENCE)
    async with asyncio.timeout(5):
        await client.waits.wait()


async def test_an_answer_that_comes_during_a_sign_of_life_follows_it() -> None:
    client, clock = SlowClient(), ManualClock()
    async with stream(client, clock) as out:
        await silent(client, clock)
        ending = asyncio.create_task(out.finish(b"end stop\n"))
        await asyncio.sleep(0)
        client.may.set()
        await ending
    assert [message["type"] for message in client.took].count("http.response.start") == 1
    assert client.body == b"model poet\n...\nend stop\n"
    assert client.took[-1]["more_body"] is False


async def test_a_failure_that_comes_during_a_sign_of_life_follows_it() -> None:
    client, clock = SlowClient(), ManualClock()
    out = stream(client, clock)
    await out.__aenter__()
    await silent(client, clock)
    failure = UpstreamInterrupted()
    await out.__aexit__(UpstreamInterrupted, failure, None)
    assert out.begun
    ending = asyncio.create_task(out.finish(b"fail\n"))
    await asyncio.sleep(0)
    client.may.set()
    await ending
    assert client.body == b"model poet\n...\nfail\n"


async def test_who_is_cancelled_leaves_no_task_behind() -> None:
    client, clock = SlowClient(), ManualClock()
    before = asyncio.all_tasks()

    async def answer() -> None:
        async with stream(client, clock):
            await asyncio.Event().wait()

    answering = asyncio.create_task(answer())
    await silent(client, clock)
    answering.cancel()
    await asyncio.wait((answering,))
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before

    # In the middle of the last bytes, too.
    out = stream(client, clock)
    async with out:
        ending = asyncio.create_task(out.finish(b"end\n"))
        await asyncio.sleep(0)
        ending.cancel()
        await asyncio.wait((ending,))
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
