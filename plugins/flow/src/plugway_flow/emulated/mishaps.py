"""What can go wrong with a request."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from plugway_flow.emulated.jobs import State
from plugway_flow.emulated.refusals import STATUS

#: What is asked of the service.
CallName = Literal[
    "session",
    "create_project",
    "delete_project",
    "delete_media",
    "redirect",
    "credits",
    "upload",
    "image",
    "upscale_image",
    "submit",
    "poll",
    "media",
    "link",
]

Kind = Literal[
    "refused",
    "lost",
    "lost_after",
    "html",
    "slow",
    "shapeless",
    "truncated",
    "empty",
    "stale",
    "lying",
    "fate",
    "no_url",
]

#: Kinds that happen to some calls only.
_ONLY: dict[str, tuple[CallName, ...]] = {
    "stale": ("session",),
    "lying": ("session",),
    "fate": ("submit",),
    "no_url": ("poll",),
}


class Mishap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Describes one thing that goes wrong with the next call it fits.

    Attributes:
        kind: With any call: `refused` answers with a status; `lost` closes the connection
            before anything is done, `lost_after` when all is done and charged; `html` is a
            balancer's page with 502; `slow` answers later; `shapeless` leaves out of an answer
            what it is all about (`operations`, `media` and their like); `truncated` answers
            with half of the JSON; `empty` with `{}`.
            With a session only: `stale` gives out an access token that says that it has ended,
            `lying` one that says it holds and does not.
            With a submit only: `fate` brings its videos to an end.
            With a poll only: `no_url` tells no link.
        call: Only such calls; None: any.
        account: Only those of an account; empty: any.
        path: Only requests whose path begins so.
        times: How many calls it happens to.
        code: Status of `refused`.
        reason: Why, as `details` have it; empty: the usual of that status.
        message: What it says; empty: the usual.
        retry_after: Seconds of Retry-After with `refused`; None: none.
        state: The end of a `fate`: `PENDING` and `ACTIVE` are for ever.
        seconds: How long `slow` lasts; 0: until `release`.

    Example:
        >>> Mishap(kind="refused", call="submit").fits("submit", "demo", "/v1/video:any")
        True
        >>> Mishap(kind="fate").fits("poll", "demo", "/v1/video:any")
        False
    """

    kind: Kind
    call: CallName | None = None
    account: str = ""
    path: str = ""
    times: Annotated[int, msgspec.Meta(ge=1)] = 1
    code: int = 429
    reason: str = ""
    message: str = ""
    retry_after: Annotated[int, msgspec.Meta(ge=0)] | None = None
    state: State = "FAILED"
    seconds: Annotated[float, msgspec.Meta(ge=0, le=3_600)] = 0.0

    def __post_init__(self) -> None:
        if self.code not in STATUS:
            raise ValueError(f"{self.code} is no status that the service knows")
        if self.call is not None and self.call not in _ONLY.get(self.kind, (self.call,)):
            raise ValueError(f"{self.kind} does not happen to the call {self.call}")

    def fits(self, call: CallName, account: str, path: str) -> bool:
        """Say whether a call is one it happens to.

        Args:
            call: Which.
            account: Whose; empty: nobody's.
            path: Of the request.
        """
        return (
            self.call in (None, call)
            and call in _ONLY.get(self.kind, (call,))
            and self.account in ("", account)
            and path.startswith(self.path)
        )


class Mishaps:
    """Keeps the mishaps that are still to happen, in the order they were asked for."""

    def __init__(self) -> None:
        self.waiting: list[Mishap] = []

    def take(self, call: CallName, account: str, path: str) -> Mishap | None:
        """Return what goes wrong with a call, and count it.

        Args:
            call: Which.
            account: Whose; empty: nobody's.
            path: Of the request.
        """
        for index, mishap in enumerate(self.waiting):
            if mishap.fits(call, account, path):
                if mishap.times > 1:
                    self.waiting[index] = msgspec.structs.replace(mishap, times=mishap.times - 1)
                else:
                    del self.waiting[index]
                return mishap
        return None
