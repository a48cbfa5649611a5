"""One answer on its way: taken from the network as it comes, and watched by the clock."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import msgspec

from plugway import PlugwayError, UnreadableAnswer, UpstreamTimeout

if TYPE_CHECKING:
    from plugway import Clock
    from plugway_aistudio.capture import Exchange

T = TypeVar("T")

#: Most bytes that wait for who reads them.
_MOST = 64 << 20

#: Seconds of silence after which the page is looked at, and again after as many.
_LOOK = 5.0


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Is how long an answer may take.

    Attributes:
        first: Seconds until it begins.
        silence: Seconds without anything new.
        total: Seconds from its request on.
    """

    first: float
    silence: float
    total: float


class Reading:
    """Reads one answer to its end, whoever listens.

    What comes is taken at once, so the end is known here even when nobody reads any more.
    """

    def __init__(
        self,
        exchange: Exchange,
        limits: Limits,
        clock: Clock,
        look: Callable[[], Awaitable[PlugwayError | None]],
    ) -> None:
        """Begin to read.

        Args:
            exchange: The request that has been sent.
            limits: How long it may take.
            clock: The gateway's.
            look: Returns what the page says of a failure; asked while nothing comes.
        """
        self._exchange = exchange
        self._limits = limits
        self._clock = clock
        self._look = look
        self._start = self._last = clock.monotonic()
        self._begun = False
        self._waiting = 0
        self._parts: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._status: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._read())

    @property
    def ended(self) -> bool:
        """Return whether nothing more comes from the network."""
        return self._reading.done()

    async def status(self) -> int:
        """Wait for the HTTP status.

        Raises:
            UpstreamTimeout: It does not come.
            PlugwayError: What the page says of it.
            UpstreamInterrupted: The answer was cut.
        """
        return await self._watched(asyncio.shield(self._status))

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Give the body as it comes.

        Raises:
            UpstreamTimeout: Nothing comes for too long, or it takes too long as a whole.
            PlugwayError: What the page says of it.
            UpstreamInterrupted: The answer was cut.
        """
        while True:
            waiting = self._parts.empty()
            part = await (self._watched(self._parts.get()) if waiting else self._parts.get())
            if part is None:
                # The error, if one has ended it.
                await self._reading
                return
            self._waiting -= len(part)
            yield part

    async def end(self, seconds: float) -> bool:
        """Wait until nothing more comes.

        Args:
            seconds: Longest wait.

        Returns:
            Whether it has ended.
        """
        timer = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait((self._reading, timer), return_when=asyncio.FIRST_COMPLETED)
            return self._reading.done()
        finally:
            timer.cancel()
            await asyncio.gather(timer, return_exceptions=True)

    async def close(self) -> None:
        """Read no longer; a second time does nothing."""
        self._reading.cancel()
        self._status.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        try:
            status = await self._exchange.status()
            self._heard()
            if not self._status.done():
                self._status.set_result(status)
            async with contextlib.aclosing(self._exchange.chunks()) as chunks:
                async for chunk in chunks:
                    self._heard()
                    self._begun = True
                    self._waiting += len(chunk)
                    if self._waiting > _MOST:
                        raise UnreadableAnswer("The answer comes faster than it is read.")
                    self._parts.put_nowait(chunk)
        except PlugwayError as error:
            if not self._status.done():
                self._status.set_exception(error)
                # Who asks for the status hears of it; nobody may ask.
                self._status.exception()
            raise
        finally:
            self._parts.put_nowait(None)

    def _heard(self) -> None:
        self._last = self._clock.monotonic()

    async def _watched(self, waiting: Awaitable[T]) -> T:
        """Wait for news as long as the limits allow, and look at the page meanwhile."""
        task = asyncio.ensure_future(waiting)
        try:
            while not task.done():
                now = self._clock.monotonic()
                if (late := self._late(now)) is not None:
                    raise late
                pause = min(_LOOK, self._left(now))
                timer = asyncio.ensure_future(self._clock.sleep(pause))
                try:
                    await asyncio.wait((task, timer), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    timer.cancel()
                if not task.done() and (error := await self._look()) is not None:
                    raise error
            return task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _left(self, now: float) -> float:
        """Return the seconds until the next limit."""
        limits = self._limits
        quiet = limits.silence if self._begun else limits.first
        return max(0.0, min(self._last + quiet, self._start + limits.total) - now)

    def _late(self, now: float) -> UpstreamTimeout | None:
        if self._left(now) > 0:
            return None
        if now - self._start >= self._limits.total:
            # What came of an answer that is too long was good: it is no gift.
            return UpstreamTimeout(f"The answer took more than {self._limits.total:g} seconds.")
        if self._begun:
            said = f"Nothing came of the answer for {self._limits.silence:g} seconds."
        else:
            said = f"The answer did not begin within {self._limits.first:g} seconds."
        return UpstreamTimeout(said, charged=False)
