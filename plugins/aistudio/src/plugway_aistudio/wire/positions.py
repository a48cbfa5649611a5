"""What stands at a position of a message, or that something else does."""

from __future__ import annotations

from typing import Any

from plugway import UnreadableAnswer


def at(message: list[Any], index: int) -> Any:
    """Return what stands there; None: nothing does.

    Args:
        message: Fields by position; those at the end that are empty may be missing.
        index: 0 or more.
    """
    return message[index] if index < len(message) else None


def list_at(message: list[Any], index: int, what: str) -> list[Any]:
    """Return the list or message there; empty: nothing is there.

    Args:
        message: As in `at`.
        index: As in `at`.
        what: Its name, for the error.

    Raises:
        UnreadableAnswer: Something else is there.
    """
    value = at(message, index)
    if value is None:
        return []
    if not isinstance(value, list):
        raise unreadable(what)
    return value


def text_at(message: list[Any], index: int, what: str) -> str:
    """Return the text there; empty: nothing is there.

    Args:
        message: As in `at`.
        index: As in `at`.
        what: Its name, for the error.

    Raises:
        UnreadableAnswer: Something else is there.
    """
    value = at(message, index)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise unreadable(what)
    return value


def number_at(message: list[Any], index: int, what: str) -> int | None:
    """Return the whole number there, 0 or more; None: nothing is there.

    Args:
        message: As in `at`.
        index: As in `at`.
        what: Its name, for the error.

    Raises:
        UnreadableAnswer: Something else is there.
    """
    value = at(message, index)
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        # Numbers of 64 bits are written as texts.
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise unreadable(what)
    return value


def flag_at(message: list[Any], index: int, what: str) -> bool:
    """Return the flag there, which is `true`, `false`, 1 or 0; False: nothing is there.

    Args:
        message: As in `at`.
        index: As in `at`.
        what: Its name, for the error.

    Raises:
        UnreadableAnswer: Something else is there.
    """
    value = at(message, index)
    if value is None:
        return False
    if not isinstance(value, int) or value not in (0, 1):
        raise unreadable(what)
    return bool(value)


def unreadable(what: str) -> UnreadableAnswer:
    """Make the error of something that has another form than is known.

    Args:
        what: Its name.
    """
    return UnreadableAnswer(
        f"The upstream's answer is not understood: {what} has a form that is not known.",
        charged=False,
    )
