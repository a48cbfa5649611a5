"""What the page shows, and what it is told to do."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Is a part of the page as it is shown now.

    Attributes:
        at: Which of its selectors found it, from 0.
        count: How many of them there are.
        value: What is entered, the beginning of it.
        length: Length of all that is entered, in units of UTF-16.
        text: What is written there, in one line.
        texts: The same of all of them, 100 at most.
        on: A switch: whether it is on; None: it is none.
        expanded: What opens another part: whether that is open; None: it does not say.
        disabled: It takes nothing.
        covered: A mouse would hit something else.
        x: Its middle, pixels from the left.
        y: Its middle, pixels from above.
    """

    at: int
    count: int = 1
    value: str = ""
    length: int = 0
    text: str = ""
    texts: tuple[str, ...] = ()
    on: bool | None = None
    expanded: bool | None = None
    disabled: bool = False
    covered: bool = False
    x: float = 0.0
    y: float = 0.0


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Is one thing to do.

    Attributes:
        does: `click`; `set` a value; `enter` a value and press Enter; `remove` from the page;
            `select`: put the cursor there.
        name: The part.
        value: What to set or enter.
        text: Only the one that holds this text, in any case of its letters.
        every: All of them, not only the first.
        blur: Leave it when the value is set.
    """

    does: Literal["click", "set", "enter", "remove", "select"]
    name: str
    value: str = ""
    text: str = ""
    every: bool = False
    blur: bool = False


class Condition(msgspec.Struct, frozen=True):
    """Is something to wait for.

    Attributes:
        name: The part.
        state: How it has to be.
        value: For `value`, `number`, `text`, whose letters may be of any case, and `count`.
    """

    name: str
    state: Literal[
        "shown", "gone", "enabled", "disabled", "on", "off", "value", "number", "text", "count"
    ] = "shown"
    value: str | float | None = None

    def plain(self) -> dict[str, Any]:
        """Return it as the script in the page takes it."""
        return {"name": self.name, "is": self.state, "value": self.value}


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Is what an order came to.

    Attributes:
        steps: For each step whether the part was there.
        met: Number of the group of conditions that holds; -1: none does.
        seen: The parts that were looked for; None: not there.
        url: Where the page is.
    """

    steps: tuple[bool, ...] = ()
    met: int = -1
    seen: dict[str, Seen | None] = {}
    url: str = ""

    def __getitem__(self, name: str) -> Seen | None:
        return self.seen[name]
