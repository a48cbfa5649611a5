"""The body of a chat request, whatever its dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect

from plugway.calls.body import ClientDeparted
from plugway.errors import BadRequest, PayloadTooLarge
from plugway.validation import invalid

if TYPE_CHECKING:
    from plugway.request import Request

T = TypeVar("T")

#: Levels that a part may have which is passed on as it is: whoever writes or reads it again has
#: less of the stack left than whoever read it here.
MAX_DEPTH = 100


#: Bytes of the largest body, most of which is media: all of it is kept, and read at once.
MOST_BYTES = 128 * 1024 * 1024

#: Strings, and objects and lists, of the largest body: each takes time to look at, and meanwhile
#: nobody else is served.
MOST_STRINGS, MOST_GROUPS = 200_000, 500_000


async def read_body(request: Request, type_: type[T]) -> T:
    """Read a JSON object; fields that the type does not have are passed over.

    Args:
        request: The client's.
        type_: A struct.

    Raises:
        BadRequest: It is no JSON, or not what the struct says; the field is named.
        PayloadTooLarge: It has too many bytes or parts.
        ClientDeparted: The client left before its end.
    """
    return read_json(await read_content(request), type_)


async def read_content(request: Request) -> bytearray:
    """Read all bytes of a body.

    Args:
        request: The client's.

    Raises:
        PayloadTooLarge: There are too many.
        ClientDeparted: The client left before its end.
    """
    content = bytearray()
    try:
        async for chunk in request.stream():
            content += chunk
            if len(content) > MOST_BYTES:
                raise PayloadTooLarge(f"a chat has no more than {MOST_BYTES} bytes")
    except ClientDisconnect:
        raise ClientDeparted from None
    return content


def read_json(content: bytes | bytearray, type_: type[T]) -> T:
    """Read JSON bytes; see `read_body`.

    Raises:
        BadRequest: As `read_body` does.
        PayloadTooLarge: As `read_body` does.
    """
    if len(content) > MOST_STRINGS and _is_crowded(content):
        raise PayloadTooLarge("the body has too many messages or parts")
    try:
        return msgspec.json.decode(content, type=type_)
    except msgspec.ValidationError as error:
        raise invalid(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadRequest("the body is not JSON") from None
    except RecursionError:
        raise BadRequest("the body is nested too deeply") from None


def _is_crowded(content: bytes | bytearray) -> bool:
    # Quotes inside of texts are escaped. Brackets are not, and yet no text that a model can take
    # has so many.
    quotes = content.count(b'"') - content.count(b'\\"')
    groups = content.count(b"{") + content.count(b"[")
    return quotes > 2 * MOST_STRINGS or groups > MOST_GROUPS


def shallow(data: Any, place: str) -> None:
    """Refuse a part of a body, such as a JSON schema, that is nested too deeply to be passed on.

    Args:
        data: The part, decoded.
        place: Where it is, as the client spells it.

    Raises:
        BadRequest: It has more than `MAX_DEPTH` levels; the field is named.
    """
    level: list[Any] = [data]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise BadRequest(f"{place}: is nested too deeply", field=place)
