"""The one face that the official packages have in tests, for what holds whichever is asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Protocol

import msgspec
from sdk_office import MODEL


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Is a question.

    Attributes:
        said: What the user says last.
        model: Who is asked.
        system: What the model is told before; empty: nothing.
        before: What the user and the model have said in turn.
        image: Bytes of a PNG, or where it is.
        thinks: Thoughts are wanted.
    """

    said: str
    model: str = MODEL
    system: str = ""
    before: tuple[str, ...] = ()
    image: bytes | str | None = None
    thinks: bool = False

    def turns(self) -> list[tuple[bool, str]]:
        """Return what was said, each with whether the user did."""
        return [(number % 2 == 0, text) for number, text in enumerate((*self.before, self.said))]


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """Is a whole answer.

    Attributes:
        text: What was said.
        asked: Tokens of the request, as the client is told.
        answered: Tokens of the answer, thoughts included.
        images: What was drawn.
        videos: What was filmed.
        thoughts: The reasoning, as far as it was shown.
        sources: Addresses and titles of sources.
    """

    text: str
    asked: int
    answered: int
    images: tuple[bytes, ...] = ()
    videos: tuple[bytes, ...] = ()
    thoughts: str = ""
    sources: tuple[tuple[str, str], ...] = ()


class Speaker(Protocol):
    """Asks with one official package.

    Attributes:
        errors: What the package raises, by status.
    """

    errors: Mapping[int, type[Exception]]

    async def ask(self, asked: Asked | str, *, key: str | None = None) -> Reply:
        """Ask for a whole answer, with a key of the user's if it is not the usual one."""

    def stream(self, asked: Asked | str) -> AsyncGenerator[str, None]:
        """Ask, and give the answer's words as they come."""

    async def models(self) -> set[str]:
        """List the models, page after page."""

    async def wrong(self) -> None:
        """Ask for what cannot be."""

    def told(self, error: Exception) -> tuple[int, Any]:
        """Return the status of an error, and the headers of its answer."""


def question(asked: Asked | str) -> Asked:
    """Return a question; a text is one that is asked as usual."""
    return Asked(said=asked) if isinstance(asked, str) else asked
