"""Declarations of functions, entered in the page's own dialog."""

from __future__ import annotations

import hashlib

from plugway import BadRequest, UnreadableAnswer
from plugway_aistudio.page.dom import Dom
from plugway_aistudio.page.seen import Condition, Seen, Step

#: Seconds until the dialog is open, has taken the text, or is closed.
_DIALOG = 5.0

#: Characters of the dialog's words that are passed on.
_WORDS = 500

_OPEN = ("functions_text", "functions_tab")


class FunctionsDialog:
    """Enters declarations, and none that are there already."""

    def __init__(self, dom: Dom) -> None:
        """Take the page.

        Args:
            dom: Its parts.
        """
        self._dom = dom
        self._entered = ""

    def forget(self) -> None:
        """Take what was entered for lost: the page was loaded anew, or the switch was off."""
        self._entered = ""

    async def enter(self, declarations: str) -> None:
        """Have these declarations on the page, whose switch for functions is on.

        Args:
            declarations: JSON text of their array.

        Raises:
            BadRequest: The dialog does not take them; with its words.
            UnreadableAnswer: The dialog is not the one that is known.
            UpstreamInterrupted: The page went elsewhere, was closed or crashed.
        """
        digest = hashlib.sha256(declarations.encode()).hexdigest()
        if digest == self._entered:
            return
        self._entered = ""
        await self._open()
        view = await self._dom.do(
            Step(does="set", name="functions_text", value=declarations, blur=True),
            until=[[Condition("functions_error")], [Condition("functions_save", "enabled")]],
            look=["functions_text", "functions_save", "functions_error"],
            millis=1_000,
        )
        for name in ("functions_text", "functions_save"):
            if view[name] is None:
                raise self._dom.missing(name)
        if (error := view["functions_error"]) is None:
            error = await self._saved()
        if error is not None:
            await self._abandon()
            raise BadRequest(
                f"functions: AI Studio's page does not take these: {error.text[:_WORDS]}",
                field="functions",
            )
        self._entered = digest

    async def _open(self) -> None:
        if not all((await self._dom.do(Step(does="click", name="functions_edit"))).steps):
            await self._dom.need("functions_edit", seconds=_DIALOG)
            await self._dom.do(Step(does="click", name="functions_edit"))
        opened = [[Condition(name)] for name in _OPEN]
        if (await self._dom.wait(*opened, seconds=_DIALOG)).met < 0:
            raise self._dom.missing("functions_text")
        # A tab may hide the text, or the text may be there without tabs.
        await self._dom.do(
            Step(does="click", name="functions_tab"), until=[[Condition("functions_text")]]
        )
        await self._dom.need("functions_text", seconds=_DIALOG)

    async def _saved(self) -> Seen | None:
        """Save, and return what the dialog says against it; None: it has taken them."""
        closed, refused = [Condition("functions_text", "gone")], [Condition("functions_error")]
        view = await self._dom.do(
            Step(does="click", name="functions_save"),
            until=[refused, closed],
            look=["functions_error"],
            millis=1_000,
        )
        if view.met == 1:
            return None
        if (error := view["functions_error"]) is not None:
            return error
        # It is saved, and the dialog stays open.
        await self._dom.do(Step(does="click", name="functions_close"), until=[closed], millis=1_000)
        if (await self._dom.wait(closed, seconds=_DIALOG)).met < 0:
            raise UnreadableAnswer("The page's dialog for functions does not close.", acted=False)
        return None

    async def _abandon(self) -> None:
        """Close the dialog; what is in it is not saved."""
        closed = [Condition("functions_text", "gone")]
        view = await self._dom.do(
            Step(does="click", name="functions_close"), until=[closed], millis=500
        )
        if view.met < 0:
            await self._dom.type("Escape")
            await self._dom.wait(closed, seconds=_DIALOG)
