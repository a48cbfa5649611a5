"""What an upstream answered."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING

from aiohttp import ClientError, ClientOSError

from plugway.errors import UpstreamError, UpstreamInterrupted
from plugway.upstream.failures import unfinished

if TYPE_CHECKING:
    from aiohttp import ClientResponse
    from aiohttp.client_proto import ResponseHandler

    from plugway.upstream.upload import Upload


class Answer:
    """Is an answer whose headers have come; its body is read as it is needed.

    Close it when done: what was not read to its end closes the connection.

    Attributes:
        status: HTTP status.
        length: Bytes of the body as the upstream states them; None: it does not. To `HEAD`,
            those that `GET` would have got.
    """

    __slots__ = ("__weakref__", "_kept", "_response", "_unframed", "_upload", "length", "status")

    def __init__(self, response: ClientResponse, upload: Upload | None = None) -> None:
        self._response = response
        self._upload = upload
        self._kept: bytes | None = None
        self.status = response.status
        headers = response.headers
        chunked = "Transfer-Encoding" in headers
        stated = headers.get("Content-Length")
        self.length = None if stated is None or chunked else int(stated)
        self._unframed: ResponseHandler | None = None
        connection = response.connection
        if connection is not None and (protocol := connection.protocol) is not None:
            # The headers are here: from now on only the deadline counts, however long a
            # stream pauses. The second call drops the timer that is running.
            protocol.read_timeout = None
            protocol.start_timeout()
            if self.length is None and not chunked:
                self._unframed = protocol

    @property
    def raw_headers(self) -> Sequence[tuple[bytes, bytes]]:
        """Return the headers as they came: order, case and duplicates."""
        return self._response.raw_headers

    @property
    def ended(self) -> bool:
        """Return whether the whole body has been read.

        True after the last chunk, so that a relay can send that chunk as the last one.
        """
        return self._response.content.at_eof()

    @property
    def released(self) -> bool:
        """Return whether its connection is closed, or free for another call."""
        return self._response.connection is None

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Give the body as it comes, a body that is all there in one chunk.

        While nobody asks for the next chunk the upstream is held back.

        Raises:
            UpstreamInterrupted: It ended before its end.
            UpstreamTimeout: The deadline has passed.
        """
        if self._kept is not None:
            if self._kept:
                yield self._kept
            return
        content = self._response.content
        try:
            while chunk := await content.readany():
                yield chunk
                if content.at_eof():
                    break
        except (ClientError, OSError) as error:
            raise self._broken(error) from None
        except RuntimeError as error:
            # How the client library says that the connection has been closed meanwhile.
            connection = self._response.connection
            if connection is not None and connection.transport is not None:
                raise
            raise self._broken(error) from None
        except BaseException:
            self._drop()
            raise
        if self._unframed is not None and isinstance(self._unframed.exception(), ClientOSError):
            # Its end is the connection's end, which the client library takes for a good one
            # even when the connection was reset.
            raise UpstreamInterrupted

    async def read(self, limit: int) -> bytes:
        """Return the whole body.

        Args:
            limit: Most bytes to take.

        Raises:
            UpstreamError: It is larger.
            UpstreamInterrupted: It ended before its end.
            UpstreamTimeout: The deadline has passed.
        """
        chunks = []
        room = limit
        async for chunk in self.chunks():
            room -= len(chunk)
            if room < 0:
                self._drop()
                raise UpstreamError(f"The upstream's answer is larger than {limit} bytes.")
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def peek(self, limit: int) -> bytes | None:
        """Return the whole body if it is stated to be short; it can be read once more then.

        Args:
            limit: Most bytes to take.

        Returns:
            None: it is longer, or does not state its length.

        Raises:
            UpstreamInterrupted: It ended before its end.
            UpstreamTimeout: The deadline has passed.
        """
        if self.length is None or self.length > limit:
            return None
        self._kept = await self.read(limit)
        return self._kept

    async def close(self) -> None:
        """Let go of the connection: at once when the body was not read to its end."""
        self._drop()

    def _broken(self, error: BaseException) -> Exception:
        self._drop()
        if self._upload is not None and self._upload.error is not None:
            return self._upload.error
        return unfinished(error)

    def _drop(self) -> None:
        connection = self._response.connection
        if connection is None:
            return  # read to its end, and the connection may serve another call by now
        transport = connection.transport
        self._response.close()
        if transport is not None:
            # Closing would first wait for what the upstream has not taken yet, and for TLS's
            # farewell.
            transport.abort()
