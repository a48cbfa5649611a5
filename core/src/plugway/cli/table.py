"""Lists, as tables for people and as JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from unicodedata import east_asian_width

import click

#: A column: its title, and the name of the value or what makes the text.
Column = tuple[str, str | Callable[[Mapping[str, Any]], Any]]

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON on stdout, and nothing else there."
)


def show(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column], *, as_json: bool) -> None:
    """Print a list.

    Args:
        rows: As the API gives them.
        columns: For people; programs get everything.
        as_json: An array.
    """
    if as_json:
        show_json(list(rows))
        return
    table = [[title for title, _ in columns]]
    table += [[cell(_value(row, source)) for _, source in columns] for row in rows]
    if len(table) == 1:
        click.echo("none", err=True)
        return
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    for line in table:
        padded = [
            text + " " * (width - _width(text)) for text, width in zip(line, widths, strict=True)
        ]
        click.echo("  ".join(padded).rstrip())


def show_one(row: Mapping[str, Any], *, as_json: bool) -> None:
    """Print one thing: a name and a value a line, or an object."""
    if as_json:
        show_json(row)
        return
    width = max(map(len, row), default=0)
    for name, value in row.items():
        click.echo(f"{name:<{width}}  {cell(value)}".rstrip())


def show_json(value: Any) -> None:
    """Print JSON."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    click.echo()


def cell(value: Any) -> str:
    """Write a value for people, on one line and without control characters.

    Example:
        >>> cell(None), cell(["a", "b"]), cell(True), cell({"a": 1})
        ('-', 'a, b', 'yes', 'a=1')
    """
    if value is None or value == "" or value == [] or value == {}:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(cell, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={cell(one)}" for name, one in value.items())
    # Names and reasons may come from anywhere; a terminal obeys what it is sent.
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in str(value))


def when(name: str) -> Callable[[Mapping[str, Any]], str | None]:
    """Return what writes a time of the API in the zone of this machine.

    Args:
        name: Of the value.
    """

    def text(row: Mapping[str, Any]) -> str | None:
        value = row[name]
        if value is None:
            return None
        return datetime.fromisoformat(value).astimezone().strftime("%Y-%m-%d %H:%M:%S")

    return text


def _value(row: Mapping[str, Any], source: str | Callable[[Mapping[str, Any]], Any]) -> Any:
    return row[source] if isinstance(source, str) else source(row)


def _width(text: str) -> int:
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)
