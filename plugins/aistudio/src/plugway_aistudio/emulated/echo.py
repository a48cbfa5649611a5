"""The answer to a question that no test wrote an answer for: it shows what was asked."""

from __future__ import annotations

import json
import re
from typing import Any

from plugway_aistudio.emulated.answer import Answer
from plugway_aistudio.emulated.asked import Asked
from plugway_aistudio.emulated.models import BUDGET, LEVEL, THINKING, Model
from plugway_aistudio.emulated.parts import (
    Part,
    call,
    cite,
    code,
    frame,
    media,
    png,
    result,
    text,
    thought,
    usage,
)

#: Characters of a question that are said again.
REPEATED = 2_000

#: Characters that count as one token.
_TOKEN = 4

_CALL = re.compile(r"\bcall ([\w.-]+)", re.IGNORECASE)
_SIGNATURE = "c2lnbmF0dXJlIG9mIGEgdGhvdWdodA=="


def echo(asked: Asked, model: Model, pause: float) -> Answer:
    """Answer a question by saying it again.

    The text is `You said: …`, then what else was asked as JSON. A question with `call <name>`
    is answered by calling that function, when it was declared.

    Args:
        asked: The question.
        model: What answers.
        pause: Seconds before each frame.
    """
    thoughts = _thoughts(asked, model)
    calls = _calls(asked)
    parts: list[Part] = [*thoughts, *calls]
    finish, given = 1, 0
    if model.images:
        parts += [text("Here it is."), media("image/png", png(*_colour(asked.text)))]
        given = 258
    elif not calls:
        if asked.code_execution:
            parts += [code("PYTHON", "print(6 * 7)"), result("42\n")]
        said, finish = _cut(_said(asked), asked)
        parts += [text(piece) for piece in _pieces(said)]
        given = tokens(said)
    if parts[len(thoughts) :] and thoughts:
        # The upstream signs a thought at what follows it.
        first = parts[len(thoughts)]
        first += [None] * (15 - len(first))
        first[14] = _SIGNATURE
    grounded: dict[str, Any] = {}
    if asked.search:
        grounded["citations"] = cite(("https://example.com/source", "A source"))
        grounded["grounding"] = [[["https://example.com/source", "A source"]], [asked.text[:80]]]
    spent = usage(
        tokens(asked.text) + tokens(asked.system) + 258 * len(asked.files),
        given or 1,
        thinking=12 if thoughts else None,
        tools=9 if asked.search or asked.code_execution else None,
    )
    frames = [frame(part) for part in parts]
    return Answer(frames=(*frames, frame(finish=finish, usage=spent, **grounded)), pause=pause)


def tokens(content: str) -> int:
    """Return how many tokens a text counts as."""
    return -(-len(content) // _TOKEN)


def _thoughts(asked: Asked, model: Model) -> list[Part]:
    able = {THINKING, BUDGET, LEVEL} & set(model.codes)
    if not able or asked.thinking is False or asked.budget == 0:
        return []
    return [thought("**Reading the question** "), thought("It is short enough to say again.\n")]


def _calls(asked: Asked) -> list[Part]:
    declared = {each["name"]: each for each in asked.functions}
    names = [name for name in _CALL.findall(asked.text) if name in declared]
    return [
        call(name, _arguments(declared[name].get("parameters")), id=f"call-{number}")
        for number, name in enumerate(names)
    ]


def _arguments(schema: Any) -> dict[str, Any]:
    """Make arguments that fit a schema: one value of each property's type."""
    samples: dict[str, Any] = {
        "string": "Paris",
        "number": 1.5,
        "integer": 3,
        "boolean": True,
        "array": ["a", 1],
        "object": {"b": None},
    }
    properties = (schema or {}).get("properties") or {}
    return {
        name: samples.get(str(each.get("type", "string")).lower(), "Paris")
        for name, each in properties.items()
    }


def _said(asked: Asked) -> str:
    shown = asked.text[:REPEATED]
    if len(asked.text) > REPEATED:
        shown += f"… ({len(asked.text)} characters)"
    settings = {
        "model": asked.model,
        "system": asked.system[:REPEATED] or None,
        "temperature": asked.temperature,
        "top_p": asked.top_p,
        "max_tokens": asked.max_tokens,
        "stop": list(asked.stop) or None,
        "thinking": asked.thinking,
        "budget": asked.budget,
        "level": asked.level or None,
        "files": [[each.mime_type, each.size] for each in asked.files] or None,
        "functions": [each["name"] for each in asked.functions] or None,
        "search": asked.search or None,
        "url_context": asked.url_context or None,
        "code_execution": asked.code_execution or None,
        "turns": len(asked.turns),
    }
    told = {name: value for name, value in settings.items() if value is not None}
    return f"You said: {shown}\n{json.dumps(told, ensure_ascii=False)}"


def _cut(said: str, asked: Asked) -> tuple[str, int]:
    """End a text where it is to end."""
    ends = [place for stop in asked.stop if (place := said.find(stop, len("You said: "))) >= 0]
    if ends:
        said = said[: min(ends)]
    if asked.max_tokens is not None and tokens(said) > asked.max_tokens:
        return said[: asked.max_tokens * _TOKEN], 2
    return said, 1


def _pieces(said: str) -> list[str]:
    """Cut a text into about six pieces, at words where there are any."""
    size = max(8, -(-len(said) // 6))
    return [said[place : place + size] for place in range(0, len(said), size)]


def _colour(content: str) -> tuple[int, int, int]:
    for name, colour in (("red", (200, 0, 0)), ("green", (0, 160, 0)), ("blue", (0, 0, 200))):
        if name in content.casefold():
            return colour
    return 128, 128, 128
