"""Names that others have given: an upstream's of what it made, a client's of its own."""

from __future__ import annotations

#: Characters of the longest one: what an index of every database holds.
LONGEST = 190


def is_name(text: str) -> bool:
    """Say whether a text can be kept, and looked for, in every database.

    Args:
        text: As it came.

    Example:
        >>> is_name("任务 1"), is_name(""), is_name("a" * 191), is_name("a\\0b")
        (True, False, False, False)
    """
    if not 0 < len(text) <= LONGEST or "\0" in text:
        return False
    # Half of a surrogate pair, from a JSON escape, is no character.
    return not any("\ud800" <= character <= "\udfff" for character in text)
