"""One page's parts: looked at, used and waited for, in as few round trips as can be."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

import msgspec

from plugway import (
    ConfigurationError,
    PlugwayError,
    UnreadableAnswer,
    UpstreamInterrupted,
)
from plugway_aistudio.page.seen import Condition, Seen, Step, View
from plugway_aistudio.page.selectors import Selectors

if TYPE_CHECKING:
    from playwright.async_api import Page

    from plugway import Clock

#: Milliseconds that the page waits by itself before it tells how it is.
SLICE = 250

#: How often an order is given again that the page forgot because it loads itself anew, and the
#: seconds between.
_AGAIN, _BETWEEN = 40, 0.05

_BAD_SELECTOR = re.compile(r"selector (\w+) (\d+) is not CSS")
_MOVED = ("Execution context was destroyed", "Cannot find context", "navigat", "Frame was detached")


#: What the driver's package says when the driver was killed, of which it tells nobody otherwise,
#: and of whatever is gone for another reason.
_DRIVER, _CLOSED = "Connection closed", "has been closed"


class Dom:
    """Uses the parts of one page by their names.

    A look and everything that is done before it are one evaluation in the page: a round trip
    costs more than all of the work.
    """

    def __init__(self, page: Page, selectors: Selectors, clock: Clock) -> None:
        """Take the page.

        Args:
            page: Nobody else uses it.
            selectors: Its parts.
            clock: The gateway's.
        """
        self.page = page
        self.selectors = selectors
        self.clock = clock
        self._script = files(__package__).joinpath("dom.js").read_text(encoding="utf-8")
        self._parts = selectors.plain()
        self._hidden = [one.name for one in selectors if one.hidden]

    async def do(
        self,
        *steps: Step,
        until: Sequence[Sequence[Condition]] = (),
        look: Sequence[str] = (),
        millis: int = SLICE,
        moves: bool = False,
    ) -> View:
        """Do steps, wait for a moment until a group of conditions holds, and look.

        Args:
            steps: Done in order; one whose part is not there is passed over.
            until: Groups; the first of them in which all conditions hold ends the waiting.
            look: Names of parts.
            millis: Longest wait.
            moves: A step may make the page load itself anew.

        Returns:
            What it came to; its `seen` has the parts that were looked for.

        Raises:
            ConfigurationError: A selector of the operator's is no CSS.
            UpstreamInterrupted: The page went elsewhere, was closed or crashed, or the browser
                ended.
        """
        from playwright.async_api import Error

        used = {*look, *[one.name for one in steps]}
        used.update([one.name for group in until for one in group])
        order = {
            "parts": {name: self._parts[name] for name in used},
            "hidden": self._hidden,
            "steps": [_plain(step) for step in steps],
            "until": [[one.plain() for one in group] for group in until],
            "millis": millis,
            "look": list(look),
        }
        for _ in range(_AGAIN):
            try:
                answer = await self.page.evaluate(self._script, order)
            except Error as error:
                if (moves or not steps) and _moved(error) and not self.page.is_closed():
                    # Where it went it can be looked at as well, once it is there.
                    order["steps"] = []
                    await asyncio.sleep(_BETWEEN)
                    continue
                raise self.problem(error) from None
            return msgspec.convert(answer, View, strict=False)
        raise UpstreamInterrupted("The page loads itself again and again.", acted=False)

    async def look(self, *names: str) -> dict[str, Seen | None]:
        """Look at parts, all at once.

        Args:
            names: Their names.

        Raises:
            UpstreamInterrupted: As `do`.
        """
        return (await self.do(look=names)).seen

    async def wait(
        self,
        *groups: Sequence[Condition],
        seconds: float,
        look: Sequence[str] = (),
    ) -> View:
        """Wait until all conditions of a group hold.

        Args:
            groups: Several: any of them.
            seconds: Longest wait.
            look: Names of parts to look at then.

        Returns:
            The view; its `met` is -1 when the time was over.

        Raises:
            UpstreamInterrupted: As `do`.
        """
        end = self.clock.monotonic() + seconds
        while True:
            view = await self.do(until=groups, look=look)
            if view.met >= 0 or self.clock.monotonic() >= end:
                return view

    async def need(self, *names: str, seconds: float) -> dict[str, Seen]:
        """Wait until parts are there.

        Args:
            names: Their names.
            seconds: Longest wait.

        Raises:
            UnreadableAnswer: One is not; the message names it, and what was tried.
            UpstreamInterrupted: As `do`.
        """
        view = await self.wait([Condition(name) for name in names], seconds=seconds, look=names)
        found = {name: seen for name, seen in view.seen.items() if seen is not None}
        for name in names:
            if name not in found:
                raise self.missing(name)
        return found

    def missing(self, name: str) -> UnreadableAnswer:
        """Return the error of a part that is not there.

        Args:
            name: Its name.
        """
        tried = ", ".join([str(way) for way in self.selectors[name].selectors])
        return UnreadableAnswer(
            f"The page has no {name}; tried: {tried}. `plugway aistudio check` tells more.",
            acted=False,
        )

    async def press(self, name: str) -> bool:
        """Click as a mouse does; for what a click by script does not move.

        Args:
            name: The part.

        Returns:
            Whether it is there, and nothing lies over it.

        Raises:
            UpstreamInterrupted: As `do`.
        """
        from playwright.async_api import Error

        view = await self.do(Step(does="select", name=name), look=[name])
        seen = view[name]
        if seen is None or seen.covered:
            return False
        try:
            await self.page.mouse.click(seen.x, seen.y)
        except Error as error:
            raise self.problem(error) from None
        return True

    async def type(self, keys: str) -> None:
        """Press keys where the cursor is.

        Args:
            keys: Such as `Control+Enter`.

        Raises:
            UpstreamInterrupted: As `do`.
        """
        from playwright.async_api import Error

        try:
            await self.page.keyboard.press(keys)
        except Error as error:
            raise self.problem(error) from None

    async def insert(self, text: str) -> None:
        """Write where the cursor is.

        Args:
            text: In place of what is selected.

        Raises:
            UpstreamInterrupted: As `do`.
        """
        from playwright.async_api import Error

        try:
            await self.page.keyboard.insert_text(text)
        except Error as error:
            raise self.problem(error) from None

    def problem(self, error: Exception) -> PlugwayError:
        """Return what an error of the driver means here; its own text may hold secrets."""
        if (match := _BAD_SELECTOR.search(str(error))) is not None:
            way = self.selectors[match[1]].selectors[int(match[2])]
            return ConfigurationError(
                f"plugins.aistudio.selectors.{match[1]}: {way.css!r} is no selector in CSS",
                field=f"selectors.{match[1]}",
            )
        return interrupted(self.page, error)


def interrupted(page: Page, error: Exception) -> UpstreamInterrupted:
    """Return the error of a page that could not do what it was told.

    Args:
        page: The page.
        error: The driver's, whose text may hold secrets.
    """
    browser = page.context.browser
    dead = browser is not None and not browser.is_connected()
    if dead or _DRIVER in str(error):
        message = "The browser ended."
    elif "crash" in str(error).lower():
        message = "The page crashed."
    elif page.is_closed() or _CLOSED in str(error):
        message = "The page was closed."
    elif _moved(error):
        message = "The page went elsewhere."
    else:
        message = "The page did not do what it was told."
    return UpstreamInterrupted(message, acted=False, charged=False)


def _moved(error: Exception) -> bool:
    return any(sign in str(error) for sign in _MOVED)


def _plain(step: Step) -> dict[str, object]:
    return {name: getattr(step, name) for name in step.__struct_fields__}
