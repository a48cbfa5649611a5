"""The body of a request on its way to an upstream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Never

from aiohttp.payload import Payload

from plugway.errors import BadRequest

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

#: A larger body is written in slices, so that it never sits in the transport as a whole.
SLICE = 65_536


class Upload(Payload):
    """Writes a body as fast as the upstream takes it, and holds it to its length.

    Attributes:
        error: What the body's source raised, or how it broke its length; None: nothing.
        begun: Some of the source has been taken, so that it cannot be sent once more.
    """

    _autoclose = True

    def __init__(self, body: bytes | AsyncIterator[bytes], length: int | None) -> None:
        """Take a body.

        Args:
            body: All of it, or a source of its parts.
            length: Bytes that the source will give; None: not known, so it goes out chunked.
        """
        super().__init__(body)
        self._body = body
        self._size = len(body) if isinstance(body, bytes) else length
        self.error: Exception | None = None
        self.begun = False

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> Never:
        """Refuse: a body is passed on and never looked at."""
        raise TypeError("an upload cannot be read back")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write the body.

        Args:
            writer: Waits while the upstream does not read.
        """
        if not isinstance(self._body, bytes):
            await self._write_parts(self._body, writer)
        elif len(self._body) <= SLICE:
            await writer.write(self._body)
        else:
            view = memoryview(self._body)
            for start in range(0, len(view), SLICE):
                await writer.write(view[start : start + SLICE])

    async def _write_parts(self, parts: AsyncIterator[bytes], writer: AbstractStreamWriter) -> None:
        left = self._size
        self.begun = True
        while True:
            try:
                part = await anext(parts, None)
                if left is not None:
                    left -= 0 if part is None else len(part)
                    if left < 0:
                        raise BadRequest("The body is longer than its Content-Length.")
                    if part is None and left:
                        raise BadRequest("The body is shorter than its Content-Length.")
            except Exception as error:
                self.error = error
                # The upstream waits for bytes that will not come: neither side may hang.
                if writer.transport is not None:
                    writer.transport.abort()
                raise
            if part is None:
                return
            await writer.write(part)
