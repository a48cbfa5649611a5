"""The tables of settings on the pages of plugins, and the settings themselves."""

from __future__ import annotations

import re

import msgspec
from pages import text_of


def table(page: str, head: str) -> dict[str, str]:
    """Return the rows below a head: defaults by name."""
    rows = text_of(page).partition(f"| {head} | default |")[2].partition("\n\n")[0]
    found: dict[str, str] = {}
    for names, default in re.findall(r"^\| (`.*?) \| (.*?) \|", rows, re.M):
        each = re.findall(r"`(\w+)`", names)
        defaults = default.split(", ") if len(each) > 1 else [default]
        found |= dict(zip(each, defaults, strict=True))
    return found


def defaults(type_: type[msgspec.Struct]) -> dict[str, str]:
    """Return the defaults of settings as the pages write them."""
    struct = type_()
    values = {field.name: getattr(struct, field.name) for field in msgspec.structs.fields(type_)}
    return {name: shown(value) for name, value in values.items()}


def shown(value: object) -> str:
    if isinstance(value, bool):
        return f"`{value}`".lower()
    if isinstance(value, int | float):
        return f"{value:g}"
    if isinstance(value, str):
        return f"`{value}`" if value else "empty"
    return "none" if not value else str(value)
