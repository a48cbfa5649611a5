"""The client's request body on its way to the upstream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from plugway.errors import BadRequest, PlugwayError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope


class ClientDeparted(PlugwayError):
    """The client left before the answer was complete."""

    # What logs and usage rows say; nobody is there to receive it.
    status = 499
    code = "client_departed"


class RequestBody:
    """Gives the body to the upstream: a small one whole, a large one as it comes.

    Only a whole one can be sent again to another channel.

    Attributes:
        content: The whole body; None: it streams.
        length: Bytes of a streamed body, if the client said so.
        complete: Everything has been read from the client.
    """

    __slots__ = (
        "_first",
        "_receive",
        "complete",
        "content",
        "length",
        "on_complete",
        "started",
    )

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._first = b""
        self.content: bytes | None = None
        self.length: int | None = None
        self.complete = False
        self.started = False
        self.on_complete: Callable[[], None] | None = None

    @classmethod
    async def read(cls, scope: Scope, receive: Receive, keep: int) -> RequestBody:
        """Read a body that is small enough to keep, or the beginning of one that is not.

        Args:
            scope: For the framing headers.
            receive: The ASGI receive.
            keep: Bytes up to which a body is kept whole.

        Raises:
            ClientDeparted: The client left meanwhile.
            BadRequest: The length is no number.
        """
        body = cls(receive)
        length, chunked = _framing(scope)
        if length == 0 and not chunked:
            body.content, body.complete = b"", True
            return body
        if not chunked and length > keep:
            body.length = length
            return body
        chunks: list[bytes] = []
        size = 0
        while size <= keep:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDeparted
            chunk = message.get("body", b"")
            if chunk:
                chunks.append(chunk)
                size += len(chunk)
            if not message.get("more_body", False):
                body.content, body.complete = b"".join(chunks), True
                return body
        body._first = b"".join(chunks)
        body.length = None if chunked else length
        return body

    @property
    def replayable(self) -> bool:
        """Say whether it can be sent, again or for the first time."""
        return self.content is not None or not self.started

    def outgoing(self) -> bytes | AsyncIterator[bytes] | None:
        """Return what the upstream session sends."""
        if self.content is not None:
            return self.content or None
        self.started = True
        return self._stream()

    async def _stream(self) -> AsyncIterator[bytes]:
        if self._first:
            first, self._first = self._first, b""
            yield first
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDeparted
            chunk = message.get("body", b"")
            if chunk:
                yield chunk
            if not message.get("more_body", False):
                self.complete = True
                if self.on_complete is not None:
                    self.on_complete()
                return


def _framing(scope: Scope) -> tuple[int, bool]:
    length = 0
    for name, value in scope["headers"]:
        if name == b"content-length":
            if not value.isdigit():
                raise BadRequest("content-length must be a number", field="content-length")
            length = int(value)
        elif name == b"transfer-encoding":
            return 0, True
    # HTTP/2 frames bodies without either header; an empty one shows in the first message.
    return length, scope.get("http_version") == "2" and length == 0
