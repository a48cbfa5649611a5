"""What a part of the page is for, and how it is found there."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from plugway import ConfigurationError

#: When a part is there: always; for models that have the feature; while something is open or
#: under way; or only when the page has something to say.
Need = Literal["always", "model", "moment", "maybe"]

#: What may follow a selector: a text that the element holds, in any case of its letters.
_WITH_TEXT = re.compile(r'(?P<css>.+):has-text\("(?P<text>[^"]+)"\)', re.DOTALL)


class Selector(msgspec.Struct, frozen=True):
    """Is one way to find a part.

    Attributes:
        css: Selector in CSS.
        text: What the element's text holds; empty: anything.
        source: Where it is known from.

    Example:
        >>> Selector.read('button:has-text("Discard")', "settings").text
        'Discard'
    """

    css: str
    text: str = ""
    source: str = ""

    @classmethod
    def read(cls, written: str, source: str) -> Selector:
        """Take a selector as people write it.

        Args:
            written: CSS, and at its end perhaps `:has-text("…")`.
            source: Where it is known from.

        Raises:
            ConfigurationError: It cannot be one.
        """
        if not written.strip() or not written.isprintable():
            raise ConfigurationError("expected a selector in CSS")
        if (match := _WITH_TEXT.fullmatch(written.strip())) is not None:
            return cls(match["css"], match["text"], source)
        return cls(written.strip(), "", source)

    def __str__(self) -> str:
        return f'{self.css}:has-text("{self.text}")' if self.text else self.css


class Purpose(msgspec.Struct, frozen=True, kw_only=True):
    """Is a part of the page that is used.

    Attributes:
        name: What it is called in settings, in messages and by `plugway aistudio check`.
        need: When it is there.
        selectors: The ways to find it, newest first.
        within: Part that has to be open for it, such as a panel; empty: none.
        hidden: It is used although nobody sees it.
        note: What models or layouts it belongs to, for people.
    """

    name: str
    need: Need
    selectors: tuple[Selector, ...]
    within: str = ""
    hidden: bool = False
    note: str = ""
