"""System instructions, in the page's own box for them."""

from __future__ import annotations

from plugway import BadRequest, UnreadableAnswer
from plugway_aistudio.page.dom import Dom
from plugway_aistudio.page.seen import Condition, Step

#: Seconds until the box is open or closed.
_BOX = 3.0


class SystemText:
    """Has the system instructions of a question in their box, and nothing else."""

    def __init__(self, dom: Dom) -> None:
        """Take the page.

        Args:
            dom: Its parts.
        """
        self._dom = dom
        #: The box is known to be empty, or to hold what an earlier question has put there.
        self._empty = self._filled = False

    def forget(self) -> None:
        """Take what is in the box for unknown: the page was loaded anew."""
        self._empty = self._filled = False

    async def enter(self, text: str) -> None:
        """Have a text in the box.

        Args:
            text: Empty: none.

        Raises:
            BadRequest: The page has no box for this model.
            UnreadableAnswer: The box does not keep it.
            UpstreamInterrupted: The page went elsewhere, was closed or crashed.
        """
        if not text and self._empty:
            return
        opened = await self._open()
        if opened is None:
            if text:
                raise BadRequest(
                    "system: AI Studio's page takes no system instructions for this model",
                    field="system",
                )
            if self._filled:
                # What another client has said would speak to this one's model.
                raise self._dom.missing("system_open")
            return
        self._empty, self._filled = False, True
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        held = [Condition("system_text", "value", text)]
        view = await self._dom.do(
            Step(does="set", name="system_text", value=text, blur=True), until=[held]
        )
        if view.met < 0:
            raise UnreadableAnswer("The page does not keep the system instructions.", acted=False)
        if opened:
            await self._close()
        self._empty, self._filled = not text, bool(text)

    async def _open(self) -> bool | None:
        """Open the box; return whether that was needed, None: there is none."""
        seen = await self._dom.look("system_text", "system_open")
        if seen["system_text"] is not None:
            return False
        if seen["system_open"] is None:
            return None
        there = [Condition("system_text")]
        await self._dom.do(Step(does="click", name="system_open"), until=[there])
        if (await self._dom.wait(there, seconds=_BOX)).met < 0:
            raise self._dom.missing("system_text")
        return True

    async def _close(self) -> None:
        """Close the box, which may lie over the page."""
        gone = [Condition("system_text", "gone")]
        if (await self._dom.look("system_close"))["system_close"] is not None:
            await self._dom.do(Step(does="click", name="system_close"), until=[gone])
        elif (await self._dom.look("overlay"))["overlay"] is not None:
            await self._dom.type("Escape")
            await self._dom.wait(gone, seconds=_BOX)
