"""The JSON body of a request whose method mostly has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec
from starlette.requests import ClientDisconnect

from plugway import BadRequest, PayloadTooLarge

if TYPE_CHECKING:
    from plugway import Request

T = TypeVar("T")

#: Bytes of the largest one.
MAX_BYTES = 16 * 1024


async def read_body(request: Request, type_: type[T]) -> T:
    """Read it; no message repeats what is in it.

    Args:
        request: The request.
        type_: A struct.

    Raises:
        BadRequest: It is no JSON, or not what the struct says; the field is named.
        PayloadTooLarge: It is too large.
    """
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > MAX_BYTES:
                raise PayloadTooLarge(f"the body is larger than {MAX_BYTES} bytes")
            chunks.append(chunk)
    except ClientDisconnect:
        raise BadRequest("the body broke off") from None
    try:
        return msgspec.json.decode(b"".join(chunks), type=type_)
    except msgspec.ValidationError as error:
        _, at, place = str(error).rpartition(" - at ")
        field = place.strip("`$.")[:100] if at else _named(str(error))
        raise BadRequest(f"{field or 'the body'}: not what it should be", field=field) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise BadRequest("the body is not JSON") from None


def _named(text: str) -> str | None:
    """Return the field that is missing or too much, which stands between backquotes."""
    parts = text.split("`")
    return parts[1][:100] if "field" in parts[0] and len(parts) > 2 else None
