"""JSON objects as Google's servers read them: two spellings of a name, numbers in quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from plugway.errors import BadRequest

#: Levels of what a client may nest in places where anything can stand; Google has as many.
MAX_DEPTH = 100

_INTEGER = re.compile(r"-?[0-9]{1,20}")
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
_CAPITAL = re.compile("[A-Z]")


class Fields:
    """Reads the fields of one object; each is known as `topP` and as `top_p`, null is absent.

    Attributes:
        place: Where the object stands, as the client spells it; empty: it is the body.
    """

    def __init__(self, data: Any, place: str = "") -> None:
        """Take an object.

        Args:
            data: As decoded.
            place: Where it stands.

        Raises:
            BadRequest: It is no object.
        """
        if not isinstance(data, Mapping):
            raise wrong(place, "expected an object")
        self.place = place
        self._data = data

    def spelt(self, name: str) -> str:
        """Return where a field stands, spelt as the client did.

        Args:
            name: Its name in camel case.
        """
        other = _snake(name)
        own = other if other in self._data and self._data.get(name) is None else name
        return f"{self.place}.{own}" if self.place else own

    def raw(self, name: str) -> Any:
        """Return a field as decoded; None: it is absent."""
        value = self._data.get(name)
        return self._data.get(_snake(name)) if value is None else value

    def named(self) -> Iterator[tuple[str, str]]:
        """Give the names of all fields that are there, in camel case, with their places."""
        for name, value in self._data.items():
            if value is not None:
                yield _camel(name), f"{self.place}.{name}" if self.place else name

    def text(self, name: str) -> str | None:
        """Return a text; None: it is absent."""
        value = self.raw(name)
        if value is not None and not isinstance(value, str):
            raise wrong(self.spelt(name), "expected a string")
        return value

    def needed(self, name: str) -> str:
        """Return a text that must be there, and not be empty."""
        value = self.text(name)
        if not value:
            raise wrong(self.spelt(name), "is required")
        return value

    def flag(self, name: str) -> bool:
        """Return a switch; an absent one is off."""
        value = self.raw(name)
        if value is not None and not isinstance(value, bool):
            raise wrong(self.spelt(name), "expected true or false")
        return value or False

    def number(self, name: str, low: float, high: float) -> float | None:
        """Return a number between two bounds, these included; None: it is absent."""
        value = self.raw(name)
        if value is None:
            return None
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong(self.spelt(name), "expected a number")
        if not low <= value <= high:
            raise wrong(self.spelt(name), f"must be between {low:g} and {high:g}")
        return float(value)

    def integer(self, name: str, low: int, high: int) -> int | None:
        """Return a whole number between two bounds, these included; None: it is absent."""
        value = self.raw(name)
        if value is None:
            return None
        if isinstance(value, str) and _INTEGER.fullmatch(value):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong(self.spelt(name), "expected a whole number")
        if not low <= value <= high:
            raise wrong(self.spelt(name), f"must be between {low} and {high}")
        return value

    def word(self, name: str, *words: str) -> str | None:
        """Return one of some words, in capitals; None: it is absent."""
        value = self.text(name)
        if value is None:
            return None
        if value.upper() not in words:
            raise wrong(self.spelt(name), f"must be one of {', '.join(words)}")
        return value.upper()

    def inner(self, name: str) -> Fields | None:
        """Return an object; None: it is absent."""
        value = self.raw(name)
        return None if value is None else Fields(value, self.spelt(name))

    def each(self, name: str) -> list[Fields]:
        """Return the objects of a list; one that stands alone counts as a list of one."""
        value = self.raw(name)
        place = self.spelt(name)
        if isinstance(value, Mapping):
            return [Fields(value, place)]
        if value is not None and not isinstance(value, list):
            raise wrong(place, "expected a list")
        return [Fields(one, f"{place}[{at}]") for at, one in enumerate(value or ())]

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of a list; an absent one is empty."""
        value = self.raw(name)
        place = self.spelt(name)
        if value is not None and not isinstance(value, list):
            raise wrong(place, "expected a list")
        for at, one in enumerate(value or ()):
            if not isinstance(one, str):
                raise wrong(f"{place}[{at}]", "expected a string")
        return tuple(value or ())

    def anything(self, name: str) -> dict[str, Any] | None:
        """Return an object in which anything may stand; None: it is absent.

        Raises:
            BadRequest: It is no object, or is nested too deeply to be worked with.
        """
        value = self.raw(name)
        place = self.spelt(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise wrong(place, "expected an object")
        level: list[Any] = [value]
        for _ in range(MAX_DEPTH):
            level = [
                inner
                for one in level
                for inner in (one.values() if isinstance(one, dict) else one)
                if isinstance(inner, dict | list)
            ]
            if not level:
                return value
        raise wrong(place, "is nested too deeply")


def wrong(place: str, what: str) -> BadRequest:
    """Return the error that names a field.

    Args:
        place: Where it stands, as the client spells it; empty: it is the body.
        what: What is wrong with it.
    """
    if not place:
        return BadRequest(f"the body: {what}")
    return BadRequest(f"{place}: {what}", field=place)


def _snake(name: str) -> str:
    return _CAPITAL.sub(lambda found: f"_{found[0].lower()}", name)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join([word[:1].upper() + word[1:] for word in rest])
