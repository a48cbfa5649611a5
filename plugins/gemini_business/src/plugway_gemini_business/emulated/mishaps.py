"""What can go wrong with a request."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from plugway_gemini_business.emulated.refusals import STATUS

#: What is asked of the service; `page` is whatever a browser gets.
CallName = Literal[
    "mint",
    "create",
    "upload",
    "ask",
    "files",
    "sessions",
    "session",
    "delete",
    "download",
    "page",
]

#: What can go wrong with any call.
Plain = Literal["refused", "lost", "lost_after", "html", "slow"]

#: What can go wrong with an answer.
Spoilt = Literal[
    "says",
    "limited",
    "only_thoughts",
    "control_text",
    "failed",
    "cancelled",
    "skipped",
    "lost_sign_in",
    "truncated",
    "empty",
    "nothing",
    "silent",
    "no_media",
]

_SPOILT = frozenset(Spoilt.__args__)  # type: ignore[attr-defined]  # the stubs hide it


class Mishap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Describes one thing that goes wrong with the next call it fits.

    Attributes:
        kind: With any call: `refused` answers with a status; `lost` closes the connection,
            `lost_after` does so when all is done; `html` is a balancer's page with 502;
            `slow` answers later.
            With an answer only: `says` says something else; `limited` is an `error` element
            inside it; `only_thoughts` has no text; `control_text` has lines that are not
            meant for people; `failed`, `cancelled` and `skipped` end in that state;
            `lost_sign_in` is `{"uToken": …}` alone; `truncated` lacks its end, though HTTP
            ends well; `empty` is `[]`; `nothing` has no bytes; `silent` stops until
            `release`; `no_media` makes files that the list does not show.
        call: Only such calls; None: any.
        account: Only those of an account; empty: any.
        times: How many calls it happens to.
        code: Status of `refused`, and code of `limited`.
        message: What those say; empty: the usual.
        retry_after: Seconds of Retry-After with `refused`; None: none.
        after: Elements that go out before `limited`, `truncated` and `silent`.
        text: What `says` says.
        seconds: How long `slow` and `silent` last; 0: until `release`.

    Example:
        >>> Mishap(kind="refused", call="ask", code=429, retry_after=7).fits("ask", "demo")
        True
    """

    kind: Plain | Spoilt
    call: CallName | None = None
    account: str = ""
    times: Annotated[int, msgspec.Meta(ge=1)] = 1
    code: int = 429
    message: str = ""
    retry_after: Annotated[int, msgspec.Meta(ge=0)] | None = None
    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    text: str = ""
    seconds: Annotated[float, msgspec.Meta(ge=0, le=3_600)] = 0.0

    def __post_init__(self) -> None:
        if self.code not in STATUS:
            raise ValueError(f"{self.code} is no status that the service knows")
        if self.kind in _SPOILT and self.call not in (None, "ask"):
            raise ValueError(f"{self.kind} happens to the call ask only")

    def fits(self, call: CallName, account: str) -> bool:
        """Say whether a call is one it happens to."""
        wanted = "ask" if self.kind in _SPOILT else self.call
        return wanted in (None, call) and self.account in ("", account)


class Mishaps:
    """Keeps the mishaps that are still to happen, in the order they were asked for."""

    def __init__(self) -> None:
        self.waiting: list[Mishap] = []

    def take(self, call: CallName, account: str) -> Mishap | None:
        """Return what goes wrong with a call, and count it.

        Args:
            call: The call.
            account: Whose; empty: nobody's.
        """
        for index, mishap in enumerate(self.waiting):
            if mishap.fits(call, account):
                if mishap.times > 1:
                    self.waiting[index] = msgspec.structs.replace(mishap, times=mishap.times - 1)
                else:
                    del self.waiting[index]
                return mishap
        return None
