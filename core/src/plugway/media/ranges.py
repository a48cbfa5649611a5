"""Parts of a medium that a client asks for: the `Range` header of RFC 9110."""

from __future__ import annotations

import re

_ONE = re.compile(r"[ \t]*(\d*)[ \t]*-[ \t]*(\d*)[ \t]*", re.ASCII)

#: Digits of a number that is taken as it is; a longer one is behind every end.
_DIGITS = 18


class Unsatisfiable(Exception):
    """Nothing of what was asked for is there."""


def range_of(header: str, size: int) -> tuple[int, int] | None:
    """Return which bytes are asked for: the first one, and the one behind the last one.

    Args:
        header: `Range` as it came.
        size: Bytes that there are.

    Returns:
        None: all of them, since the header asks for several parts, in another unit, or is not
        well formed, which servers overlook.

    Raises:
        Unsatisfiable: None of them is there.

    Example:
        >>> range_of("bytes=2-5", 10), range_of("bytes=7-", 10), range_of("bytes=-4", 10)
        ((2, 6), (7, 10), (6, 10))
        >>> range_of("bytes=0-1,4-5", 10), range_of("lines=1-2", 10), range_of("bytes=5-2", 10)
        (None, None, None)
    """
    unit, equals, said = header.partition("=")
    if not equals or unit.strip().lower() != "bytes":
        return None
    found = _ONE.fullmatch(said)
    if found is None:
        return None
    first, last = found.groups()
    if not first:
        if not last:
            return None
        start, end = max(0, size - _number(last)), size
    else:
        start, end = _number(first), size
        if last:
            if _number(last) < start:
                return None
            end = min(size, _number(last) + 1)
    if start >= end:
        raise Unsatisfiable
    return start, end


def _number(digits: str) -> int:
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= _DIGITS else 10**_DIGITS
