"""The credentials of channels: which one is used next, and what became of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from plugway.contract import CredentialChanged, PooledChannelSettings
from plugway.credentials.claims import Caller, Claim, Claims
from plugway.credentials.credential import Credential, open_secret
from plugway.credentials.roster import Roster
from plugway.credentials.shared import Shared
from plugway.credentials.states import Condition, CredentialState
from plugway.credentials.verdicts import Verdicts
from plugway.credentials.writer import Writer, Written

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.contract import Channel, CredentialKind, Provider, Quota
    from plugway.credentials.slot import Slot
    from plugway.credentials.vault import Vault
    from plugway.storage.database import Database
    from plugway.telemetry.metrics import Metrics

__all__ = ["Claim", "Credential", "CredentialPool", "CredentialState", "open_secret"]


class CredentialPool:
    """Chooses credentials, and remembers what upstreams said of them.

    Those of most channels are shared by many calls at once. Those of a channel whose settings
    extend `PooledChannelSettings` are accounts: `claim` gives one to one call at a time.
    States are kept in the database, so they survive a restart and other nodes see them.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        kinds: Mapping[str, CredentialKind],
        providers: Mapping[str, Provider],
        clock: Clock,
        *,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        changed: Callable[[CredentialChanged], None],
        wanted: Callable[[Credential, str], None] = lambda credential, reason: None,
        metrics: Metrics | None = None,
    ) -> None:
        """Start empty; `load` fills it.

        Args:
            database: Where rows are.
            vault: Opens the secrets.
            kinds: By name.
            providers: By name.
            clock: The time.
            spawn: Runs a write in the background; the gateway awaits it at shutdown.
            changed: Told of every change of state.
            wanted: Told which credential needs renewal, and why.
            metrics: Counts claims.
        """
        self._providers = providers
        self._clock = clock
        self._roster = Roster(database, vault, kinds, clock, moved=self._moved)
        self._alone: set[int] = set()
        self._writer = Writer(
            database,
            clock,
            spawn=spawn,
            written=self._written,
            alone=lambda slot: slot.credential.channel_id in self._alone,
        )
        self._claims = Claims(
            database, self._roster, self._writer, clock, spawn=spawn, metrics=metrics
        )
        self._shared = Shared(self._roster, clock)
        self._verdicts = Verdicts(self._writer, clock, changed=changed, wanted=wanted)

    async def load(self) -> None:
        """Read all credentials anew; one that cannot be opened is left out and logged.

        Claims in progress, and words that are not written yet, stay.
        """
        await self._roster.load()

    def closed(self, channel_id: int) -> bool:
        """Say whether the vault opens none of the credentials that a channel has."""
        return self._roster.closed(channel_id)

    def all(self, channel_id: int) -> list[Credential]:
        """Return the credentials of a channel."""
        return [slot.credential for slot in self._roster.of(channel_id).values()]

    def get(self, channel_id: int, credential_id: int) -> Credential | None:
        """Return one credential of a channel, whatever its state."""
        slot = self._roster.get(channel_id, credential_id)
        return None if slot is None else slot.credential

    def conditions(self, channel: Channel) -> Counter[Condition]:
        """Count the credentials of a channel by what they are in now.

        Args:
            channel: The channel.
        """
        now = self._clock.now()
        slots = self._roster.of(channel.id).values()
        if not self._is_pooled(channel):
            return Counter(slot.condition(now) for slot in slots)
        index = self._claims.line(channel).index
        return Counter(index.condition(slot, now) for slot in slots)

    def choose(self, channel: Channel) -> Credential | None:
        """Return the next usable credential of a channel that calls share, or None.

        Args:
            channel: The channel; a pooled one gives None, since its credentials are claimed.
        """
        return None if self._is_pooled(channel) else self._shared.choose(channel.id)

    async def claim(
        self,
        channels: Sequence[Channel],
        quotas: Sequence[Quota],
        *,
        owner: str,
        user: str = "",
        since: int | None = None,
        waited: float = 0.0,
        tried: Container[int] = (),
        busy: Container[int] = (),
        admits: Callable[[Channel], bool] = lambda _: True,
    ) -> Claim | None:
        """Take a credential for one call.

        Where a pooled channel has none now but will have one soon, the call waits for it as
        long as the channel's settings say. Users take turns there; each one's calls are served
        in the order in which they came.

        Args:
            channels: Channels that may serve, best first.
            quotas: What the call draws from, what it is about last.
            owner: The call's id.
            user: Whose it is.
            since: Microseconds since 1970 when the call asked first; None: now.
            waited: Seconds that it has waited before, for another try.
            tried: Credentials that are not wanted.
            busy: Credentials of a pool that are not wanted now, and may be soon.
            admits: Says whether a channel may be asked now; asked only when a credential of it
                is at hand.

        Returns:
            What to use, and to hand back with `free`; None: nobody can be asked now.

        Raises:
            Unavailable: The database is away, without which nothing is claimed.
        """
        kinds = frozenset(quotas)
        caller = Caller(owner, user, since, waited, busy)
        pooled: list[Channel] = []
        for channel in channels:
            if self._has_none(channel):
                if admits(channel):
                    return Claim(channel, None)
            elif self._is_pooled(channel):
                pooled.append(channel)
                claim = await self._claims.claim(
                    (channel,), kinds, caller, tried, admits, wait=False
                )
                if claim is not None:
                    return claim
            else:
                credential = self._shared.choose(channel.id, tried)
                if credential is not None and admits(channel):
                    return Claim(channel, credential)
        if not pooled:
            return None
        return await self._claims.claim(pooled, kinds, caller, tried, admits, wait=True)

    def free(self, claim: Claim) -> None:
        """Hand back what was claimed; a second time does nothing.

        Args:
            claim: What `claim` gave.
        """
        if claim.exclusive:
            self._claims.free(claim)

    def positions(self) -> dict[str, int]:
        """Return the places of calls that wait, by their ids; 1 is next."""
        return self._claims.positions()

    def resting(self, channel: Channel) -> bool:
        """Say whether credentials of a channel will be usable again by themselves.

        Args:
            channel: The channel.
        """
        if self._is_pooled(channel):
            return self._claims.line(channel).index.resting(self._clock.now())
        return self._shared.resting(channel.id)

    def ready_in(
        self,
        channel: Channel,
        quotas: Sequence[Quota] = ("text",),
        tried: Container[int] = (),
    ) -> float | None:
        """Return the seconds until a credential is usable again; None: nobody knows.

        Args:
            channel: The channel.
            quotas: What the call draws from.
            tried: Credentials of a pool that are not wanted.
        """
        if self._is_pooled(channel):
            return self._claims.ready_in(channel, frozenset(quotas), tried)
        return self._shared.ready_in(channel.id)

    def succeeded(
        self, credential: Credential, channel: Channel, drew: Sequence[Quota] | None = None
    ) -> None:
        """Note that the upstream took it; of a claimed one the use is counted.

        Args:
            credential: The credential.
            channel: Its channel.
            drew: What is counted of one whose claim has ended; None: what the claim is for.
        """
        settings = self._pool_settings(channel)
        slot = self._slot(credential)
        if slot is not None:
            self._verdicts.succeeded(slot, channel, settings, drew)
            self._claims.moved([slot])
        elif settings is not None:
            slot = self._before(credential) if drew is None else self._kept(credential)
            if slot is not None:
                self._verdicts.used(slot, channel, settings, drew)
                self._claims.moved([slot])

    def refused(
        self,
        credential: Credential,
        channel: Channel,
        reason: str,
        state: CredentialState = "expired",
    ) -> None:
        """Note that the upstream did not accept it.

        One of a pool is out of use at once, and if it has expired its renewal is asked for;
        one that calls share is after some refusals in a row.

        Args:
            credential: The credential.
            channel: Its channel.
            reason: Short, without the secret.
            state: What it is then: `expired`, or `restricted` when it may not do that.
        """
        slot = self._slot(credential)
        if slot is not None:
            self._verdicts.refused(slot, channel, reason, state, pooled=self._is_pooled(channel))
            self._claims.moved([slot])

    def exhausted(
        self,
        credential: Credential,
        channel: Channel,
        seconds: float | None,
        reason: str,
        quotas: Sequence[Quota] = ("text",),
    ) -> None:
        """Let it rest; that is no failure.

        Args:
            credential: The credential.
            channel: Its channel.
            seconds: As the upstream asked; None: it did not say.
            reason: Short, without the secret.
            quotas: What the call drew from; in a pool the last kind is used up, and the whole
                credential rests only if that is text.
        """
        settings = self._pool_settings(channel)
        slot = self._slot(credential)
        if slot is None and settings is not None:
            # A quota is the account's, whatever its secret.
            slot = self._kept(credential)
        if slot is not None:
            self._verdicts.exhausted(slot, channel, seconds, reason, quotas, settings)
            self._claims.moved([slot])

    def _has_none(self, channel: Channel) -> bool:
        return self._providers[channel.provider].credential is None

    def _is_pooled(self, channel: Channel) -> bool:
        return self._pool_settings(channel) is not None

    def _pool_settings(self, channel: Channel) -> PooledChannelSettings | None:
        settings = channel.settings
        if not isinstance(settings, PooledChannelSettings):
            return None
        self._alone.add(channel.id)
        return settings

    def _slot(self, credential: Credential) -> Slot | None:
        """Return where a credential is kept; None: it is gone, or has another secret now."""
        slot = self._kept(credential)
        return slot if slot is not None and slot.credential is credential else None

    def _kept(self, credential: Credential) -> Slot | None:
        """Return where a credential is kept, whatever its secret is now; None: it is gone."""
        return self._roster.get(credential.channel_id, credential.id)

    def _before(self, credential: Credential) -> Slot | None:
        """Return where a credential is kept whose secret was exchanged while its call has it."""
        slot = self._kept(credential)
        return slot if slot is not None and slot.before is credential else None

    def _moved(self, moved: Sequence[Slot], gone: Sequence[Slot]) -> None:
        self._shared.forget()
        self._claims.moved(gone, gone=True)
        self._claims.moved(moved)

    async def _written(self, written: Sequence[Written]) -> None:
        for one in written:
            one.slot.written(one.change, one.told)
            self._roster.stamp(one.slot)
            if one.change.given is not None:
                one.slot.given = one.slot.owner = None
                one.slot.claimed_until = None
        self._claims.moved([one.slot for one in written if one.change.given is not None])
        await self._roster.read([one.slot.credential.id for one in written if not one.whole])
