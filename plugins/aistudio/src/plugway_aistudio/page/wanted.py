"""What a question wants the run settings to be."""

from __future__ import annotations

import msgspec

from plugway import BadRequest
from plugway_aistudio.page.seen import Seen
from plugway_aistudio.question import Question

#: Switches of tools: part of the page, field of the question.
TOOLS = ("search", "url_context", "code_execution")

#: Numbers: part of the page, field of the question.
NUMBERS = ("temperature", "top_p", "max_tokens")

#: Parts whose state is a setting, and those that lead to them.
CONTROLS = (
    *NUMBERS,
    *("stop_add", "stop_chip", "thinking_switch", "budget_switch", "budget", "thinking_level"),
    *TOOLS,
    *("functions_switch", "tools_panel", "advanced_panel"),
)


class Usual(msgspec.Struct, frozen=True, kw_only=True):
    """Is what a model's new chat has by itself.

    Attributes:
        numbers: By part.
        thinking: Whether it thinks; None: that cannot be set.
        level: Of thinking; empty: it has none.
    """

    numbers: dict[str, float] = {}
    thinking: bool | None = None
    level: str = ""

    @classmethod
    def read(cls, seen: dict[str, Seen | None], listed: dict[str, float]) -> Usual:
        """Take it from a page that has just been loaded.

        Args:
            seen: Its parts.
            listed: Numbers that the page's own list of models names; they count more.
        """
        numbers = dict(listed)
        for name in NUMBERS:
            if (number := number_of(seen[name])) is not None:
                numbers.setdefault(name, number)
        switch, level = seen["thinking_switch"], seen["thinking_level"]
        return cls(
            numbers=numbers,
            thinking=switch.on if switch is not None else None,
            level=level.text.lower() if level is not None else "",
        )


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Is the state in which the settings have to be.

    Attributes:
        numbers: By part.
        switches: By part.
        level: Of thinking; empty: none is wanted.
        stop: Texts, in order.
        asked: Parts of which the question itself says something; without one of the others the
            page is as good.
    """

    numbers: dict[str, float]
    switches: dict[str, bool]
    level: str
    stop: tuple[str, ...]
    asked: frozenset[str]

    @classmethod
    def read(cls, question: Question, usual: Usual) -> Wanted:
        """Take it from a question.

        Args:
            question: What is asked.
            usual: What is wanted where it says nothing.

        Raises:
            BadRequest: A text for `stop` that cannot be entered.
        """
        for text in question.stop:
            if not text.strip() or "\n" in text or "\r" in text:
                raise BadRequest(
                    "stop: AI Studio's page takes no blank texts, and none of several lines",
                    field="stop",
                )
        numbers = dict(usual.numbers)
        asked = {name for name in NUMBERS if getattr(question, name) is not None}
        numbers.update({name: float(getattr(question, name)) for name in asked})
        switches = {name: bool(getattr(question, name)) for name in TOOLS}
        switches["functions_switch"] = bool(question.functions)
        asked |= {name for name, on in switches.items() if on}
        if question.stop:
            asked.add("stop_add")
        level = usual.level
        thinking = question.thinking
        switches["budget_switch"] = thinking is not None and thinking.budget is not None
        if usual.thinking is not None:
            switches["thinking_switch"] = usual.thinking
        if thinking is not None:
            switches["thinking_switch"] = thinking.on
            if not thinking.on:
                asked.add("thinking_switch")
                switches["budget_switch"] = False
            elif thinking.budget is not None:
                asked |= {"budget_switch", "budget"}
                numbers["budget"] = float(thinking.budget)
            if thinking.on and thinking.level is not None:
                asked.add("thinking_level")
                level = thinking.level
        return cls(
            numbers=numbers,
            switches=switches,
            level=level,
            stop=question.stop,
            asked=frozenset(asked),
        )


def number_of(seen: Seen | None) -> float | None:
    """Return the number that a part has; None: none.

    Args:
        seen: The part.
    """
    if seen is None:
        return None
    try:
        return float(seen.value)
    except ValueError:
        return None


def field_of(part: str) -> str:
    """Return the field of the question that a part of the page sets.

    Args:
        part: Its name.

    Example:
        >>> field_of("budget_switch")
        'thinking'
    """
    if part.startswith(("thinking", "budget", "level")):
        return "thinking"
    if part.startswith("stop"):
        return "stop"
    if part.startswith("functions"):
        return "functions"
    return part
