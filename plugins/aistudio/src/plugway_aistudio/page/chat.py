"""A new chat for every question: with the model asked for, temporary or not, and clean."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from plugway import NotFound, UnreadableAnswer
from plugway_aistudio.page.dom import Dom
from plugway_aistudio.page.notices import PARTS, meaning
from plugway_aistudio.page.seen import Condition, Seen, Step

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

#: Where the page begins a chat (reference: "How actions are done").
NEW_CHAT = "/prompts/new_chat"

#: Seconds until the page has a chat, until a dialog that is asked for comes or goes, until it
#: shows the model, and until it shows one that is not in its list.
_READY, _DIALOG, _MODEL, _UNKNOWN = 30.0, 2.0, 10.0, 1.0

#: How often a dialog is answered that comes again.
_TIMES = 3

#: What must be gone before anything is entered.
_IN_THE_WAY = ("discard", "agree", "survey", "overlay")

#: A chat in which nothing was asked or entered.
_EMPTY = (
    Condition("turn", "gone"),
    Condition("attachment", "gone"),
    Condition("prompt", "value", ""),
)

_SIGNS = re.compile(r"[^a-z0-9]+")


class Chat:
    """Begins chats on one page."""

    def __init__(
        self,
        dom: Dom,
        base: str,
        visit: Callable[[str], Awaitable[None]],
        titles: Mapping[str, str],
    ) -> None:
        """Take the page.

        Args:
            dom: Its parts.
            base: Scheme and host of AI Studio.
            visit: Leads the page to an address there, and raises what it meets on the way.
            titles: How the page calls models, by id, as far as that is known; it may grow.
        """
        self._dom = dom
        self._titles = titles
        self._base = base
        self._visit = visit
        #: The model that the page has; empty: not known.
        self.model = ""
        #: Nothing has been asked in the chat that is open.
        self.fresh = False
        #: The page has arrived at a chat, with a model of its own choice.
        self._arrived = False

    async def first(self, model: str) -> None:
        """Lead a page that has just been opened to its first chat.

        Args:
            model: The model that is likely to be asked; empty: the page's own choice.

        Raises:
            UpstreamError: As the visit raises.
        """
        query = f"?model={quote(model, safe='')}" if model else ""
        await self._visit(f"{self._base}{NEW_CHAT}{query}")
        await self.clear_the_way()
        self._arrived = True

    def forget(self) -> None:
        """Take the page for one that has to be loaded anew."""
        self.model, self.fresh, self._arrived = "", False, False

    async def begin(self, model: str, *, temporary: bool) -> bool:
        """Have a new chat with a model.

        Args:
            model: Its id.
            temporary: AI Studio does not keep the chat.

        Returns:
            Whether the page was loaded anew for it.

        Raises:
            NotFound: The page has no such model.
            UnreadableAnswer: The page is not the one that is known.
            UpstreamError: As the visit raises.
        """
        loaded = model != self.model or not (self.fresh or await self.clear())
        if loaded and not await self._has_arrived(model):
            await self._load(model)
        await self._set_temporary(wanted=temporary)
        return loaded

    async def prepare(self, *, temporary: bool) -> None:
        """Begin a chat for the next question before it comes, with the same model.

        Args:
            temporary: As in `begin`.

        Raises:
            UpstreamError: What is not ready then; `begin` tries again.
        """
        if await self.clear():
            await self._set_temporary(wanted=temporary)

    async def clear(self) -> bool:
        """Begin a chat by the page's own button, which is quicker than to load the page.

        Returns:
            Whether it has worked. It has not where the page still shows an error: the next
            question would be told that it is its own.

        Raises:
            UpstreamInterrupted: The page went elsewhere, was closed or crashed.
        """
        self.fresh = False
        clean = (*_EMPTY, *_nothing())
        asked = (Condition("discard"),)
        await self.clear_the_way()
        view = await self._dom.do(
            Step(does="click", name="new_chat"),
            until=[asked, clean],
            look=PARTS,
            moves=True,
        )
        if not all(view.steps):
            return False
        if view.met < 0:
            view = await self._dom.wait(asked, clean, seconds=_DIALOG, look=PARTS)
        for _ in range(_TIMES):
            if view.met != 0:
                break
            await self._dom.do(Step(does="click", name="discard"), moves=True)
            view = await self._dom.wait(asked, clean, seconds=_DIALOG, look=PARTS)
        self.fresh = view.met == 1 and not any(view[name] for name in PARTS)
        return self.fresh

    async def clear_the_way(self) -> None:
        """Answer dialogs that want consent, and remove what lies over the page.

        Raises:
            UpstreamInterrupted: The page went elsewhere, was closed or crashed.
        """
        seen = await self._dom.look(*_IN_THE_WAY)
        for _ in range(_TIMES):
            if not any(seen.values()):
                return
            if seen["agree"]:
                step = Step(does="click", name="agree")
            elif seen["discard"]:
                step = Step(does="click", name="discard")
            elif seen["survey"]:
                step = Step(does="remove", name="survey", every=True)
            else:
                await self._dom.type("Escape")
                step = Step(does="select", name="prompt")
            view = await self._dom.do(
                step, until=[_nothing()], look=_IN_THE_WAY, moves=True, millis=500
            )
            seen = view.seen
        if any(seen.values()):
            # What neither an answer nor Escape moves is taken away.
            await self._dom.do(
                Step(does="remove", name="survey", every=True),
                Step(does="remove", name="overlay", every=True),
            )

    async def _has_arrived(self, model: str) -> bool:
        """Say whether the page has begun by itself with what is wanted."""
        if not self._arrived:
            return False
        self._arrived = False
        seen = await self._dom.look("model_name", "turn")
        shown = seen["model_name"]
        if shown is None or seen["turn"] is not None or not self._is(shown, model):
            return False
        self.model, self.fresh = model, True
        return True

    async def _load(self, model: str) -> None:
        self.forget()
        await self._visit(f"{self._base}{NEW_CHAT}?model={quote(model, safe='')}")
        await self._listed(model)
        await self.clear_the_way()
        shown = await self._shown(model)
        if not self._is(shown, model):
            raise NotFound(f"AI Studio's page has no model {model!r}", field="model")
        if (await self._dom.look("turn"))["turn"] is not None:
            raise UnreadableAnswer("The page's new chat is not empty.", acted=False)
        self.model, self.fresh = model, True

    async def _listed(self, model: str) -> None:
        """Wait until the page has its models, or says that it does not get them."""
        view = await self._dom.wait(
            [Condition("prompt"), Condition("model_name")],
            *[[Condition(name)] for name in PARTS],
            seconds=_READY,
            look=["prompt", "model_name", *PARTS],
        )
        error = None
        if view.met != 0:
            error = meaning(view.seen, model=model, now=self._dom.clock.now() / 1_000_000)
        if error is not None:
            raise error
        for name in ("prompt", "model_name"):
            if view[name] is None:
                raise self._dom.missing(name)

    async def _shown(self, model: str) -> Seen:
        """Return what the page shows as its model, which may be another one at first."""
        until = [[Condition("model_name", "text", model)]]
        start = self._dom.clock.monotonic()
        while True:
            view = await self._dom.do(until=until, look=["model_name"])
            seen = view["model_name"]
            passed = self._dom.clock.monotonic() - start
            unknown = bool(self._titles) and model not in self._titles
            over = passed >= (_UNKNOWN if unknown else _MODEL)
            if seen is not None and (over or self._is(seen, model)):
                return seen
            if over:
                raise self._dom.missing("model_name")

    def _is(self, shown: Seen, model: str) -> bool:
        """Say whether the page shows a model: by its id, or by its title."""
        return _plain(shown.text) in (_plain(model), _plain(self._titles.get(model, model)))

    async def _set_temporary(self, *, wanted: bool) -> None:
        """Make the chat temporary, or not; what the page has for it is a button or in a menu."""
        seen = await self._dom.look("temporary", "temporary_on", "more_actions")
        if (seen["temporary_on"] is not None) == wanted:
            return
        done = [Condition("temporary_on", "shown" if wanted else "gone")]
        if seen["temporary"] is None:
            if seen["more_actions"] is None:
                raise self._dom.missing("temporary")
            view = await self._dom.do(Step(does="click", name="more_actions"))
            view = await self._dom.wait([Condition("temporary")], done, seconds=_DIALOG)
            if view.met == 1:
                await self.clear_the_way()
                return
        view = await self._dom.do(Step(does="click", name="temporary"), until=[done])
        if view.met < 0:
            view = await self._dom.wait(done, seconds=_DIALOG)
        if view.met < 0:
            raise UnreadableAnswer(
                f"The page's chat does not get {'temporary' if wanted else 'lasting'}.",
                acted=False,
            )
        await self.clear_the_way()


def _nothing() -> tuple[Condition, ...]:
    return tuple([Condition(name, "gone") for name in _IN_THE_WAY])


def _plain(text: str) -> str:
    return _SIGNS.sub("", text.lower().removeprefix("models/"))
