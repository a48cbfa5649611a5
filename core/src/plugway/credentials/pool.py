"""The credentials of channels: which one is used next, and what became of each."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec

from plugway.contract import CredentialChanged, CredentialKind, Secret
from plugway.credentials.rotation import CREDENTIAL_SECRET
from plugway.errors import ConfigurationError
from plugway.storage.models import CredentialRow

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.contract import Channel, Provider, Quota
    from plugway.credentials.vault import Vault
    from plugway.storage.database import Database

log = logging.getLogger(__name__)

CredentialState = Literal["ready", "cooling", "expired", "restricted", "disabled"]

#: Refusals in a row after which a credential counts as expired: one 401 may be a blip.
MAX_REFUSALS = 3

#: Seconds until an expired or restricted credential is tried once more.
RETRY_SECONDS = 300.0

#: Seconds of rest after a 429 that names none, and the most that one may name.
COOLING_SECONDS = 5.0
MAX_COOLING_SECONDS = 3_600.0

#: Microseconds within which two times of rest are the same news.
_SAME_US = 1_000_000


class Credential(msgspec.Struct, kw_only=True):
    """Is one upstream secret of a channel, with its state in this process.

    Attributes:
        id: Database id.
        channel_id: Whose it is.
        kind: How grants are made of it.
        secret: The secret.
        state: `ready`, `cooling`, `expired`, `restricted` or `disabled`.
        until: Microseconds since 1970 when it may be tried again.
        failures: Refusals in a row.
    """

    id: int
    channel_id: int
    kind: CredentialKind
    secret: Secret
    state: CredentialState = "ready"
    until: int | None = None
    failures: int = 0

    def usable(self, now: int) -> bool:
        """Say whether it may be used: ready, or due for another try."""
        if self.state == "ready":
            return True
        return self.state != "disabled" and self.until is not None and now >= self.until


class Claim(msgspec.Struct, frozen=True):
    """Is the right to use a credential for one call.

    Attributes:
        channel: The channel.
        credential: The credential; None: the channel has none.
        exclusive: Nobody else may use it meanwhile: it is one of a pool.
    """

    channel: Channel
    credential: Credential | None
    exclusive: bool = False


class CredentialPool:
    """Chooses credentials round robin and remembers what upstreams said of them.

    The state is kept in the database, so it survives a restart and other nodes see it.
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
        """
        self._database = database
        self._vault = vault
        self._kinds = kinds
        self._providers = providers
        self._clock = clock
        self._spawn = spawn
        self._changed = changed
        self._by_channel: dict[int, list[Credential]] = {}
        self._closed: frozenset[int] = frozenset()
        self._turn: dict[int, int] = {}

    async def load(self) -> None:
        """Read all credentials anew; one that cannot be opened is left out and logged."""
        rows = await self._database.run(CredentialRow.all)
        found: dict[int, list[Credential]] = {}
        closed: set[int] = set()
        for row in rows:
            kind = self._kinds.get(row.kind)
            if kind is None:
                continue
            try:
                secret = open_secret(self._vault, row)
            except ConfigurationError as error:
                log.error("credential %s cannot be opened: %s", row.id, error.message)
                closed.add(row.channel_id)
                continue
            found.setdefault(row.channel_id, []).append(
                Credential(
                    id=row.id,
                    channel_id=row.channel_id,
                    kind=kind,
                    secret=secret,
                    state=cast("CredentialState", row.state),
                    until=row.cooling_until,
                    failures=row.failures,
                )
            )
        self._by_channel, self._closed = found, frozenset(closed)

    def closed(self, channel_id: int) -> bool:
        """Say whether the vault opens none of the credentials that a channel has."""
        return channel_id in self._closed and channel_id not in self._by_channel

    def all(self, channel_id: int) -> list[Credential]:
        """Return the credentials of a channel."""
        return self._by_channel.get(channel_id, [])

    def get(self, channel_id: int, credential_id: int) -> Credential | None:
        """Return one credential of a channel, whatever its state."""
        found = (one for one in self.all(channel_id) if one.id == credential_id)
        return next(found, None)

    def choose(self, channel: Channel) -> Credential | None:
        """Return the next usable credential of a channel, or None.

        Args:
            channel: The channel.
        """
        credentials = self._by_channel.get(channel.id)
        if not credentials:
            return None
        now = self._clock.now()
        start = self._turn.get(channel.id, 0)
        for offset in range(len(credentials)):
            credential = credentials[(start + offset) % len(credentials)]
            if credential.usable(now):
                self._turn[channel.id] = start + offset + 1
                if credential.state != "ready":
                    # Half open: others wait while this one call finds out.
                    credential.until = now + round(COOLING_SECONDS * 1_000_000)
                return credential
        return None

    async def claim(
        self,
        channels: Sequence[Channel],
        quotas: Sequence[Quota],
        *,
        owner: str,
        tried: Container[int] = (),
        admits: Callable[[Channel], bool] = lambda _: True,
    ) -> Claim | None:
        """Take a credential for one call.

        Args:
            channels: Channels that may serve, best first.
            quotas: What the call draws from.
            owner: The call's id.
            tried: Credentials that are not wanted.
            admits: Says whether a channel may be asked now; asked only when a credential of it
                is at hand.

        Returns:
            What to use, and to hand back with `free`; None: nobody can be asked now.
        """
        for channel in channels:
            if self._has_none(channel):
                if admits(channel):
                    return Claim(channel, None)
                continue
            credential = self.choose(channel)
            if credential is not None and credential.id not in tried and admits(channel):
                return Claim(channel, credential)
        return None

    def _has_none(self, channel: Channel) -> bool:
        return self._providers[channel.provider].credential is None

    def free(self, claim: Claim) -> None:
        """Hand back what was claimed."""

    def resting(self, channel: Channel) -> bool:
        """Say whether credentials of a channel will be usable again by themselves."""
        return any(one.state == "cooling" for one in self.all(channel.id))

    def ready_in(self, channel: Channel, quotas: Sequence[Quota] = ("text",)) -> float | None:
        """Return the seconds until a credential is usable again; None: nobody knows."""
        now = self._clock.now()
        waits = [
            max(0, one.until - now) / 1_000_000
            for one in self._by_channel.get(channel.id, ())
            if one.until is not None and one.state != "disabled"
        ]
        return min(waits, default=None)

    def succeeded(self, credential: Credential, channel: Channel) -> None:
        """Note that the upstream took it."""
        credential.failures = 0
        if credential.state != "ready":
            self._move(credential, channel, "ready", None, "")

    def refused(
        self,
        credential: Credential,
        channel: Channel,
        reason: str,
        state: CredentialState = "expired",
    ) -> None:
        """Note that the upstream did not accept it; after some in a row it is out of use.

        Args:
            credential: The credential.
            channel: Its channel.
            reason: Short, without the secret.
            state: What it is then: `expired`, or `restricted` when it may not do that.
        """
        credential.failures += 1
        if credential.failures >= MAX_REFUSALS or credential.state != "ready":
            until = self._clock.now() + round(RETRY_SECONDS * 1_000_000)
            self._move(credential, channel, state, until, reason)

    def exhausted(
        self,
        credential: Credential,
        channel: Channel,
        seconds: float | None,
        reason: str,
        quotas: Sequence[Quota] = ("text",),
    ) -> None:
        """Let it rest.

        Args:
            credential: The credential.
            channel: Its channel.
            seconds: As the upstream asked; None: it did not say.
            reason: Short, without the secret.
            quotas: What is used up.
        """
        rest = COOLING_SECONDS if seconds is None else min(max(seconds, 0.0), MAX_COOLING_SECONDS)
        until = self._clock.now() + round(rest * 1_000_000)
        self._move(credential, channel, "cooling", until, reason)

    def _move(
        self,
        credential: Credential,
        channel: Channel,
        state: CredentialState,
        until: int | None,
        reason: str,
    ) -> None:
        told = credential.state != state
        known = credential.until if state == credential.state else None
        if known is not None and until is not None and abs(until - known) < _SAME_US:
            # Many calls that were under way at once bring the same news.
            return
        credential.state, credential.until = state, until
        self._spawn(self._save(credential, reason))
        if told:
            self._changed(
                CredentialChanged(
                    credential_id=credential.id, channel=channel.name, state=state, reason=reason
                )
            )

    async def _save(self, credential: Credential, reason: str) -> None:
        values = {
            "state": credential.state,
            "cooling_until": credential.until,
            "failures": credential.failures,
            "reason": reason[:512],
            "updated_at": self._clock.now(),
        }

        async def work() -> None:
            await CredentialRow.filter(id=credential.id).exclude(state="disabled").update(**values)

        await self._database.transact(work)


def open_secret(vault: Vault, row: CredentialRow) -> Secret:
    """Return a row's secret.

    Raises:
        VaultError: No key of the vault opens it.
    """
    place = CREDENTIAL_SECRET.of(CREDENTIAL_SECRET.row(row))
    return Secret(vault.open(row.sealed, **place))
