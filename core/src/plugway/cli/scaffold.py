"""The files of a new plugin, made from those in `scaffolding`.

A template is a file of a plugin named Seedling, with lines that say what its parts are for:
`%% chat tasks` begins one that plugins with a chat or with tasks get, `%% end` ends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Literal

Part = Literal["route", "chat", "tasks"]

#: What is in a template's place in the file.
_SUFFIX = ".in"


def files(name: str, parts: Set[Part]) -> Iterator[tuple[str, str]]:
    """Yield the files of a plugin: their paths and their texts.

    Args:
        name: The plugin's, a lower-case identifier.
        parts: What it brings; a route has no others beside it.

    Example:
        >>> dict(files("tea", {"route"}))["CHANGELOG.md"].splitlines()[2]
        'All notable changes to plugway-tea.'
    """
    source = resources.files("plugway.cli") / "scaffolding"
    words = _words(parts)
    for folder in ("all", *sorted(parts)):
        for path, text in _templates(source / folder):
            yield _named(path.removesuffix(_SUFFIX), name), _named(_chosen(text, words), name)


def title(name: str) -> str:
    """Return a plugin's name as its classes have it.

    Example:
        >>> title("green_tea")
        'GreenTea'
    """
    return "".join(word.capitalize() for word in name.split("_"))


def _words(parts: Set[Part]) -> frozenset[str]:
    if len(parts) > 1:
        return frozenset({*parts, "both"})
    return frozenset({*parts, *(f"{part}-alone" for part in parts)})


def _templates(folder: Traversable, path: str = "") -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            yield from _templates(entry, f"{path}{entry.name}/")
        elif entry.name.endswith(_SUFFIX):
            yield path + entry.name, entry.read_text(encoding="utf-8")


def _chosen(text: str, words: Set[str]) -> str:
    """Leave out the parts of a template that are for other plugins."""
    kept, wanted = [], True
    for line in text.splitlines(keepends=True):
        if line.startswith("%% "):
            mark = line.split()[1:]
            wanted = mark == ["end"] or not words.isdisjoint(mark)
        elif wanted:
            kept.append(line)
    return "".join(kept)


def _named(text: str, name: str) -> str:
    text = text.replace("seedling", name).replace("SEEDLING", name.upper())
    return text.replace("Seedling", title(name))
