"""Clients that leave: before the answer, in the middle of it, in the middle of their body."""

from __future__ import annotations

import asyncio

import pytest
from small import PRICE, SmallGateway

from plugway import Departure
from plugway.testing.scripted import Seen

pytestmark = pytest.mark.anyio


class Slow:
    """Answers in two parts, each when told."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.head = asyncio.Event()
        self.rest = asyncio.Event()
        self.cut = asyncio.Event()

    async def __call__(
        self, seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Be the script."""
        self.asked.set()
        watching = asyncio.create_task(self._watch(reader))
        try:
            await self.head.wait()
            writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n")
            await self.rest.wait()
            writer.write(b"4\r\nlast\r\n0\r\n\r\n")
            await writer.drain()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _watch(self, reader: asyncio.StreamReader) -> None:
        await reader.read()
        self.cut.set()


async def leave(small: SmallGateway, *, after: bytes = b"", body: bytes = b"") -> None:
    """Connect, send a request, wait for part of the answer, and close."""
    host, _, port = small.server.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /small/x HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %b\r\n"
        b"content-length: %d\r\n\r\n" % (small.key.encode(), len(body) or 0)
    )
    if after:
        await reader.readuntil(after)
    return writer.close()


async def settled_rows(small: SmallGateway, rows: int = 1) -> list[tuple[int, int]]:
    """Wait for usage rows; return status and credits of each."""
    async with asyncio.timeout(10):
        while len(await small.server.usage()) < rows:
            await asyncio.sleep(0.01)
    return [(row.status, row.credits) for row in await small.server.usage()]


async def test_gone_before_the_answer_the_upstream_is_heard_out_and_charged(
    small: SmallGateway,
) -> None:
    slow = Slow()
    small.upstream.scripts = [slow]
    host, _, port = small.server.url.removeprefix("http://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /small/x HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %b\r\n"
        b"content-length: 2\r\n\r\n{}" % small.key.encode()
    )
    await asyncio.wait_for(slow.asked.wait(), 5)
    writer.close()
    await small.departed()
    slow.head.set()
    slow.rest.set()
    assert await settled_rows(small) == [(499, PRICE)]
    await small.until_charged(PRICE)


async def test_gone_in_the_middle_of_the_answer_is_charged(small: SmallGateway) -> None:
    slow = Slow()
    slow.head.set()
    small.upstream.scripts = [slow]
    await leave(small, after=b"first")
    await small.departed()
    slow.rest.set()
    assert await settled_rows(small) == [(499, PRICE)]
    await small.until_charged(PRICE)


async def test_gone_in_the_middle_of_the_body_costs_nothing(small: SmallGateway) -> None:
    host, _, port = small.server.url.removeprefix("http://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /small/x HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %b\r\n"
        b"content-length: 9000000\r\n\r\n" % small.key.encode() + bytes(1_000_000)
    )
    await writer.drain()
    async with asyncio.timeout(5):
        while (await small.server.balance(small.user))[1] == 0:
            await asyncio.sleep(0.01)
    writer.close()
    assert await settled_rows(small) == [(499, 0)]
    await small.until_charged(0)
    breaker = small.server.gateway.channels.breaker(small.server.gateway.channels.all()[0])
    assert breaker.state(0) == "closed"


class TestCancelling:
    """The provider's cost stops with its connection."""

    @pytest.fixture
    def departure(self) -> Departure:
        """Cancel at once."""
        return Departure(seconds=0)

    async def test_the_upstream_is_cut_at_once_and_nothing_charged(
        self, small: SmallGateway
    ) -> None:
        slow = Slow()
        small.upstream.scripts = [slow]
        call = asyncio.create_task(small.call())
        await asyncio.wait_for(slow.asked.wait(), 5)
        call.cancel()
        await asyncio.wait_for(slow.cut.wait(), 5)
        assert await settled_rows(small) == [(499, 0)]
        await small.until_charged(0)

    async def test_what_the_upstream_had_accepted_is_charged(self, small: SmallGateway) -> None:
        slow = Slow()
        slow.head.set()
        small.upstream.scripts = [slow]
        await leave(small, after=b"first")
        await asyncio.wait_for(slow.cut.wait(), 5)
        assert await settled_rows(small) == [(499, PRICE)]
        await small.until_charged(PRICE)


class TestBounded:
    """An upstream that never answers is not waited for longer than the provider says."""

    @pytest.fixture
    def departure(self) -> Departure:
        """Wait a moment."""
        return Departure(seconds=0.1)

    async def test_the_wait_ends(self, small: SmallGateway) -> None:
        slow = Slow()
        small.upstream.scripts = [slow]
        call = asyncio.create_task(small.call())
        await asyncio.wait_for(slow.asked.wait(), 5)
        call.cancel()
        await asyncio.wait_for(slow.cut.wait(), 5)
        assert await settled_rows(small) == [(499, 0)]


async def test_many_departures_leave_nothing_open(small: SmallGateway) -> None:
    slow = Slow()
    slow.head.set()
    small.upstream.scripts = [slow]
    await asyncio.gather(*(leave(small, after=b"first") for _ in range(10)))
    await small.departed(10)
    slow.rest.set()
    assert await settled_rows(small, 10) == [(499, PRICE)] * 10
    async with asyncio.timeout(5):
        while small.server.app.inflight:
            await asyncio.sleep(0.01)
    await small.until_charged(10 * PRICE, rows=10)
