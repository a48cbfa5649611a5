"""Frames of answers, and their bytes, written by hand."""

from __future__ import annotations

import json
from typing import Any


def part(**fields: Any) -> list[Any]:
    """Return a part: `part(_1="text", _12=True)` has those positions."""
    places = {int(name[1:]): value for name, value in fields.items()}
    return [places.get(index) for index in range(max(places, default=-1) + 1)]


def frame(*parts: Any, finish: int | None = None, usage: Any = None, **fields: Any) -> list[Any]:
    """Return a frame with a candidate; `_6=…` sets one of its other positions."""
    candidate: list[Any] = [[list(parts), "model"] if parts else None, finish]
    for name, value in fields.items():
        index = int(name[1:])
        candidate += [None] * (index + 1 - len(candidate))
        candidate[index] = value
    return [[candidate], None, usage]


def usage(given: Any, told: Any, total: Any, *, tool: Any = None, thought: Any = None) -> list[Any]:
    """Return a count of tokens."""
    return [given, told, total, None, None, None, None, tool, None, thought]


def value(plain: Any) -> list[Any]:
    """Return a `google.protobuf.Value`."""
    if plain is None:
        return [0]
    if isinstance(plain, bool):
        return [None, None, None, plain]
    if isinstance(plain, int | float):
        return [None, float(plain)]
    if isinstance(plain, str):
        return [None, None, plain]
    if isinstance(plain, dict):
        return [None, None, None, None, struct(plain)]
    return [None, None, None, None, None, [[value(one) for one in plain]]]


def struct(plain: dict[str, Any]) -> list[Any]:
    """Return a `google.protobuf.Struct`."""
    return [[[key, value(one)] for key, one in plain.items()]] if plain else []


def sparse(plain: Any) -> str:
    """Return JSON in which every null that can be left out is."""
    if isinstance(plain, list):
        if plain == [None]:
            return "[null]"
        return f"[{','.join('' if one is None else sparse(one) for one in plain)}]"
    if isinstance(plain, dict):
        pairs = [f"{json.dumps(key)}:{sparse(one)}" for key, one in plain.items()]
        return f"{{{','.join(pairs)}}}"
    return json.dumps(plain, ensure_ascii=False)


def body(*frames: Any, after: str = "") -> bytes:
    """Return the body of an answer."""
    return f"[[{','.join(sparse(one) for one in frames)}]{after}]".encode()
