"""Run settings: looked at, set where they differ, and looked at again."""

from __future__ import annotations

from collections import Counter

import msgspec

from plugway import BadRequest, UnreadableAnswer
from plugway_aistudio.page.dom import Dom
from plugway_aistudio.page.seen import Condition, Seen, Step
from plugway_aistudio.page.wanted import CONTROLS, NUMBERS, Wanted, field_of, number_of

#: Rounds of setting and looking, at the most; and how often one part is set by a script, and
#: then as a person does, before it is given up.
_ROUNDS, _BY_SCRIPT, _BY_HAND = 16, 1, 2

#: Seconds that a part gets to appear which the question needs; milliseconds until a step has
#: its effect.
_APPEARING, _EFFECT = 1.0, 1_000

_Look = dict[str, Seen | None]


class _Deed(msgspec.Struct, frozen=True):
    """Is what sets one part, and when it has worked."""

    part: str
    step: Step
    done: tuple[Condition, ...]


class Parameters:
    """Brings the run settings of one page to where a question wants them.

    Each round is one round trip: steps are done, their effect is waited for, and everything is
    looked at again, since one setting may show, hide or change others.
    """

    def __init__(self, dom: Dom) -> None:
        """Take the page.

        Args:
            dom: Its parts.
        """
        self._dom = dom

    async def look(self) -> _Look:
        """Look at all settings at once, with what hides them opened.

        Raises:
            UpstreamInterrupted: The page went elsewhere, was closed or crashed.
        """
        seen = await self._dom.look(*CONTROLS)
        for panel in ("advanced_panel", "tools_panel"):
            button = seen[panel]
            if button is None or button.expanded or not self._folded(panel, seen):
                continue
            inside = self._inside(panel)
            view = await self._dom.do(
                Step(does="click", name=panel),
                until=[[Condition(name)] for name in inside],
                look=CONTROLS,
            )
            seen = view.seen
        return seen

    async def set(self, wanted: Wanted, seen: _Look) -> _Look:
        """Set what differs.

        Args:
            wanted: How it has to be.
            seen: How it is.

        Returns:
            How it is now.

        Raises:
            BadRequest: The page does not offer a setting for this model, or not this value.
            UnreadableAnswer: A setting does not hold.
            UpstreamInterrupted: The page went elsewhere, was closed or crashed.
        """
        seen = await self._offered(wanted, seen)
        tries: Counter[str] = Counter()
        for _ in range(_ROUNDS):
            deeds = _planned(wanted, seen)
            if not deeds:
                return seen
            deeds = self._open(deeds, seen)
            for deed in deeds:
                tries[deed.part] += 1
                if tries[deed.part] > _BY_HAND:
                    raise _not_held(deed, seen[deed.part])
            for deed in [one for one in deeds if tries[one.part] > _BY_SCRIPT]:
                await self._by_hand(deed)
            steps = [one.step for one in deeds if tries[one.part] <= _BY_SCRIPT]
            done = [condition for one in deeds for condition in one.done]
            view = await self._dom.do(*steps, until=[done], look=CONTROLS, millis=_EFFECT)
            seen = view.seen
        raise UnreadableAnswer("The page's settings do not come to rest.", acted=False)

    async def set_stop(self, texts: tuple[str, ...], seen: _Look) -> None:
        """Set the texts before which an answer ends; what is left of another question goes.

        Args:
            texts: In order.
            seen: How the settings are.

        Raises:
            BadRequest: The page does not take them for this model.
            UnreadableAnswer: They do not hold.
            UpstreamInterrupted: As `set`.
        """
        if _same_texts(texts, seen["stop_chip"]):
            return
        if seen["stop_chip"] is not None:
            view = await self._dom.do(
                Step(does="click", name="stop_remove", every=True),
                until=[[Condition("stop_chip", "gone")]],
                look=["stop_chip"],
            )
            if view["stop_chip"] is not None:
                raise UnreadableAnswer("The page keeps old stop texts.", acted=False)
        for text in texts:
            await self._dom.do(Step(does="enter", name="stop_add", value=text))
        view = await self._dom.do(
            until=[[Condition("stop_chip", "count", len(texts))]] if texts else (),
            look=["stop_chip"],
        )
        if not _same_texts(texts, view["stop_chip"]):
            raise BadRequest("stop: AI Studio's page does not take these texts", field="stop")

    async def set_level(self, level: str, seen: Seen | None) -> None:
        """Choose the level of thinking.

        Args:
            level: In small letters; empty: as it is.
            seen: Where it is chosen; None: this model has none.

        Raises:
            BadRequest: The model has no such level.
            UnreadableAnswer: It does not hold.
            UpstreamInterrupted: As `set`.
        """
        if not level or seen is None or seen.text.lower() == level:
            return
        view = await self._dom.do(
            Step(does="click", name="thinking_level"),
            until=[[Condition("level_option")]],
            look=["level_option"],
        )
        options = view["level_option"]
        if options is None and await self._dom.press("thinking_level"):
            view = await self._dom.wait(
                [Condition("level_option")], seconds=_APPEARING, look=["level_option"]
            )
            options = view["level_option"]
        if options is None:
            raise self._dom.missing("level_option")
        if level not in [text.lower() for text in options.texts]:
            await self._dom.type("Escape")
            raise BadRequest(
                f"thinking: this model has the levels {', '.join(options.texts)}, not {level}",
                field="thinking",
            )
        view = await self._dom.do(
            Step(does="click", name="level_option", text=level),
            until=[[Condition("thinking_level", "text", level), Condition("level_option", "gone")]],
        )
        if view.met < 0:
            raise UnreadableAnswer("The page does not keep the level of thinking.", acted=False)

    async def _offered(self, wanted: Wanted, seen: _Look) -> _Look:
        """Check that the page has what the question asks for, and give it a moment for that."""
        hidden = {"budget"}
        switch = seen["thinking_switch"]
        if switch is not None and switch.on is False and wanted.switches.get("thinking_switch"):
            # It comes with the thinking, which an earlier question has turned off.
            hidden.add("budget_switch")
        missing = [name for name in wanted.asked - hidden if seen[name] is None]
        if missing:
            conditions = [Condition(name) for name in missing]
            view = await self._dom.wait(conditions, seconds=_APPEARING, look=CONTROLS)
            seen = view.seen
        for name in sorted(wanted.asked - hidden):
            if seen[name] is None:
                field = field_of(name)
                raise BadRequest(
                    f"{field}: AI Studio's page does not offer this for this model", field=field
                )
        return seen

    def _open(self, deeds: list[_Deed], seen: _Look) -> list[_Deed]:
        """Return what can be done in one round: not what another deed may change."""
        ready = [deed for deed in deeds if not _disabled(seen[deed.part])]
        if not ready:
            field = field_of(deeds[0].part)
            raise BadRequest(
                f"{field}: AI Studio's page does not let this be set here, for this model or "
                "together with the rest",
                field=field,
            )
        return ready

    async def _by_hand(self, deed: _Deed) -> None:
        """Do with keys and mouse what a script could not do."""
        if deed.step.does != "set":
            await self._dom.press(deed.part)
            return
        await self._dom.do(Step(does="select", name=deed.part))
        await self._dom.type("ControlOrMeta+A")
        await self._dom.insert(deed.step.value)
        await self._dom.type("Enter")
        await self._dom.type("Tab")

    def _inside(self, panel: str) -> list[str]:
        return [name for name in CONTROLS if self._dom.selectors[name].within == panel]

    def _folded(self, panel: str, seen: _Look) -> bool:
        return all(seen[name] is None for name in self._inside(panel))


def _planned(wanted: Wanted, seen: _Look) -> list[_Deed]:
    """Return what is to be done: off before on, switches before what they show."""
    deeds: list[_Deed] = []
    for name, on in sorted(wanted.switches.items(), key=lambda item: item[1]):
        part = seen[name]
        if part is not None and part.on is not None and part.on != on:
            done: tuple[Condition, ...] = (Condition(name, "on" if on else "off"),)
            if name == "budget_switch" and on:
                done = (*done, Condition("budget"))
            deeds.append(_Deed(name, Step(does="click", name=name), done))
    for name, number in wanted.numbers.items():
        if name == "budget" and seen[name] is None and not wanted.switches["budget_switch"]:
            continue
        if seen[name] is not None and number_of(seen[name]) != number:
            step = Step(does="set", name=name, value=f"{number:.12g}", blur=True)
            deeds.append(_Deed(name, step, (Condition(name, "number", number),)))
    if not deeds and "budget" in wanted.asked and seen["budget"] is None:
        raise BadRequest(
            "thinking: AI Studio's page does not offer a budget for this model", field="thinking"
        )
    return deeds


def _not_held(deed: _Deed, seen: Seen | None) -> BadRequest | UnreadableAnswer:
    field = field_of(deed.part)
    if deed.part in (*NUMBERS, "budget") and seen is not None and number_of(seen) is not None:
        return BadRequest(
            f"{field}: AI Studio's page makes {seen.value} of {deed.step.value} for this model",
            field=field,
        )
    return UnreadableAnswer(f"The page does not keep the setting {deed.part}.", acted=False)


def _disabled(seen: Seen | None) -> bool:
    return seen is not None and seen.disabled


def _same_texts(texts: tuple[str, ...], chips: Seen | None) -> bool:
    """Say whether chips show texts; they show their buttons too, and no double spaces."""
    shown = chips.texts if chips is not None else ()
    if len(shown) != len(texts):
        return False
    return all(" ".join(text.split()) in chip for text, chip in zip(texts, shown, strict=True))
