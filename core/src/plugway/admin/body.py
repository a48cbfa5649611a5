"""What a client sends to the admin API: read within bounds, and checked by name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import ClientDisconnect

from plugway.calls.body import ClientDeparted
from plugway.errors import BadRequest, PayloadTooLarge
from plugway.validation import invalid

if TYPE_CHECKING:
    from plugway.request import Request

T = TypeVar("T")

#: Bytes of a body, levels of nesting in it, and query parameters.
MAX_BODY = 1 << 20
MAX_DEPTH = 32
MAX_PARAMETERS = 32


async def read_body(request: Request, type_: type[T], most: int = MAX_BODY) -> T:
    """Read a JSON body.

    Args:
        request: The request.
        type_: A struct that forbids unknown fields.
        most: Bytes that it may have.

    Raises:
        BadRequest: It is no JSON, or not what the struct says; the field is named.
        PayloadTooLarge: It is larger than that.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise BadRequest("content-type must be application/json", field="content-type")
    return _converted(_parsed(await _content(request, most)), type_, strict=True)


def read_query(request: Request, type_: type[T]) -> T:
    """Read the query parameters.

    Args:
        request: The request.
        type_: A struct that forbids unknown fields.

    Raises:
        BadRequest: A parameter is unknown, given twice, or not what the struct says.
    """
    try:
        pairs = parse_qsl(
            request.scope["query_string"].decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError:
        raise BadRequest("the query is not well formed") from None
    data: dict[str, Any] = {}
    for name, value in pairs:
        if name in data:
            raise BadRequest(f"{name[:64]} is given twice", field=name[:64])
        data[name] = value
    return _converted(data, type_, strict=False)


async def _content(request: Request, most: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > most:
                raise PayloadTooLarge(f"the body is larger than {most} bytes")
            chunks.append(chunk)
    except ClientDisconnect:
        raise ClientDeparted from None
    return b"".join(chunks)


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(
            content.decode(), object_pairs_hook=_unique, parse_constant=_no_such_number
        )
    except RecursionError:
        raise BadRequest("the body is nested too deeply") from None
    except ValueError as error:
        where = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise BadRequest(f"the body is not JSON{where}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for name, value in pairs:
        if name in data:
            # Which of the two counts would depend on who reads it.
            raise BadRequest(f"{name[:64]} is given twice", field=name[:64])
        data[name] = value
    return data


def _no_such_number(text: str) -> NoReturn:
    raise ValueError(text)


def _converted(data: Any, type_: type[T], *, strict: bool) -> T:
    _check(data)
    try:
        return msgspec.convert(data, type_, strict=strict)
    except msgspec.ValidationError as error:
        raise invalid(error) from None


def _check(data: Any) -> None:
    """Refuse what no database keeps: NUL, lone surrogates; and what nobody nests so deeply."""
    waiting: list[tuple[str, int, Any]] = [("", 0, data)]
    while waiting:
        field, depth, value = waiting.pop()
        if depth > MAX_DEPTH:
            raise BadRequest("the body is nested too deeply", field=field or None)
        if isinstance(value, dict):
            for name, inner in value.items():
                _check_text(name, field or "the body")
                waiting.append((f"{field}.{name}" if field else name, depth + 1, inner))
        elif isinstance(value, list):
            waiting += [(field, depth + 1, inner) for inner in value]
        elif isinstance(value, str):
            _check_text(value, field)


def _check_text(text: str, field: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadRequest(f"{field[:64]} is no Unicode text", field=field[:64]) from None
    if "\0" in text:
        raise BadRequest(f"{field[:64]} must not hold NUL", field=field[:64])
