"""A stream on its way to a client, kept alive in silence."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from plugway.errors import PlugwayError
from plugway.telemetry.access import OVERHEAD

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from plugway.calls.call import Call
    from plugway.chat.encoder import Encoder, Heading
    from plugway.clock import Clock
    from plugway.request import Request

log = logging.getLogger(__name__)


class Stream:
    """Sends the bytes of one answer; the first of them bring the headers.

    Until something is sent, a failure can still be answered with its own status.

    Attributes:
        begun: The headers have gone.
    """

    def __init__(
        self,
        request: Request,
        encoder: Encoder,
        heading: Heading,
        headers: Mapping[str, str],
        *,
        clock: Clock,
        silence: float,
    ) -> None:
        """Prepare.

        Args:
            request: The client's.
            encoder: Writes what begins the stream, and what is sent in silence.
            heading: Names the answer.
            headers: Sent with it.
            clock: The time.
            silence: Seconds until something is sent so that nobody takes it for dead.
        """
        self.begun = False
        self._send = request.asgi_send
        self._encoder = encoder
        # Now: encoders are asked for the bytes of an event before those go.
        self._opening = encoder.begin(heading)
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        self._clock = clock
        self._silence = silence
        self._last = clock.monotonic()
        self._turn = asyncio.Lock()
        self._pulse: asyncio.Task[None] | None = None
        self._beating = False
        self._quiet = False
        self.call: Call | None = None

    async def __aenter__(self) -> Stream:
        self._pulse = asyncio.create_task(self._beat())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._rest()
        if self._pulse is not None and not isinstance(error, Exception | None):
            # Nobody writes the end: it need not come to the end of what it writes.
            self._pulse.cancel()

    async def write(self, data: bytes) -> None:
        """Send what has come.

        Args:
            data: Empty: nothing is sent.
        """
        if not data:
            return
        async with self._turn:
            await self._write(data)

    async def finish(self, data: bytes) -> None:
        """Send the last bytes and end the answer.

        Args:
            data: May be empty.
        """
        self._rest()
        try:
            async with self._turn:
                first = await self._begin()
                body = first + data
                await self._send({"type": "http.response.body", "body": body, "more_body": False})
        finally:
            if self._pulse is not None:
                self._pulse.cancel()

    async def fail(self, error: Exception, request_id: str) -> None:
        """End the answer with what went wrong, in the dialect's own way.

        Args:
            error: What went wrong, the answer having begun.
            request_id: The request's.
        """
        if not isinstance(error, PlugwayError):
            log.error("request %s failed", request_id, exc_info=error)
            error = PlugwayError()
        await self.finish(self._encoder.fail(error, request_id))

    async def _write(self, data: bytes) -> None:
        first = await self._begin()
        self._last = self._clock.monotonic()
        await self._send({"type": "http.response.body", "body": first + data, "more_body": True})

    async def _begin(self) -> bytes:
        if self.begun:
            return b""
        self.begun = True
        headers = [
            (b"content-type", self._encoder.content_type.encode()),
            (b"cache-control", b"no-cache"),
            # Proxies that buffer would keep the first words until the last.
            (b"x-accel-buffering", b"no"),
            *self._headers,
        ]
        if self.call is not None:
            headers.append((OVERHEAD, b"%.3f" % (self.call.begin_answer() * 1000)))
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        return self._opening

    async def _beat(self) -> None:
        while not self._quiet:
            quiet = self._clock.monotonic() - self._last
            await self._clock.sleep(max(self._silence - quiet, 0.01))
            if self._clock.monotonic() - self._last >= self._silence and not self._turn.locked():
                self._beating = True
                # What it meets, whoever writes next meets too.
                with suppress(Exception):
                    await self.write(self._encoder.keepalive)
                self._beating = False

    def _rest(self) -> None:
        """Fill no silence any more; what is being written comes to its end."""
        self._quiet = True
        if self._pulse is not None and not self._beating:
            self._pulse.cancel()
