"""One request and its response, as they pass the guard."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from plugway.errors import BadRequest, PayloadTooLarge, PlugwayError
from plugway.server.deadlines import running_task
from plugway.server.refusals import BodyTimeout

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from starlette.types import Message, Receive, Send

    from plugway.server.deadlines import Deadlines
    from plugway.settings import ServerSettings

#: Bytes of an unwanted body that are read, so that the client gets to its answer.
LINGER_BYTES = 16 * 1024 * 1024

#: Seconds after which nobody reads the rest of an unwanted body any more.
DRAIN_SECONDS = 30.0


class Exchange:
    """Passes a request without a body, and remembers whether it was answered.

    Attributes:
        receive: The server's own.
        started: Whether a response has begun.
    """

    __slots__ = ("_send", "receive", "started")

    def __init__(self, receive: Receive, send: Send) -> None:
        """Take over what the server gave."""
        self.receive: Receive = receive
        self.started = False
        self._send = send

    def send(self, message: Message) -> Awaitable[None]:
        """Pass a message on."""
        # Not a coroutine function: the hot path is spared a frame per message.
        if message["type"] == "http.response.start":
            self.started = True
        return self._send(message)

    def close(self) -> None:
        """End; there is nothing to clean up."""


class Upload(Exchange):
    """Passes a request with a body: counted, timed, and drained when nobody wants it.

    Hypercorn never completes a response while more than a few messages of the request's
    body are unread, so whoever answers early has to read on meanwhile; and a server that
    closes a connection with unread bytes resets it, which can cost the client its answer.
    """

    __slots__ = (
        "_asgi_receive",
        "_complete",
        "_count",
        "_drain",
        "_drains",
        "_failure",
        "_length",
        "_limits",
        "_linger",
        "_pauses",
        "_says_close",
    )

    def __init__(
        self,
        receive: Receive,
        send: Send,
        limits: ServerSettings,
        *,
        length: int | None,
        says_close: bool,
        linger: float,
        pauses: Deadlines,
        drains: set[asyncio.Task[None]],
    ) -> None:
        """Take over what the server gave.

        Args:
            receive: The server's.
            send: The server's.
            limits: Largest body and longest pause.
            length: The body's declared length in bytes; None: unknown.
            says_close: Whether the protocol has a `connection` header.
            linger: Seconds that an unwanted body is read before the answer is completed.
            pauses: Ends the waiting for a body that does not come.
            drains: Keeps the tasks that still read unwanted bodies.
        """
        super().__init__(self._take, send)
        self._asgi_receive = receive
        self._limits = limits
        self._length = length
        self._says_close = says_close
        self._linger = linger
        self._pauses = pauses
        self._drains = drains
        self._drain: asyncio.Task[None] | None = None
        self._failure: PlugwayError | None = None
        self._count = 0
        self._complete = False

    async def _take(self) -> Message:
        if self._complete:
            return await self._asgi_receive()
        if self._failure is not None:
            raise self._failure
        task = running_task()
        self._pauses.begin(task, self._limits.body_timeout)
        try:
            message = await self._asgi_receive()
        except asyncio.CancelledError:
            if not self._pauses.passed(task):
                raise
            self._failure = BodyTimeout()
            raise self._failure from None
        finally:
            self._pauses.end(task)
        if message["type"] != "http.request":
            self._complete = True
            return message
        self._count += len(message.get("body", b""))
        if self._count > self._limits.max_body_bytes:
            self._failure = PayloadTooLarge()
            raise self._failure
        self._complete = not message.get("more_body", False) or self._count == self._length
        if self._complete and self._length is not None and self._count != self._length:
            self._failure = BadRequest("The body is shorter than its Content-Length.")
            raise self._failure
        return message

    def send(self, message: Message) -> Awaitable[None]:
        """Pass a message on, and read on if it ends a response before the request ended."""
        kind = message["type"]
        if kind == "http.response.start":
            self.started = True
            if not self._complete and self._says_close:
                headers = [*message.get("headers", ()), (b"connection", b"close")]
                message = {**message, "headers": headers}
        elif (
            kind == "http.response.body"
            and not self._complete
            and not message.get("more_body", False)
        ):
            return self._finish_early(message)
        return self._send(message)

    async def _finish_early(self, message: Message) -> None:
        enough = self._read_on()
        await self._send({**message, "more_body": True})
        await asyncio.wait((enough,), timeout=self._linger)
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _read_on(self) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        enough: asyncio.Future[None] = loop.create_future()
        self._drain = loop.create_task(self._read_rest(enough))
        self._drains.add(self._drain)
        self._drain.add_done_callback(self._drains.discard)
        return enough

    async def _read_rest(self, enough: asyncio.Future[None]) -> None:
        # Goes on past the end of the response: the server puts the disconnect into the
        # same queue, and must not find it full.
        taken = 0
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while (message := await self._asgi_receive())["type"] == "http.request":
                    taken += len(message.get("body", b""))
                    ended = not message.get("more_body", False)
                    if (ended or taken > LINGER_BYTES) and not enough.done():
                        enough.set_result(None)
        except TimeoutError:
            pass  # the server has had its time
        finally:
            if not enough.done():
                enough.set_result(None)

    def close(self) -> None:
        """End; a body that nobody read is still drained, in the background."""
        if not self._complete and self._drain is None:
            self._read_on()
