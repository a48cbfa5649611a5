"""Code that the upstream ran for an answer, and what came of it, as text."""

from __future__ import annotations

import re
from typing import Any

from plugway_aistudio.wire.positions import number_at, text_at, unreadable

#: Languages by their number (official documentation, "ExecutableCode.Language").
_LANGUAGES = {1: "python"}

#: The outcome of code that ran to its end (reference: "Streamed body format").
_RAN = 1

_LABEL = re.compile(r"[a-z][a-z0-9+#-]{0,20}")
_TICKS = re.compile("`{3,}")


def code_of(part: list[Any]) -> str:
    """Return code in a fence.

    Args:
        part: `[language, code]`; the language is a number, or a name.

    Raises:
        UnreadableAnswer: It is something else.

    Example:
        >>> code_of([1, "print(1)"])
        '```python\\nprint(1)\\n```\\n'
    """
    if not part:
        raise unreadable("code")
    if isinstance(part[0], str):
        name = part[0].lower()
        language = name if _LABEL.fullmatch(name) else ""
    else:
        language = _LANGUAGES.get(number_at(part, 0, "the language of code") or 0, "")
    return _fenced(language, text_at(part, 1, "code"))


def result_of(part: list[Any]) -> str:
    """Return what code said in a fence; its label tells whether it worked.

    Args:
        part: `[outcome, text]`.

    Raises:
        UnreadableAnswer: It is something else.

    Example:
        >>> result_of([1, "1\\n"])
        '```output\\n1\\n```\\n'
    """
    if not part:
        raise unreadable("a result of code")
    outcome = number_at(part, 0, "the outcome of code")
    return _fenced("output" if outcome == _RAN else "error", text_at(part, 1, "a result of code"))


def _fenced(label: str, text: str) -> str:
    # A fence is longer than every one inside of it.
    longest = max((len(ticks) for ticks in _TICKS.findall(text)), default=2)
    fence = "`" * max(3, longest + 1)
    end = "" if not text or text.endswith("\n") else "\n"
    return f"{fence}{label}\n{text}{end}{fence}\n"
