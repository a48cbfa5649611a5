"""What AI Studio is asked, whichever way it is asked."""

from __future__ import annotations

from typing import Literal

import msgspec

from plugway import ChatRequest

#: Levels of thinking as the page names them (reference: "Selectors", thinking level).
Level = Literal["minimal", "low", "medium", "high"]


class File(msgspec.Struct, frozen=True):
    """Is a file that goes beside the text.

    Attributes:
        name: Unique in its question; the text names it so.
        mime_type: Such as `image/png`.
        data: Its bytes.
    """

    name: str
    mime_type: str
    data: bytes

    def __repr__(self) -> str:
        return f"File({self.name!r}, {self.mime_type!r}, {len(self.data)} bytes)"


class Thinking(msgspec.Struct, frozen=True, kw_only=True):
    """Says how much the model is to think.

    Attributes:
        on: Off: not at all, where the model can be told so.
        budget: Tokens at the most; None: as the model likes. Only for models with a budget.
        level: For models that have levels in place of a budget; None: as the model likes.
    """

    on: bool = True
    budget: int | None = None
    level: Level | None = None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Is one question to one model, in a new chat.

    What is None is what the page has for a new chat: a setting of an earlier question is never
    left over.

    Attributes:
        model: Its id, without `models/`.
        text: What the user says; empty only beside files.
        system: The system instructions; empty: none.
        files: Beside the text, in the order in which the text names them.
        temperature: 0 to 2.
        top_p: 0 to 1.
        max_tokens: Most tokens of the answer.
        stop: Texts before which the answer ends.
        thinking: How much to think; None: as the model likes.
        search: Ground the answer with Google search.
        url_context: Read the addresses that the text names.
        code_execution: Let the model run code of its own.
        functions: JSON text of the array of function declarations, as the page's dialog takes
            it; empty: none.
        request: The same as the client said it, its media loaded, for drivers that speak an API
            of the upstream's own; None: nobody said it.
    """

    model: str
    text: str
    system: str = ""
    files: tuple[File, ...] = ()
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    thinking: Thinking | None = None
    search: bool = False
    url_context: bool = False
    code_execution: bool = False
    functions: str = ""
    request: ChatRequest | None = None
