"""The API's list of models (source: the Gemini API's `models.list`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from plugway import UnreadableAnswer
from plugway_aistudio.wire.listing import Listed


def listed(body: bytes) -> tuple[Listed, ...]:
    """Return the models of a list.

    The API does not tell who calls functions or searches: all that generate may be asked.

    Args:
        body: Of the answer.

    Raises:
        UnreadableAnswer: It is no list.

    Example:
        >>> [one.id for one in listed(b'{"models":[{"name":"models/gemini-9"}]}')]
        ['gemini-9']
    """
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        found = None
    rows = found.get("models") if isinstance(found, dict) else None
    if not isinstance(rows, list):
        raise UnreadableAnswer("The API's list of models is none.")
    return tuple(_read(rows))


def _read(rows: list[Any]) -> Iterator[Listed]:
    for row in rows:
        name = row.get("name") if isinstance(row, dict) else None
        if not isinstance(name, str) or not name.startswith("models/"):
            continue
        methods = row.get("supportedGenerationMethods")
        yield Listed(
            id=name.removeprefix("models/"),
            title=str(row.get("displayName") or ""),
            description=str(row.get("description") or ""),
            input_limit=_number(row.get("inputTokenLimit")),
            output_limit=_number(row.get("outputTokenLimit")),
            methods=tuple(map(str, methods)) if isinstance(methods, list) else (),
            functions=True,
            search=True,
            thinking=bool(row.get("thinking")),
            budget=bool(row.get("thinking")),
        )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
