"""An answer between the browser, which does not wait, and its reader, who may."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from plugway import UnreadableAnswer, UpstreamError, UpstreamInterrupted
from plugway_aistudio.capture.capture import Exchange

if TYPE_CHECKING:
    from plugway import Clock

#: Most bytes of an answer that wait for their reader.
LIMIT = 64 << 20


class Arriving(Exchange):
    """Holds what has come of an answer until it is read.

    Whoever listens to the browser tells it what happens, in this order: `asked`, `answered`,
    `came` any number of times, `whole`; or `cut` at any time. What comes after the end is
    passed over.
    """

    def __init__(self, clock: Clock, limit: int = LIMIT) -> None:
        """Expect an answer.

        Args:
            clock: Tells when it was heard of.
            limit: Most bytes that wait to be read.
        """
        self._clock = clock
        self._limit = limit
        self._asked = False
        self._status: int | None = None
        self._parts: deque[bytes] = deque()
        self._held = 0
        self._whole = False
        self._fault: tuple[type[UpstreamError], str] | None = None
        self._news = asyncio.Event()
        self._heard = clock.monotonic()

    @property
    def heard(self) -> float:
        return self._heard

    @property
    def held(self) -> int:
        """Return how many bytes wait to be read."""
        return self._held

    @property
    def ended(self) -> bool:
        """Return whether nothing more will come."""
        return self._whole or self._fault is not None

    @property
    def asked_for(self) -> bool:
        """Return whether the page has sent its request."""
        return self._asked

    def asked(self) -> None:
        """Note that the page has sent its request."""
        if not self.ended:
            self._asked = True
            self._tell()

    def answered(self, status: int) -> None:
        """Note the answer's HTTP status; the first one counts."""
        if not self.ended and self._status is None:
            self._status = status
            self._tell()

    def came(self, data: bytes) -> None:
        """Take the next piece of the body."""
        if self.ended or not data:
            return
        if self._held + len(data) > self._limit:
            self._parts.clear()
            self._held = 0
            self._fail(
                UnreadableAnswer, f"More than {self._limit >> 20} MiB of the answer were not read."
            )
            return
        self._parts.append(data)
        self._held += len(data)
        self._tell()

    def whole(self) -> None:
        """Note that the body is complete."""
        if not self.ended:
            self._whole = True
            self._tell()

    def cut(self, why: str) -> None:
        """Note that nothing more will come.

        Args:
            why: A sentence for the client.
        """
        self._fail(UpstreamInterrupted, why)

    def unreadable(self, why: str) -> None:
        """Note that the rest cannot be read, though it may have come.

        Args:
            why: A sentence for the client.
        """
        self._fail(UnreadableAnswer, why)

    async def sent(self) -> None:
        while not self._asked:
            await self._more()

    async def status(self) -> int:
        while self._status is None:
            await self._more()
        return self._status

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        while True:
            while self._parts:
                data = self._parts.popleft()
                self._held -= len(data)
                yield data
            if self._whole:
                return
            await self._more()

    def body(self) -> bytes | None:
        """Return all that waits, if it is the whole of an answer that says 200; else None."""
        return b"".join(self._parts) if self._whole and self._status == 200 else None

    async def _more(self) -> None:
        """Wait for news; what is known already is looked at before."""
        if self._fault is not None:
            kind, why = self._fault
            # The upstream charges for no answer, so half of one costs the client nothing.
            raise kind(why, charged=False)
        self._news.clear()
        await self._news.wait()

    def _fail(self, kind: type[UpstreamError], why: str) -> None:
        if not self.ended:
            self._fault = (kind, why)
            self._tell()

    def _tell(self) -> None:
        self._heard = self._clock.monotonic()
        self._news.set()
