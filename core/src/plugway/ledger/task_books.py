"""What a batch knows of tasks, and who has which name."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from plugway.errors import Conflict
from plugway.ledger.operations import EndState, OpenState

#: States in their order; a task never goes back.
ORDER: dict[str, int] = {"pending": 0, "unknown": 1, "submitted": 2, "processing": 3}

#: A task as the names are concerned: call id, provider, user id, upstream id, external id.
Named = tuple[str, str, int, str | None, str | None]


class Task(msgspec.Struct, array_like=True, gc=False):
    """Is a task as the batch sees it; its fields are `task_rows.TASK_STATE` and then texts."""

    call_id: str
    provider: str
    user_id: int
    state: OpenState | EndState
    channel_id: int | None
    credential_id: int | None
    upstream_id: str | None
    external_id: str | None
    price: int
    progress: int | None
    reason: str | None
    next_poll_at: int | None
    lease: str | None
    polls: int
    failures: int
    deadline: int | None
    updated_at: int
    finished_at: int | None
    #: These are not read; None: as in the database.
    answer: str | None = None
    facts: str | None = None

    @property
    def ended(self) -> bool:
        """Return whether it has ended."""
        return self.state not in ORDER


class Names:
    """Says which task has a name, so that none is given twice.

    Example:
        >>> names = Names([("a", "kling", 7, "u1", "mine")])
        >>> names.take_upstream("a", "kling", "u1")
        >>> names.take_upstream("b", "kling", "u1")
        Traceback (most recent call last):
        plugway.errors.Conflict: another task has this upstream id
    """

    __slots__ = ("_external", "_upstream")

    def __init__(self, tasks: Iterable[Named] = ()) -> None:
        """Index the names that are taken.

        Args:
            tasks: Those that have a name which the batch gives, or which it may take away.
        """
        self._upstream: dict[tuple[str, str], str] = {}
        self._external: dict[tuple[int, str, str], str] = {}
        for call_id, provider, user_id, upstream_id, external_id in tasks:
            if upstream_id is not None:
                self._upstream[provider, upstream_id] = call_id
            if external_id is not None:
                self._external[user_id, provider, external_id] = call_id

    def take_upstream(self, call_id: str, provider: str, name: str) -> None:
        """Give a task its upstream's name for it.

        Raises:
            Conflict: Another task of the provider has it.
        """
        if self._upstream.setdefault((provider, name), call_id) != call_id:
            raise Conflict("another task has this upstream id", field="upstream_id")

    def check_external(self, user_id: int, provider: str, name: str) -> None:
        """Refuse the caller's name for a new task if it is taken.

        Raises:
            Conflict: Another task of the user and provider has it.
        """
        if (user_id, provider, name) in self._external:
            raise Conflict("another task has this external id", field="external_id")

    def take_external(self, call_id: str, user_id: int, provider: str, name: str) -> None:
        """Give a new task its caller's name, which is free."""
        self._external[user_id, provider, name] = call_id

    def free_external(self, user_id: int, provider: str, name: str) -> None:
        """Take a refused task's name away."""
        self._external.pop((user_id, provider, name), None)
