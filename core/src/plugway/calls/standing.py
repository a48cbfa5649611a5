"""A call's standing among those that want pooled credentials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

State = Literal["waiting", "running"]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Shows a call that waits for a pooled credential, or uses one.

    Attributes:
        request_id: What its client sees in `x-request-id`; a client may choose it.
        call_id: The call.
        answer_id: The answer's, without a dialect's prefix such as `chatcmpl-`; empty: it has
            none of its own.
        user: The user's name.
        provider: The provider.
        model: The model.
        streaming: The client takes the answer as it comes.
        since: Microseconds since 1970 when it began to wait.
        state: `waiting`, or `running` while it uses a credential.
        started: Microseconds since 1970 when it got the credential that it uses; None: it waits.
        position: How many calls are served before it, it included; None: it runs.
        cancelled: It is about to end.
    """

    request_id: str
    call_id: str
    answer_id: str
    user: str
    provider: str
    model: str
    streaming: bool
    since: int
    state: State
    started: int | None
    position: int | None
    cancelled: bool


class Standing:
    """Keeps where a call is.

    Attributes:
        request_id: As of `Place`.
        call_id: As of `Place`.
        answer_id: As of `Place`.
        user: As of `Place`.
        provider: As of `Place`.
        model: As of `Place`.
        streaming: As of `Place`.
        since: As of `Place`; 0: it has not waited yet.
        started: As of `Place`.
        cancelled: As of `Place`.
        departed: Its client has left: it waits no more.
    """

    def __init__(
        self,
        *,
        request_id: str,
        call_id: str,
        answer_id: str,
        user: str,
        provider: str,
        model: str,
        streaming: bool,
        cut: Callable[[], bool],
    ) -> None:
        """Begin, waiting.

        Args:
            request_id: As of `Place`.
            call_id: As of `Place`.
            answer_id: As of `Place`.
            user: As of `Place`.
            provider: As of `Place`.
            model: As of `Place`.
            streaming: As of `Place`.
            cut: Ends the call where it is; says whether that is what ends it.
        """
        self.request_id = request_id
        self.call_id = call_id
        self.answer_id = answer_id
        self.user = user
        self.provider = provider
        self.model = model
        self.streaming = streaming
        self.since = 0
        self.started: int | None = None
        self.cancelled = False
        self.departed = False
        self._cut = cut

    @property
    def state(self) -> State:
        """Return what it is doing."""
        return "waiting" if self.started is None else "running"

    def goes_by(self, name: str) -> bool:
        """Say whether an id is one of the call's.

        Args:
            name: The request's id, the call's, or the answer's as a client sees it, with its
                dialect's prefix or without.
        """
        if name in (self.request_id, self.call_id):
            return True
        prefix = name.removesuffix(self.answer_id)
        return bool(self.answer_id) and prefix in ("", "chatcmpl-", "msg_") and prefix != name

    def cancel(self) -> bool:
        """End the call; say whether that is what ends it, a second time too."""
        self.cancelled = self.cancelled or self._cut()
        return self.cancelled

    def place(self, positions: dict[str, int]) -> Place:
        """Show it.

        Args:
            positions: Of the calls that wait, by their ids.
        """
        waits = self.started is None
        return Place(
            request_id=self.request_id,
            call_id=self.call_id,
            answer_id=self.answer_id,
            user=self.user,
            provider=self.provider,
            model=self.model,
            streaming=self.streaming,
            since=self.since,
            state=self.state,
            started=self.started,
            # Between two steps of the search a call may stand nowhere: then it is its turn.
            position=positions.get(self.call_id, 1) if waits else None,
            cancelled=self.cancelled,
        )
