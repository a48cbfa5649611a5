"""What workers send by HTTP: read within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from plugway import BadRequest, PayloadTooLarge
from plugway_gemini_business.workers.messages import MAX_BYTES

if TYPE_CHECKING:
    from plugway import Request

T = TypeVar("T")

#: Answers may hold cookies: nobody may keep a copy.
_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


async def content(request: Request) -> bytes:
    """Read a body.

    Args:
        request: The worker's.

    Raises:
        PayloadTooLarge: It is larger than a message may be.
        BadRequest: It broke off.
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
    return b"".join(chunks)


def decoded(body: bytes, type_: type[T]) -> T:
    """Read JSON; what the type does not have is passed over.

    Args:
        body: Its bytes.
        type_: A struct.

    Raises:
        BadRequest: It is something else; its values are not repeated.
    """
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.ValidationError as error:
        place = str(error).rpartition(" - at ")[2].strip("`$.") if " - at " in str(error) else ""
        field = place[:100] or "body"
        raise BadRequest(f"{field}: not what it should be", field=field) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise BadRequest("the body is not JSON") from None


def answer(value: object) -> Response:
    """Write an answer.

    Args:
        value: What JSON can say.
    """
    return Response(msgspec.json.encode(value), 200, _HEADERS, media_type="application/json")
