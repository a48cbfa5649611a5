"""A `google.protobuf.Struct`, as arguments of functions come, as JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from plugway_aistudio.wire.positions import flag_at, list_at, unreadable

#: Deepest nesting of what a struct holds.
DEPTH = 100

#: Numbers below this are whole exactly when they look so.
_EXACT = 2.0**53

#: Written as texts, since JSON has no such numbers; as in JavaScript they become null.
_NO_NUMBERS = frozenset({"NaN", "Infinity", "-Infinity"})


def arguments(struct: Any) -> str:
    """Return the JSON text of the object that a struct holds.

    Args:
        struct: `[[[key, value], …]]`; a value's kind is its index: 0 null, 1 number, 2 text,
            3 boolean, 4 struct, 5 list (reference: "Streamed body format"). None: an empty one.

    Raises:
        UnreadableAnswer: It is something else.

    Example:
        >>> arguments([[["n", [None, 5.0]], ["l", [None, None, None, None, None, [[[0]]]]]]])
        '{"n":5,"l":[null]}'
    """
    return msgspec.json.encode(_struct(struct, 0)).decode()


def _struct(struct: Any, depth: int) -> dict[str, Any]:
    if struct is None:
        return {}
    if not isinstance(struct, list) or depth > DEPTH:
        raise unreadable("a struct")
    found: dict[str, Any] = {}
    for field in list_at(struct, 0, "a struct"):
        if not isinstance(field, list):
            raise unreadable("a field of a struct")
        key = field[0] if field else None
        # An empty name is left out, as any empty text may be.
        if not isinstance(key := "" if key is None else key, str):
            raise unreadable("a field of a struct")
        found[key] = _value(field[1] if len(field) > 1 else None, depth + 1)
    return found


def _value(value: Any, depth: int) -> Any:
    if value is None:
        return None
    if not isinstance(value, list) or depth > DEPTH:
        raise unreadable("a value of a struct")
    # Of a choice the last one counts, if there should be several.
    kind = next((index for index in range(len(value) - 1, -1, -1) if value[index] is not None), 0)
    if kind == 0:
        return None
    if kind == 1:
        return _number(value[1])
    if kind == 2 and isinstance(value[2], str):
        return value[2]
    if kind == 3:
        return flag_at(value, 3, "a boolean of a struct")
    if kind == 4:
        return _struct(value[4], depth + 1)
    if kind == 5:
        inner = list_at(list_at(value, 5, "a list of a struct"), 0, "a list of a struct")
        return [_value(one, depth + 1) for one in inner]
    raise unreadable("a value of a struct")


def _number(number: Any) -> int | float | None:
    """Return it as JSON would have it: clients expect 5, not 5.0, where they sent an integer."""
    if isinstance(number, float):
        whole = abs(number) < _EXACT and number.is_integer()
        return int(number) if whole else number
    if isinstance(number, int) and not isinstance(number, bool):
        if abs(number) >= 2**63:
            # Every number of a struct is a float, and this is one that was written in full.
            return float(number) if abs(number) < 10**308 else None
        return number
    if isinstance(number, str) and number in _NO_NUMBERS:
        return None
    raise unreadable("a number of a struct")
