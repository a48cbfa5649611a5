"""A walk over all parts of the page: which way finds each, and which finds none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from plugway_aistudio.page.chat import Chat
from plugway_aistudio.page.dom import Dom
from plugway_aistudio.page.purpose import Purpose
from plugway_aistudio.page.seen import Condition, Seen, Step

#: Seconds until something that is opened shows what is in it.
_OPENING = 2.0

State = Literal["found", "missing", "absent"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Is what became of one part.

    Attributes:
        purpose: The part.
        state: `found`; `missing`: it has to be there; `absent`: it does not have to be now.
        at: Which of its selectors found it, from 0; -1: none.
    """

    purpose: Purpose
    state: State
    at: int = -1

    def __str__(self) -> str:
        name = f"{self.purpose.name:<17}"
        if self.state == "found":
            way = self.purpose.selectors[self.at]
            return f"{name} {self.at + 1}/{len(self.purpose.selectors)}  {way}"
        if self.state == "missing":
            tried = ", ".join([str(way) for way in self.purpose.selectors])
            return f"{name} MISSING  tried: {tried}"
        return f"{name} -    only {self.purpose.note}"


class Check:
    """Walks over the parts of a page that is open, as a person would who looks for them.

    It enters a text that is never sent, and leaves everything as it was or as a new chat is.
    """

    def __init__(self, dom: Dom, chat: Chat) -> None:
        """Take the page.

        Args:
            dom: Its parts.
            chat: Its chats.
        """
        self._dom = dom
        self._chat = chat
        self._found: dict[str, int] = {}
        #: Parts that have to be there because what they are in was opened.
        self._due: set[str] = set()

    async def walk(self) -> list[Finding]:
        """Look for every part, and open what has to be opened for it.

        Raises:
            UpstreamInterrupted: The page went elsewhere, was closed or crashed.
        """
        await self._look()
        await self._chat.clear_the_way()
        await self._panels()
        await self._system()
        await self._thinking()
        await self._functions()
        await self._stop()
        await self._menus()
        await self._look()
        return list(self._findings())

    def _findings(self) -> Iterator[Finding]:
        for one in self._dom.selectors:
            if one.name in self._found:
                yield Finding(purpose=one, state="found", at=self._found[one.name])
            elif one.need == "always" or one.name in self._due:
                yield Finding(purpose=one, state="missing")
            else:
                yield Finding(purpose=one, state="absent")

    async def _look(self) -> dict[str, Seen | None]:
        return self._note(await self._dom.look(*[one.name for one in self._dom.selectors]))

    def _note(self, seen: dict[str, Seen | None]) -> dict[str, Seen | None]:
        for name, part in seen.items():
            if part is not None:
                self._found.setdefault(name, part.at)
        return seen

    async def _click(self, name: str, *until: str) -> dict[str, Seen | None]:
        """Click a part, wait for one of others, and look at everything."""
        await self._dom.do(Step(does="click", name=name))
        if until:
            await self._dom.wait(*[[Condition(one)] for one in until], seconds=_OPENING)
        return await self._look()

    async def _panels(self) -> None:
        for panel, inside in (("advanced_panel", "max_tokens"), ("tools_panel", "search")):
            seen = await self._look()
            if seen[panel] is not None and seen[inside] is None:
                await self._click(panel, inside)

    async def _system(self) -> None:
        seen = await self._look()
        if seen["system_text"] is None and seen["system_open"] is not None:
            seen = await self._click("system_open", "system_text")
            if seen["system_close"] is not None:
                await self._click("system_close")
            else:
                await self._escape()

    async def _thinking(self) -> None:
        seen = await self._look()
        if seen["budget_switch"] is not None:
            self._due.add("budget")
            if not seen["budget_switch"].on:
                await self._click("budget_switch", "budget")
                await self._click("budget_switch")
        if seen["thinking_level"] is not None:
            self._due.add("level_option")
            await self._click("thinking_level", "level_option")
            await self._escape()

    async def _functions(self) -> None:
        seen = await self._look()
        switch = seen["functions_switch"]
        if switch is None:
            return
        self._due |= {"functions_edit", "functions_text", "functions_save"}
        if not switch.on:
            await self._click("functions_switch", "functions_edit")
        seen = await self._click("functions_edit", "functions_text", "functions_tab")
        if seen["functions_text"] is None:
            seen = await self._click("functions_tab", "functions_text")
        if seen["functions_text"] is not None:
            # What cannot be: that shows where the dialog says so, and saves nothing.
            await self._dom.do(Step(does="set", name="functions_text", value="[{", blur=True))
            await self._click("functions_save", "functions_error")
        await self._click("functions_close")
        await self._escape()
        if not switch.on:
            await self._click("functions_switch")

    async def _stop(self) -> None:
        await self._dom.do(Step(does="enter", name="stop_add", value="plugway"))
        seen = await self._look()
        if seen["stop_add"] is not None:
            self._due |= {"stop_chip", "stop_remove"}
        if seen["stop_remove"] is not None:
            await self._click("stop_remove")

    async def _menus(self) -> None:
        seen = await self._look()
        if seen["temporary"] is None and seen["more_actions"] is not None:
            self._due.add("temporary")
            await self._click("more_actions", "temporary")
        await self._click("temporary", "temporary_on")
        self._due |= {"temporary", "temporary_on"}
        await self._escape()
        await self._click("add_media", "upload_item", "file_input")
        self._due |= {"upload_item"}
        await self._escape()

    async def _escape(self) -> None:
        if (await self._dom.look("overlay"))["overlay"] is not None:
            await self._dom.type("Escape")
            await self._dom.wait([Condition("overlay", "gone")], seconds=_OPENING)


def told(findings: list[Finding], say: Callable[[str], None]) -> bool:
    """Tell what was found.

    Args:
        findings: Of a walk.
        say: Takes one line.

    Returns:
        Whether everything is there that has to be.
    """
    for one in findings:
        say(str(one))
    missing = [one.purpose.name for one in findings if one.state == "missing"]
    if missing:
        say(f"broken: {', '.join(missing)}")
        say("name another selector in plugins.aistudio.selectors, and check again")
    return not missing


async def shoot(dom: Dom, file: Path) -> None:
    """Save a picture of the whole page.

    Args:
        dom: The page.
        file: Where to, a PNG; one that is there is replaced.

    Raises:
        UpstreamInterrupted: The page went elsewhere, was closed or crashed.
    """
    from playwright.async_api import Error

    try:
        await dom.page.screenshot(path=str(file), full_page=True)
    except Error as error:
        raise dom.problem(error) from None
