"""Bodies that are JSON, or a form with files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from plugway.chat.body import read_content, read_json
from plugway.chat.data_urls import media_from
from plugway.chat.multipart import boundary_of, parts_of
from plugway.contract import Media
from plugway.errors import BadRequest
from plugway.validation import invalid

if TYPE_CHECKING:
    from plugway.request import Request

T = TypeVar("T")

_NAME = re.compile(r"([^\[\]]+)(?:\[([^\[\]]*)\])?")

#: Files of a form, by the name of their field.
Files = dict[str, list[Media]]


async def read_either(request: Request, type_: type[T]) -> tuple[T, Files]:
    """Read a JSON object, or a form; fields that the type does not have are passed over.

    A form says `name[]` for a list and `name[key]` for an object, and writes numbers as text.

    Args:
        request: The client's.
        type_: A struct.

    Returns:
        What was said, and the files that came with it.

    Raises:
        BadRequest: It is neither, or not what the struct says; the field is named.
        PayloadTooLarge: It has too many bytes or parts.
        ClientDeparted: The client left before its end.
    """
    content = await read_content(request)
    boundary = boundary_of(request.headers.get("content-type", ""))
    if boundary is None:
        return read_json(content, type_), {}
    said: dict[str, Any] = {}
    files: Files = {}
    for part in parts_of(content, boundary):
        name, key = _names(part.name)
        if part.is_file:
            files.setdefault(name, []).append(media_from(part.data, part.mime_type, name))
        elif key is None:
            said[name] = part.text
        elif not key or key.isdigit():
            _within(said, name, list).append(part.text)
        else:
            _within(said, name, dict)[key] = part.text
    try:
        return msgspec.convert(said, type_, strict=False), files
    except msgspec.ValidationError as error:
        raise invalid(error) from None


def _names(name: str) -> tuple[str, str | None]:
    found = _NAME.fullmatch(name)
    if found is None:
        raise BadRequest(f"{name[:128]}: is no name of a field", field=name[:128])
    return found[1], found[2]


def _within(said: dict[str, Any], name: str, kind: type[Any]) -> Any:
    inner = said.setdefault(name, kind())
    if not isinstance(inner, kind):
        raise BadRequest(f"{name}: is given in two ways", field=name)
    return inner
