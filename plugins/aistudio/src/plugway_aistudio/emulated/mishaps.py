"""What can go wrong with the page and with its answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

#: When something goes wrong: the page is loaded; text comes into an empty prompt; a file is
#: attached; Run is clicked; a new chat is begun; an answer is asked for.
Moment = Literal["load", "typed", "attach", "run", "chat", "answer"]

#: What the page itself does wrong, by its usual moment.
_PAGE: dict[str, Moment] = {
    "stuck_run": "typed",
    "run_ignored": "run",
    "toast": "run",
    "confirm": "run",
    "consent": "attach",
    "dialog": "load",
    "survey": "load",
    "welcome": "load",
    "wrong_model": "load",
    "reload": "answer",
    "navigate": "answer",
    "no_end": "answer",
}

Kind = Literal[
    "stuck_run",
    "run_ignored",
    "toast",
    "confirm",
    "consent",
    "dialog",
    "survey",
    "welcome",
    "wrong_model",
    "reload",
    "navigate",
    "no_end",
    "status",
    "quota",
    "slow_start",
    "truncated",
    "cut",
    "silence",
    "garbage",
    "slow_page",
]

#: Those that the page is told of.
SHOWN = frozenset(_PAGE)


class Mishap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is one thing that goes wrong with the next moment that it fits.

    Attributes:
        kind: In the page: `stuck_run` leaves Run disabled; `run_ignored`: a click on Run does
            nothing; `toast`: Run shows an error and asks nothing; `confirm`: Run asks in a
            dialog first; `consent`: so does attaching; `dialog`, `survey` and `welcome` cover
            the page; `wrong_model`: it keeps another model; `reload`: it loads itself anew;
            `navigate`: it goes to its start page; `no_end`: an answer is done, and its page
            does not show it. In an answer: `status` refuses; `quota` says that it is used up;
            `slow_start` begins late; `truncated` ends without a finish code; `cut` closes the
            connection; `silence` stops saying anything; `garbage` sends what nobody can read.
            `slow_page`: the page itself comes late.
        at: When; empty: at the kind's usual moment.
        account: Only this account; empty: any.
        model: Only this model, at the moment `answer`; empty: any.
        times: How often it happens.
        after: Frames of the answer before it.
        seconds: How long: `stuck_run` (0: until the page is loaded anew), `slow_start`,
            `silence` and `slow_page` (0: until `release`).
        status: Of a `status`.
        text: Of a toast or dialog, and of the message of a `status`.
        unit: Of a `quota`.
    """

    kind: Kind
    at: Moment | Literal[""] = ""
    account: str = ""
    model: str = ""
    times: Annotated[int, msgspec.Meta(ge=1)] = 1
    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    seconds: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 0.0
    status: Annotated[int, msgspec.Meta(ge=400, le=599)] = 500
    text: str = ""
    unit: Literal["minute", "day"] = "minute"

    @property
    def moment(self) -> Moment:
        """Return when it happens."""
        usual: Moment = "load" if self.kind == "slow_page" else _PAGE.get(self.kind, "answer")
        return self.at or usual

    def shown(self) -> dict[str, Any]:
        """Return what the page is told."""
        return {"kind": self.kind, "after": self.after, "seconds": self.seconds, "text": self.text}


class Mishaps:
    """Keeps what is still to go wrong.

    Attributes:
        waiting: In the order in which it was asked for.

    Example:
        >>> mishaps = Mishaps()
        >>> mishaps.waiting.append(Mishap(kind="cut", after=2))
        >>> [each.kind for each in mishaps.take("answer", "first", "gemini-2.5-pro")]
        ['cut']
        >>> mishaps.take("answer", "first", "gemini-2.5-pro")
        []
    """

    def __init__(self) -> None:
        self.waiting: list[Mishap] = []

    def take(self, moment: Moment, account: str, model: str = "") -> list[Mishap]:
        """Return what goes wrong now, one of each kind at the most, and count it.

        Args:
            moment: What happens.
            account: Whose page it is.
            model: What is asked.
        """
        taken: dict[str, Mishap] = {}
        left = []
        for each in self.waiting:
            fits = each.account in ("", account) and each.model in ("", model)
            if not fits or each.moment != moment or each.kind in taken:
                left.append(each)
                continue
            taken[each.kind] = each
            if each.times > 1:
                left.append(msgspec.structs.replace(each, times=each.times - 1))
        self.waiting[:] = left
        return list(taken.values())
