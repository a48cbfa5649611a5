"""Bodies as clients send them, whole and bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from plugway import BadRequest, PayloadTooLarge

if TYPE_CHECKING:
    from plugway import Request

#: Longest request, bytes: several images of the official size in base64.
REQUEST_BYTES = 96 << 20

#: Longest callback, bytes: a dozen addresses, with room.
CALLBACK_BYTES = 1 << 20


async def read_body(request: Request, most: int = REQUEST_BYTES) -> bytes:
    """Return a request's body.

    Args:
        request: The request.
        most: Bytes that it may have.

    Raises:
        PayloadTooLarge: It has more; the rest is not read.
        BadRequest: The client left in the middle of it.
    """
    chunks: list[bytes] = []
    room = most
    try:
        async for chunk in request.stream():
            room -= len(chunk)
            if room < 0:
                raise PayloadTooLarge(f"the body is larger than {most >> 20} MB")
            chunks.append(chunk)
    except ClientDisconnect:
        raise BadRequest("the client left before its request was complete") from None
    return b"".join(chunks)
