"""Text from elsewhere, on a terminal."""

from __future__ import annotations


def plain(text: str) -> str:
    """Return a text that a terminal shows and does not obey.

    Args:
        text: From anywhere.

    Example:
        >>> plain("one line")
        'one line'
    """
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
