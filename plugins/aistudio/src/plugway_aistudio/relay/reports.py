"""What the applet's frame reports of one request, held until it is read."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from plugway import Clock

log = logging.getLogger(__name__)

#: Characters that wait for their reader, from which on the frame reads no further.
LIMIT = 1 << 20


class Status(msgspec.Struct, frozen=True, tag="status", tag_field="kind"):
    """Is how the API answers.

    Attributes:
        id: Number of the request.
        status: Of HTTP.
        after: `Retry-After`; empty: there is none.
    """

    id: int
    status: int
    after: str = ""


class Piece(msgspec.Struct, frozen=True, tag="text", tag_field="kind"):
    """Is a piece of the answer.

    Attributes:
        id: Number of the request.
        text: Cut anywhere.
    """

    id: int
    text: str


class End(msgspec.Struct, frozen=True, tag="end", tag_field="kind"):
    """Says that the answer is whole.

    Attributes:
        id: Number of the request.
    """

    id: int


class Failed(msgspec.Struct, frozen=True, tag="failed", tag_field="kind"):
    """Says that nothing more comes.

    Attributes:
        id: Number of the request.
    """

    id: int


Report = Status | Piece | End | Failed


class Reports:
    """Holds the reports of one request; the frame waits while many are not read.

    A reader that is slower than the API makes the frame slower, and so the API.
    """

    def __init__(self, number: int, clock: Clock) -> None:
        """Expect reports.

        Args:
            number: The request's.
            clock: The gateway's.
        """
        self.number = number
        self._clock = clock
        self._waiting: deque[Report] = deque()
        self._held = 0
        self._closed = False
        self._news = asyncio.Event()
        self._room = asyncio.Event()

    @property
    def held(self) -> int:
        """Return the characters that wait for their reader."""
        return self._held

    async def take(self, told: object) -> None:
        """Take what the frame tells; returns when it may go on.

        Args:
            told: Anything: scripts of the applet could call this themselves.
        """
        try:
            report = msgspec.convert(told, Report)
        except msgspec.ValidationError:
            log.warning("an applet told what is no word of an answer")
            return
        if report.id != self.number or self._closed:
            return
        self._waiting.append(report)
        if isinstance(report, Piece):
            self._held += len(report.text)
        self._news.set()
        while self._held >= LIMIT and not self._closed:
            self._room.clear()
            await self._room.wait()

    async def next(self, seconds: float) -> Report | None:
        """Return the next report; None: nothing more will come.

        Args:
            seconds: Longest wait.

        Raises:
            TimeoutError: Nothing came.
        """
        if not self._waiting and not self._closed:
            self._news.clear()
            await self._heard(max(seconds, 0.0))
        if self._waiting:
            report = self._waiting.popleft()
            if isinstance(report, Piece):
                self._held -= len(report.text)
                self._room.set()
            return report
        if self._closed:
            return None
        raise TimeoutError

    def close(self) -> None:
        """Take nothing more, and let the frame go on; what came can still be read."""
        self._closed = True
        self._news.set()
        self._room.set()

    async def _heard(self, seconds: float) -> None:
        news = asyncio.ensure_future(self._news.wait())
        timer = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait((news, timer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in (news, timer):
                one.cancel()
            await asyncio.gather(news, timer, return_exceptions=True)
