"""Arrays as the upstream writes them: nulls may be left out (reference: "Streamed body format")."""

from __future__ import annotations

import json
from typing import Any, Literal

#: How nulls are written: left out; written; or both ways in the same array, as both were seen.
Nulls = Literal["elided", "explicit", "mixed"]

#: Characters that the upstream's writer escapes inside strings, as HTML would want it.
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "=": "\\u003d", "'": "\\u0027"}


def sparse(value: Any, nulls: Nulls = "elided") -> str:
    """Write a value; nulls at the end of an array are never written.

    Args:
        value: Of lists, strings, numbers, booleans and None.
        nulls: How those inside an array are written.

    Returns:
        Text that is JSON only where no null was left out.

    Example:
        >>> sparse([None, [7, "x"], None])
        '[,[7,"x"]]'
        >>> sparse([1, None, None, 3], "mixed")
        '[1,null,,3]'
    """
    if isinstance(value, list | tuple):
        kept = list(value)
        while kept and kept[-1] is None:
            kept.pop()
        first = next((place for place, each in enumerate(kept) if each is None), -1)
        return "[" + ",".join(_item(kept, place, first, nulls) for place in range(len(kept))) + "]"
    text = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        for plain, escaped in _ESCAPED.items():
            text = text.replace(plain, escaped)
    return text


def _item(kept: list[Any], place: int, first: int, nulls: Nulls) -> str:
    if kept[place] is not None:
        return sparse(kept[place], nulls)
    written = nulls == "explicit" or (nulls == "mixed" and place == first)
    return "null" if written else ""
