"""Credentials that many calls use at once: round robin among those that may be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

    from plugway.clock import Clock
    from plugway.credentials.credential import Credential
    from plugway.credentials.roster import Roster

#: Seconds for which others wait while one call finds out whether a credential works.
TRIAL_SECONDS = 5.0


class Shared:
    """Chooses among the credentials of channels that are not pooled."""

    def __init__(self, roster: Roster, clock: Clock) -> None:
        """Begin with the first.

        Args:
            roster: Has the credentials.
            clock: The time.
        """
        self._roster = roster
        self._clock = clock
        self._turn: dict[int, int] = {}
        self._lists: dict[int, list[int]] = {}

    def forget(self) -> None:
        """Forget which there are: some have come or gone."""
        self._lists.clear()

    def choose(self, channel_id: int, tried: Container[int] = ()) -> Credential | None:
        """Return the next usable credential of a channel, or None.

        Args:
            channel_id: The channel.
            tried: Those that are not wanted.
        """
        slots = self._roster.of(channel_id)
        ids = self._lists.get(channel_id)
        if ids is None:
            ids = self._lists[channel_id] = sorted(slots)
        now = self._clock.now()
        start = self._turn.get(channel_id, 0)
        for offset in range(len(ids)):
            credential = slots[ids[(start + offset) % len(ids)]].credential
            if credential.id not in tried and credential.usable(now):
                self._turn[channel_id] = start + offset + 1
                if credential.state != "ready":
                    # Half open: others wait while this one call finds out.
                    credential.until = now + round(TRIAL_SECONDS * 1_000_000)
                return credential
        return None

    def resting(self, channel_id: int) -> bool:
        """Say whether some will be usable again by themselves."""
        slots = self._roster.of(channel_id).values()
        return any(slot.credential.state == "cooling" for slot in slots)

    def ready_in(self, channel_id: int) -> float | None:
        """Return the seconds until one is usable again; None: nobody knows."""
        now = self._clock.now()
        waits = [
            max(0, slot.credential.until - now) / 1_000_000
            for slot in self._roster.of(channel_id).values()
            if slot.credential.until is not None and slot.credential.state != "disabled"
        ]
        return min(waits, default=None)
