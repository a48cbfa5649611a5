"""The body of a request as an object, read so that nothing in it can harm or be read twice."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from plugway import BadRequest
from plugway_kling.refusal import refused

#: Levels of nesting, and values in all; the largest official request has about 1500.
MAX_DEPTH = 32
MAX_VALUES = 20_000

#: Characters of a number: the longest that mean anything here are ids of 18 digits.
MAX_DIGITS = 64


def read_object(body: bytes) -> dict[str, Any]:
    """Read a request's body.

    Args:
        body: UTF-8.

    Returns:
        The object, as it was sent.

    Raises:
        BadRequest: It is empty, not JSON, no object, too large in the number of values or
            nested too deeply, names a key twice, or holds what is no text or no number.

    Example:
        >>> read_object(b'{"prompt": "a lighthouse"}')
        {'prompt': 'a lighthouse'}
    """
    # Counted before anything is built: each value costs a hundred times its bytes.
    if body.count(b",") > MAX_VALUES or body.count(b"[") + body.count(b"{") > MAX_VALUES:
        raise BadRequest(f"the body holds more than {MAX_VALUES} values")
    if not body.strip():
        raise BadRequest("the body is empty")
    try:
        data = json.loads(
            body.decode(),
            object_pairs_hook=_unique,
            parse_constant=_no_such_number,
            parse_int=_integer,
        )
    except RecursionError:
        raise BadRequest("the body is nested too deeply") from None
    except ValueError as error:
        where = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise BadRequest(f"the body is not JSON{where}") from None
    if not isinstance(data, dict):
        raise BadRequest("the body is not a JSON object")
    _check(data)
    return data


def present(value: Any) -> Any:
    """Leave out what means absent: null, `""` and `[]`, at any depth of objects.

    Args:
        value: An object, or what is in one.

    Example:
        >>> present({"prompt": "a", "image": "", "image_list": [], "n": None})
        {'prompt': 'a'}
    """
    if isinstance(value, dict):
        return {
            name: present(inner)
            for name, inner in value.items()
            if inner is not None and inner != "" and inner != []
        }
    if isinstance(value, list):
        return [present(inner) for inner in value]
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for name, value in pairs:
        if name in data:
            # Which of the two counts would depend on who reads it: we, or the upstream.
            raise (
                refused(name, "given twice")
                if name.isprintable()
                else BadRequest("a field is given twice")
            )
        data[name] = value
    return data


def _no_such_number(text: str) -> NoReturn:
    raise ValueError(text)


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise BadRequest(f"a number has more than {MAX_DIGITS} digits")
    return int(text)


def _check(data: dict[str, Any]) -> None:
    """Refuse what no database keeps, and what nobody nests so deeply."""
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
            waiting += [(f"{field}[{at}]", depth + 1, inner) for at, inner in enumerate(value)]
        elif isinstance(value, str):
            _check_text(value, field)


def _check_text(text: str, field: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise refused(field, "it is not Unicode text") from None
    if "\0" in text:
        raise refused(field, "it must not hold NUL")
