"""What an upstream's word does to a credential."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING

from plugway.contract import CredentialChanged
from plugway.credentials.quotas import Calendar
from plugway.credentials.states import (
    DOUBTFUL,
    OUT_OF_USE,
    RETRY_SECONDS,
    CredentialState,
    retry_us,
)

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.contract import Channel, PooledChannelSettings, Quota
    from plugway.credentials.credential import Credential
    from plugway.credentials.slot import Slot
    from plugway.credentials.writer import Writer

#: Refusals in a row after which a credential that calls share counts as expired: one 401 may
#: be a blip. In a pool others take over, so there one is enough.
MAX_REFUSALS = 3

#: Seconds of rest after a 429 that names none, of a credential that calls share; and the most
#: that an upstream may name, for these and for those of a pool.
COOLING_SECONDS = 5.0
MAX_COOLING_SECONDS = 3_600.0
MAX_REST_SECONDS = 86_400.0

#: Seconds of rest after a 429 at the least, so that one that says 0 begins no storm.
LEAST_REST_SECONDS = 1.0

#: Microseconds within which two times of rest are the same news.
_SAME_US = 1_000_000


class Verdicts:
    """Moves credentials between states and has that written and told."""

    def __init__(
        self,
        writer: Writer,
        clock: Clock,
        *,
        changed: Callable[[CredentialChanged], None],
        wanted: Callable[[Credential, str], None],
    ) -> None:
        """Prepare.

        Args:
            writer: Writes states.
            clock: The time.
            changed: Told of every change of state.
            wanted: Told which credential needs renewal, and why.
        """
        self._writer = writer
        self._clock = clock
        self._changed = changed
        self._wanted = wanted
        self._words = count(1)
        self._calendars: dict[str, Calendar] = {}

    def succeeded(
        self,
        slot: Slot,
        channel: Channel,
        pool: PooledChannelSettings | None,
        drew: Sequence[Quota] | None = None,
    ) -> None:
        """Note that the upstream took it.

        Args:
            slot: The credential's.
            channel: Its channel.
            pool: The channel's settings, if it is pooled.
            drew: What it was used for, if its claim has ended before; None: what it is claimed
                for.
        """
        credential = slot.credential
        used = slot.drawn if drew is None else frozenset(drew)
        now = self._clock.now()
        if pool is not None and used:
            day = self._calendar(pool.day_zone).day(now)
            slot.quotas = slot.quotas.used(day.name, used)
            if drew is None:
                slot.quotas = slot.quotas.awake(used)
                slot.drawn = frozenset()
            else:
                # With no claim to end nothing else has it written.
                self._writer.later(slot)
        failed, credential.failures = credential.failures, 0
        if credential.state == "disabled":
            return
        rests = credential.state == "cooling" and (credential.until or now) > now
        if pool is not None and credential.state == "cooling" and (not used or (rests and drew)):
            # Only the call that it serves finds out whether there is quota again; one whose
            # claim has ended may have begun before another was told that there is none.
            return
        if credential.state != "ready":
            self._move(slot, channel, "ready", None, "")
        elif pool is not None and failed:
            self._tell(slot)

    def used(
        self,
        slot: Slot,
        channel: Channel,
        pool: PooledChannelSettings,
        drew: Sequence[Quota] | None = None,
    ) -> None:
        """Note that an account served a call with a secret that was exchanged meanwhile.

        That tells of its quotas, and nothing of the secret that it has now.

        Args:
            slot: The credential's.
            channel: Its channel.
            pool: The channel's settings.
            drew: As in `succeeded`.
        """
        day = self._calendar(pool.day_zone).day(self._clock.now())
        if drew is not None:
            slot.quotas = slot.quotas.used(day.name, drew)
            self._writer.later(slot)
            return
        drawn, slot.drawn = slot.drawn, frozenset()
        if not drawn:
            return
        slot.quotas = slot.quotas.used(day.name, drawn).awake(drawn)
        if slot.credential.state == "cooling":
            self._move(slot, channel, "ready", None, "")

    def refused(
        self, slot: Slot, channel: Channel, reason: str, state: CredentialState, *, pooled: bool
    ) -> None:
        """Note that the upstream did not accept it.

        Args:
            slot: The credential's.
            channel: Its channel.
            reason: Short, without the secret.
            state: What it is then.
            pooled: Its channel is pooled.
        """
        credential = slot.credential
        if credential.state in OUT_OF_USE:
            return
        credential.failures += 1
        now = self._clock.now()
        if pooled:
            self._move(slot, channel, state, now + retry_us(credential.failures), reason)
            self._tell(slot)
            if state == "expired":
                self._wanted(credential, reason)
        elif credential.failures >= MAX_REFUSALS or credential.state != "ready":
            self._move(slot, channel, state, now + round(RETRY_SECONDS * 1_000_000), reason)

    def exhausted(
        self,
        slot: Slot,
        channel: Channel,
        seconds: float | None,
        reason: str,
        quotas: Sequence[Quota],
        pool: PooledChannelSettings | None,
    ) -> None:
        """Let it rest.

        Args:
            slot: The credential's.
            channel: Its channel.
            seconds: As the upstream asked; None: it did not say.
            reason: Short, without the secret.
            quotas: What the call drew from.
            pool: The channel's settings, if it is pooled.
        """
        state = slot.credential.state
        if state in OUT_OF_USE:
            return
        if pool is None:
            self._cool(slot, channel, seconds, COOLING_SECONDS, MAX_COOLING_SECONDS, reason)
            return
        kind = quotas[-1] if quotas else "text"
        usual = pool.rest(kind)
        if kind == "text":
            self._cool(slot, channel, seconds, usual, MAX_REST_SECONDS, reason)
            return
        until = self._clock.now() + _rest(seconds, usual, MAX_REST_SECONDS)
        slot.quotas = slot.quotas.rested(kind, until, reason)
        if state in DOUBTFUL:
            # It was let in, or there would be no word of quotas.
            slot.credential.failures = 0
            self._move(slot, channel, "ready", None, "")
        self._writer.later(slot)

    def _cool(
        self,
        slot: Slot,
        channel: Channel,
        seconds: float | None,
        usual: float,
        most: float,
        reason: str,
    ) -> None:
        until = self._clock.now() + _rest(seconds, usual, most)
        self._move(slot, channel, "cooling", until, reason)

    def _move(
        self,
        slot: Slot,
        channel: Channel,
        state: CredentialState,
        until: int | None,
        reason: str,
    ) -> None:
        credential = slot.credential
        told = credential.state != state
        known = None if told else credential.until
        if known is not None and until is not None and abs(until - known) < _SAME_US:
            # Many calls that were under way at once bring the same news.
            return
        credential.state, credential.until, slot.reason = state, until, reason
        self._tell(slot)
        if told:
            self._changed(
                CredentialChanged(
                    credential_id=credential.id, channel=channel.name, state=state, reason=reason
                )
            )

    def _tell(self, slot: Slot) -> None:
        slot.told = next(self._words)
        self._writer.later(slot)

    def _calendar(self, zone: str) -> Calendar:
        if zone not in self._calendars:
            self._calendars[zone] = Calendar(zone)
        return self._calendars[zone]


def _rest(seconds: float | None, usual: float, most: float) -> int:
    """Return microseconds of rest."""
    rest = usual if seconds is None else min(max(seconds, LEAST_REST_SECONDS), most)
    return round(rest * 1_000_000)
