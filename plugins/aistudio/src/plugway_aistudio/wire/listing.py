"""The page's list of models."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from plugway import UnreadableAnswer
from plugway_aistudio.question import Level
from plugway_aistudio.wire.positions import at, list_at, number_at, text_at, unreadable
from plugway_aistudio.wire.sparse import GUARD, decode

_PREFIX = "models/"

#: Capabilities by their codes (reference: "Shapes", row indices).
_CODE_EXECUTION, _FUNCTIONS, _SEARCH, _BROWSE = 9, 10, 12, 13
_THINKING, _BUDGET, _LEVEL = 25, 35, 52

#: Thinking levels by their names, or numbers. The reference does not tell the numbers; these are
#: the ones that public clients of the service send.
_LEVELS: dict[int | str, Level] = {
    1: "low",
    2: "medium",
    3: "high",
    4: "minimal",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "minimal": "minimal",
}

#: Where the levels stand, if the row has a message on thinking and not just them; public clients
#: read it so.
_INNER_LEVELS = 6

#: Says at 77, where `true` may stand too, that a model is only for keys that are paid for.
_PAID = 2


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """Is a model of the list.

    Attributes:
        id: Without `models/`.
        title: For people.
        description: For people.
        input_limit: Most tokens of a request; None: not told.
        output_limit: Most tokens of an answer; None: not told.
        methods: What it can be asked for, such as `generateContent`.
        temperature: Where nothing else is set; None: not told.
        top_p: As `temperature`.
        top_k: As `temperature`.
        code_execution: It can run code of its own.
        functions: It can ask for functions.
        search: It can ground an answer with a search.
        url_context: It can read addresses.
        thinking: It can think or not, as it is told; one that has only a budget or levels always
            thinks.
        budget: It can be given a number of tokens to think with.
        level: It can be told by level how much to think.
        levels: Those levels, in the order of the list; empty: not told.
        paid: It is only for keys that are paid for.
    """

    id: str
    title: str = ""
    description: str = ""
    input_limit: int | None = None
    output_limit: int | None = None
    methods: tuple[str, ...] = ()
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    code_execution: bool = False
    functions: bool = False
    search: bool = False
    url_context: bool = False
    thinking: bool = False
    budget: bool = False
    level: bool = False
    levels: tuple[Level, ...] = ()
    paid: bool = False


def listed(body: bytes) -> tuple[Listed, ...]:
    """Read the body of ListModels.

    A row that cannot be read is passed over: the others are there all the same. So is one that
    names a model again.

    Args:
        body: `[[row, …], …]`, as it came (reference: "Shapes", row indices).

    Raises:
        UnreadableAnswer: It is no list of rows, or none of its rows can be read.

    Example:
        >>> [one.id for one in listed(b'[[["models/poet",,,"Poet"],["?"],]]')]
        ['poet']
    """
    root = decode(body.strip().removeprefix(GUARD))
    rows = root[0] if isinstance(root, list) and root else root
    if rows is None or root == []:
        return ()
    if not isinstance(rows, list):
        raise unreadable("the list of models")
    found: dict[str, Listed] = {}
    for row in rows:
        try:
            one = _row(row)
        except UnreadableAnswer:
            continue
        found.setdefault(one.id, one)
    if rows and not found:
        raise unreadable("the list of models")
    return tuple(found.values())


def _row(row: Any) -> Listed:
    if not isinstance(row, list):
        raise unreadable("a model")
    name = text_at(row, 0, "the name of a model")
    model_id = name.removeprefix(_PREFIX)
    if not name.startswith(_PREFIX) or not model_id:
        raise unreadable("the name of a model")
    codes = [one for one in list_at(row, 64, "capabilities") if type(one) is int]
    return Listed(
        id=model_id,
        title=text_at(row, 3, "a title"),
        description=text_at(row, 4, "a description"),
        input_limit=number_at(row, 5, "a limit"),
        output_limit=number_at(row, 6, "a limit"),
        methods=tuple([one for one in list_at(row, 7, "methods") if isinstance(one, str)]),
        temperature=_float_at(row, 8),
        top_p=_float_at(row, 9),
        top_k=_top_k(row),
        code_execution=_CODE_EXECUTION in codes,
        functions=_FUNCTIONS in codes,
        search=_SEARCH in codes,
        url_context=_BROWSE in codes,
        thinking=_THINKING in codes,
        budget=_BUDGET in codes,
        level=_LEVEL in codes,
        levels=_levels(at(row, 71)),
        paid=_paid(row),
    )


def _float_at(row: list[Any], index: int) -> float | None:
    value = at(row, index)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise unreadable("a default of a model")
    return float(value)


def _top_k(row: list[Any]) -> int | None:
    value = _float_at(row, 10)
    return None if value is None else int(value)


def _levels(value: Any) -> tuple[Level, ...]:
    if not isinstance(value, list):
        return ()
    inner = at(value, _INNER_LEVELS)
    found: dict[Level, None] = {}
    for one in inner if isinstance(inner, list) else value:
        name = one.lower().removeprefix("thinking_level_") if isinstance(one, str) else one
        if type(name) in (int, str) and name in _LEVELS:
            found[_LEVELS[name]] = None
    return tuple(found)


def _paid(row: list[Any]) -> bool:
    value = at(row, 77)
    return value is True or value == _PAID
