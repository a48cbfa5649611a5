"""The upstream's own words, fit to be told."""

from __future__ import annotations

import re

#: Longest part of them that is told.
_WORDS = 300

_QUERY = re.compile(r"(https?://[^\s?#\"'<>]+)[?#][^\s\"'<>]*")


def told(message: str) -> str:
    """Return a colon and the words, or a full stop where there are none.

    Args:
        message: In the upstream's words; may be empty, long or of several lines. Addresses in
            it lose their queries, which may hold what is secret.

    Example:
        >>> told("see https://example.com/a?key=1"), told(" ")
        (': see https://example.com/a', '.')
    """
    short = message[:2_000]
    plain = " ".join("".join(c if c.isprintable() else " " for c in short).split())
    plain = _QUERY.sub(r"\1", plain)
    if len(plain) > _WORDS:
        plain = plain[:_WORDS] + "…"
    return f": {plain}" if plain else "."
