"""What can go wrong with a request, once or by chance."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal, TypeVar

import msgspec

from plugway_kling.emulated.ids import draw
from plugway_kling.emulated.refusals import STATUS

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]

MishapKind = Literal[
    "lost_before",
    "lost_after",
    "error",
    "error_after",
    "inside",
    "page",
    "hidden",
    "malformed",
    "slow",
    "odd",
    "strings",
    "rejected",
]
CallbackMishap = Literal["lost", "repeated", "delayed", "forged"]

Kind = TypeVar("Kind", bound=str)


class Mishap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Describes one thing that goes wrong with the next request it fits.

    Attributes:
        kind: Nothing is done for these: `lost_before` closes the connection, `error` answers
            with a code, `inside` does so with HTTP 200, `page` is a balancer's HTML, `hidden`
            does not find what is asked for. All is done for these: `lost_after` closes the
            connection, `error_after` answers with a code, `malformed` with half of the JSON,
            `slow` later, `odd` with a status word that no documentation has, `strings` with
            numbers as strings, `rejected` with a selection's status that is not 0.
        method: Only requests with this method; empty: any.
        path: Only requests whose path begins so.
        times: How many requests it happens to.
        code: Official code of `error`, `error_after` and `inside`.
        word: Status word of `odd`.
        seconds: How long `slow` lasts; 0: until `release`.
    """

    kind: MishapKind
    method: str = ""
    path: str = ""
    times: Annotated[int, msgspec.Meta(ge=1)] = 1
    code: int = 5000
    word: str = "queued"
    seconds: Annotated[float, msgspec.Meta(ge=0, le=3_600)] = 0.0

    def __post_init__(self) -> None:
        if self.code not in STATUS:
            raise ValueError(f"{self.code} is no official code")


class Chaos(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Says how often what goes wrong by itself, the same in every run with the same seed.

    What happens to a request follows from the seed, from what it asks, and from how often
    that was asked before, in whatever order requests come. Ids and callback addresses do
    not count: they differ from run to run.

    Attributes:
        seed: Other seeds, other mishaps.
        creates: Shares of the POSTs by mishap, at most 1 in all.
        queries: Shares of the GETs by mishap, at most 1 in all.
        callbacks: Shares of the callbacks by mishap, at most 1 in all.
        fail: Share of the tasks that fail.
        codes: Codes of `error` and `inside`, and those of 5000 and more of `error_after`.
        slow_seconds: How long `slow` lasts.

    Example:
        >>> Chaos(seed=7, creates={"lost_after": 0.1, "error": 0.1}, fail=0.2).queries
        {}
    """

    seed: int = 0
    creates: dict[MishapKind, Share] = msgspec.field(default_factory=dict)
    queries: dict[MishapKind, Share] = msgspec.field(default_factory=dict)
    callbacks: dict[CallbackMishap, Share] = msgspec.field(default_factory=dict)
    fail: Share = 0.0
    codes: Annotated[tuple[int, ...], msgspec.Meta(min_length=1)] = (5000, 5001, 5002, 1302, 1303)
    slow_seconds: Annotated[float, msgspec.Meta(gt=0, le=3_600)] = 0.2

    def __post_init__(self) -> None:
        for shares in (self.creates, self.queries, self.callbacks):
            if sum(shares.values()) > 1:
                raise ValueError("shares are more than 1 in all")
        if not set(self.codes) <= STATUS.keys():
            raise ValueError("codes are not all official ones")

    def request(self, method: str, key: str) -> Mishap | None:
        """Return what goes wrong with a request.

        Args:
            method: Its HTTP method.
            key: What it depends on.
        """
        kind = _pick(self.queries if method == "GET" else self.creates, self.seed, method, key)
        if kind is None:
            return None
        # Who says that it was too fast, or too much, has not done it.
        codes = [code for code in self.codes if kind != "error_after" or STATUS[code] >= 500]
        code = codes[int(draw(self.seed, "code", method, key) * len(codes))] if codes else 5000
        return Mishap(kind=kind, code=code, seconds=self.slow_seconds)

    def callback(self, key: str) -> CallbackMishap | None:
        """Return what goes wrong with a callback.

        Args:
            key: What it depends on.
        """
        return _pick(self.callbacks, self.seed, "callback", key)

    def fails(self, key: str) -> bool:
        """Say whether a task fails.

        Args:
            key: What it depends on.
        """
        return draw(self.seed, "fail", key) < self.fail


class Mishaps:
    """Keeps the mishaps that are still to happen, in the order they were asked for."""

    def __init__(self) -> None:
        self.waiting: list[Mishap] = []
        self._asked: Counter[tuple[str, str]] = Counter()

    def take(self, method: str, path: str, key: str, chaos: Chaos) -> Mishap | None:
        """Return what goes wrong with a request: what was asked for, or what chaos says.

        Args:
            method: Its HTTP method.
            path: Its path.
            key: What chaos depends on, beside how often it was asked before.
            chaos: What happens by itself.
        """
        for index, mishap in enumerate(self.waiting):
            if mishap.method in ("", method) and path.startswith(mishap.path):
                if mishap.times > 1:
                    self.waiting[index] = msgspec.structs.replace(mishap, times=mishap.times - 1)
                else:
                    del self.waiting[index]
                return mishap
        self._asked[method, key] += 1
        return chaos.request(method, f"{key}:{self._asked[method, key]}")


def _pick(shares: dict[Kind, float], seed: int, *key: str) -> Kind | None:
    """Pick one or none by their shares."""
    drawn = draw(seed, *key) if shares else 1.0
    # Sorted, so that the order they were given in does not matter.
    for kind in sorted(shares):
        drawn -= shares[kind]
        if drawn < 0:
            return kind
    return None
