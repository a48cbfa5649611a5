"""The body of a chat request, whatever its dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect

from plugway.calls.body import ClientDeparted
from plugway.errors import BadRequest
from plugway.validation import invalid

if TYPE_CHECKING:
    from plugway.request import Request

T = TypeVar("T")

#: Levels that a part may have which is passed on as it is: whoever writes or reads it again has
#: less of the stack left than whoever read it here.
MAX_DEPTH = 100


async def read_body(request: Request, type_: type[T]) -> T:
    """Read a JSON object; fields that the type does not have are passed over.

    Args:
        request: The client's.
        type_: A struct.

    Raises:
        BadRequest: It is no JSON, or not what the struct says; the field is named.
        ClientDeparted: The client left before its end.
    """
    try:
        content = await request.body()
    except ClientDisconnect:
        raise ClientDeparted from None
    return read_json(content, type_)


def read_json(content: bytes, type_: type[T]) -> T:
    """Read JSON bytes; see `read_body`.

    Raises:
        BadRequest: As `read_body` does.
    """
    try:
        return msgspec.json.decode(content, type=type_)
    except msgspec.ValidationError as error:
        raise invalid(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadRequest("the body is not JSON") from None
    except RecursionError:
        raise BadRequest("the body is nested too deeply") from None


def converted(data: Any, type_: type[T], place: str) -> T:
    """Read a part of a body that has been decoded already.

    Args:
        data: The part.
        type_: What it must be.
        place: Where it is, as the client spells it, such as `messages[0].content`.

    Raises:
        BadRequest: It is something else; the field is named.
    """
    try:
        return msgspec.convert(data, type_)
    except msgspec.ValidationError as error:
        fault = invalid(error)
        field = f"{place}.{fault.field}" if fault.field else place
        what = fault.message.partition(": ")[2]
        raise BadRequest(f"{field}: {what}", field=field) from None


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
