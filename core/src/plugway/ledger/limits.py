"""How far numbers and texts go: what every database can keep."""

from __future__ import annotations

from plugway.errors import BadRequest
from plugway.money import MAX_CREDITS

#: The most one account may hold: sums of its entries stay inside 64 bits with room.
MAX_BALANCE = 2**60
#: The longest idempotency key: with its prefix it fits the column.
MAX_KEY = 128
#: Characters of a task's request or answer, or of a callback: escaped, in four bytes each,
#: a row still fits what a server takes as one packet.
MAX_TEXT = 2**20
#: Characters of a name that callers or upstreams give.
MAX_NAME = 190

_MAX_ID = 2**63 - 1
_MAX_INT = 2**31 - 1


def clip(text: str, width: int) -> str:
    """Trim a text to what every database can keep.

    Args:
        text: From a client or an upstream.
        width: Characters, 1 or more.

    Returns:
        At most `width` characters, without NUL (PostgreSQL refuses it) and without lone
        surrogates (no driver can encode them).
    """
    if text.isascii():
        text = text[:width]
        return text.replace("\0", "\ufffd") if "\0" in text else text
    return text[:width].encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def count(value: int, most: int = _MAX_INT) -> int:
    """Trim a counted fact to its column's range.

    Args:
        value: Tokens, images, milliseconds.
        most: The column's largest value.
    """
    return value if 0 <= value <= most else min(max(value, 0), most)


def check_call(call_id: str) -> None:
    """Refuse what is no call's id."""
    if not (0 < len(call_id) <= 32 and call_id.isascii() and call_id.isalnum()):
        raise BadRequest("call_id must be 1 to 32 letters and digits", field="call_id")


def check_amount(amount: int, lowest: int, field: str = "amount") -> None:
    """Refuse what is no whole number of credits from `lowest` on."""
    if type(amount) is not int or not lowest <= amount <= MAX_CREDITS:
        raise BadRequest(
            f"{field} must be a whole number from {lowest} to {MAX_CREDITS}", field=field
        )


def check_id(value: int, field: str) -> None:
    """Refuse what is no row's id."""
    if type(value) is not int or not 0 < value <= _MAX_ID:
        raise BadRequest(f"{field} must be an identifier", field=field)


def check_time(value: int, field: str) -> None:
    """Refuse what is no time."""
    if type(value) is not int or not 0 <= value <= _MAX_ID:
        raise BadRequest(f"{field} must be microseconds since 1970", field=field)


def check_name(name: str, field: str, most: int = MAX_NAME) -> None:
    """Refuse a name that not every database would find again.

    Args:
        name: By which a task is looked for. MySQL takes no notice of spaces at its end.
        field: What it is called.
        most: Characters.
    """
    if not (0 < len(name) <= most and not name.endswith(" ") and clip(name, most) == name):
        raise BadRequest(
            f"{field} must be 1 to {most} characters and not end with a space", field=field
        )


def check_text(text: str, field: str) -> None:
    """Refuse a text that is too long to keep; it cannot be trimmed, for it is JSON."""
    if len(text) > MAX_TEXT:
        raise BadRequest(f"{field} must be at most {MAX_TEXT} characters", field=field)
