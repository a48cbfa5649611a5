"""An answer on its way, by a clock that moves when told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from plugway import (
    PlugwayError,
    QuotaExhausted,
    UnreadableAnswer,
    UpstreamInterrupted,
    UpstreamTimeout,
)
from plugway.testing import ManualClock
from plugway_aistudio.capture import Exchange
from plugway_aistudio.page.patience import within
from plugway_aistudio.page.reading import Limits, Reading

pytestmark = pytest.mark.anyio

LIMITS = Limits(first=60.0, silence=20.0, total=100.0)


class Given(Exchange):
    """Is an exchange that a test gives piece by piece; an error ends it."""

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[bytes | PlugwayError | None] = asyncio.Queue()
        self.answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def heard(self) -> float:
        return 0.0

    async def sent(self) -> None:
        return

    async def status(self) -> int:
        return await self.answered

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        while (piece := await self.pieces.get()) is not None:
            if isinstance(piece, PlugwayError):
                raise piece
            yield piece


class Read:
    """Reads one answer, and lets the clock go on."""

    def __init__(self, says: PlugwayError | None = None) -> None:
        self.clock = ManualClock()
        self.given = Given()
        self.says = says
        self.looks = 0
        self.reading = Reading(self.given, LIMITS, self.clock, self._look)

    async def _look(self) -> PlugwayError | None:
        self.looks += 1
        return self.says

    async def pass_time(self, waiting: asyncio.Task[object], most: float) -> float:
        """Let time pass until something comes of a wait; return how much it was."""
        passed = 0.0
        while not waiting.done():
            assert passed <= most, "it waits too long"
            for _ in range(20):
                await asyncio.sleep(0)
            self.clock.advance(1.0)
            passed += 1.0
            for _ in range(20):
                await asyncio.sleep(0)
        return passed


async def test_an_answer_that_does_not_begin() -> None:
    read = Read()
    waiting = asyncio.create_task(read.reading.status())
    passed = await read.pass_time(waiting, 70)
    with pytest.raises(UpstreamTimeout, match="did not begin within 60 seconds"):
        await waiting
    assert 59 <= passed <= 61
    assert read.looks >= 10
    await read.reading.close()


async def test_silence_counts_from_the_last_piece() -> None:
    read = Read()
    read.given.answered.set_result(200)
    assert await read.reading.status() == 200
    chunks = read.reading.chunks()
    for piece in (b"a", b"b"):
        waiting = asyncio.create_task(anext(chunks))
        await asyncio.sleep(0)
        read.clock.advance(15.0)
        read.given.pieces.put_nowait(piece)
        assert await waiting == piece
    last = asyncio.create_task(anext(chunks))
    passed = await read.pass_time(last, 30)
    with pytest.raises(UpstreamTimeout, match="Nothing came of the answer for 20 seconds"):
        await last
    assert 19 <= passed <= 21
    await read.reading.close()


async def test_the_whole_has_an_end_though_pieces_come() -> None:
    read = Read()
    read.given.answered.set_result(200)
    chunks = read.reading.chunks()

    async def go_on() -> None:
        async for _ in chunks:
            read.clock.advance(10.0)
            read.given.pieces.put_nowait(b"x")

    read.given.pieces.put_nowait(b"x")
    waiting = asyncio.create_task(go_on())
    await read.pass_time(waiting, 120)
    with pytest.raises(UpstreamTimeout, match="more than 100 seconds"):
        await waiting
    await read.reading.close()


async def test_what_the_page_says_while_nothing_comes() -> None:
    read = Read(says=QuotaExhausted("The page says so.", quota="m"))
    waiting = asyncio.create_task(read.reading.status())
    passed = await read.pass_time(waiting, 10)
    with pytest.raises(QuotaExhausted, match="The page says so"):
        await waiting
    assert passed <= 6
    await read.reading.close()


async def test_what_has_come_is_given_before_the_error() -> None:
    read = Read()
    read.given.answered.set_result(200)
    for piece in (b"a", b"b", UpstreamInterrupted("The page crashed.", charged=False)):
        read.given.pieces.put_nowait(piece)
    chunks = read.reading.chunks()
    assert [await anext(chunks), await anext(chunks)] == [b"a", b"b"]
    with pytest.raises(UpstreamInterrupted, match="crashed"):
        await anext(chunks)
    assert read.reading.ended
    await read.reading.close()


async def test_the_end_is_known_though_nobody_reads() -> None:
    read = Read()
    read.given.answered.set_result(200)
    for piece in (b"a", None):
        read.given.pieces.put_nowait(piece)
    assert await read.reading.end(5.0)
    assert read.reading.ended
    await read.reading.close()


async def test_work_that_takes_too_long_is_ended() -> None:
    clock, ended = ManualClock(), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    waiting = asyncio.create_task(within(work(), 5.0, clock))
    for _ in range(5):
        await asyncio.sleep(0)
    clock.advance(5.0)
    with pytest.raises(TimeoutError):
        await waiting
    assert ended.is_set()


async def test_work_in_time_gives_what_it_came_to() -> None:
    async def work() -> int:
        return 7

    assert await within(work(), 5.0, ManualClock()) == 7


async def test_an_answer_that_is_too_long_is_no_gift() -> None:
    read = Read()
    read.given.answered.set_result(200)

    reading = asyncio.create_task(_all(read))
    for _ in range(int(LIMITS.total / 10) + 1):
        read.given.pieces.put_nowait(b"more")
        for _ in range(20):
            await asyncio.sleep(0)
        read.clock.advance(10)
    with pytest.raises(UpstreamTimeout, match="took more than 100 seconds") as caught:
        await reading
    assert caught.value.charged
    await read.reading.close()


async def test_an_answer_that_nobody_reads_is_not_kept_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("plugway_aistudio.page.reading._MOST", 100)
    read = Read()
    read.given.answered.set_result(200)
    for _ in range(3):
        read.given.pieces.put_nowait(b"x" * 40)
    assert await read.reading.end(10)
    with pytest.raises(UnreadableAnswer, match="faster than it is read"):
        await _all(read)


async def _all(read: Read) -> None:
    async for _ in read.reading.chunks():
        continue
