"""Rounds of renewal: what is due is found and begun, and pools that run low are told of."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from tortoise.expressions import Q

from plugway.contract.channels import PooledChannelSettings
from plugway.credentials import kinds
from plugway.credentials.renewal import due_at, micros
from plugway.credentials.states import DOUBTFUL, OUT_OF_USE
from plugway.errors import (
    PlugwayError,
    QuotaExhausted,
    Unavailable,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from plugway.storage import leases
from plugway.storage.models import CredentialRow

if TYPE_CHECKING:
    from plugway.alerts import AlertKind
    from plugway.channels.channels import Channels
    from plugway.clock import Clock
    from plugway.contract import Channel, Secret
    from plugway.credentials.renewal import Renewal
    from plugway.credentials.renewals import Renewals
    from plugway.storage.database import Database
    from plugway.upstream import Upstream

log = logging.getLogger(__name__)

#: Seconds between two rounds.
INTERVAL = 5.0

#: Seconds for one renewal, and how many of one provider run at a time on one node.
TIMEOUT, TOGETHER = 180.0, 4

#: Seconds of a claim beyond a renewal's time: for the database.
SPARE = 60.0

#: Seconds for which one node finds what is due, unless it dies.
LEASE = 30.0

#: Tries to save what a renewal brought while the database is away, and seconds between: the
#: upstream may no longer take the secret before.
SAVES, SAVE_PAUSE = 10, 5.0

#: Seconds that pass at least from one renewal to the next before a credential ends.
CALM = 300.0

#: Seconds that renewals get to end when the gateway stops.
STOP = 10.0

#: States of credentials that a pool does not count on.
_BAD = (*DOUBTFUL, *OUT_OF_USE)


class RenewalRounds:
    """Runs renewals in this process, each provider's apart from the others'."""

    def __init__(
        self,
        renewals: Renewals,
        database: Database,
        channels: Channels,
        upstream: Upstream,
        clock: Clock,
        *,
        owner: str,
        alert: Callable[[AlertKind, str, str], None],
        local: Callable[[str], bool] = lambda _: True,
        limit: float = TIMEOUT,
    ) -> None:
        """Take the parts; nothing runs before `run` or `round`.

        Args:
            renewals: What is to be done.
            database: Where credentials and leases are.
            channels: The channels in use.
            upstream: For kinds that need no more than HTTP.
            clock: The time.
            owner: Unique among nodes and processes.
            alert: Told of pools that run low.
            local: Says whether a provider's credentials are renewed here; where they are not,
                workers elsewhere claim them.
            limit: Seconds for one renewal.
        """
        self._renewals = renewals
        self._database = database
        self._channels = channels
        self._upstream = upstream
        self._clock = clock
        self._owner = owner
        self._alert = alert
        self._local = local
        self._limit = limit
        self._running: dict[str, set[asyncio.Task[None]]] = {}
        self._lock = asyncio.Lock()
        #: Good credentials of channels that had too few at the last look.
        self._low: dict[int, int] = {}

    async def run(self) -> None:
        """Do rounds until cancelled; renewals that run then get some seconds to end."""
        try:
            while True:
                try:
                    await self.round()
                except Unavailable as error:
                    log.warning("renewals cannot be looked for: %s", error.message)
                except Exception:  # the next round may go better
                    log.exception("a round of renewals failed")
                await self._clock.sleep(INTERVAL)
        finally:
            await self._stop()

    async def round(self) -> int:
        """Find what is due and begin as much of it as there is room for; wait for none of it.

        Returns:
            How many renewals were begun.

        Raises:
            Unavailable: The database is away.
        """
        async with self._lock:
            return await self._round()

    async def idle(self) -> None:
        """Wait until no renewal runs here."""
        while running := [task for tasks in self._running.values() for task in tasks]:
            await asyncio.wait(running)

    async def _round(self) -> int:
        renewable = self._renewals.renewable()
        pools = [one for one in self._channels.all() if one.enabled and _least(one)]
        if not renewable and not (pools or self._low):
            return 0
        now = self._clock.now()
        if await leases.acquire(self._database, "renewals", self._owner, now, LEASE):
            await self._find_due(renewable, now)
            await self._look_at(pools)
        begun = 0
        for provider in sorted({one.provider for one in renewable}):
            if self._local(provider):
                begun += await self._begin(provider)
        return begun

    async def _find_due(self, channels: list[Channel], now: int) -> None:
        """Put on the list what was refused or will end soon, and is not on it."""
        for channel in channels:
            before = micros(_margin(channel))

            async def work(channel_id: int = channel.id, before: int = before) -> list[int]:
                ending = Q(state="expired") | Q(expires_at__lte=now + before)
                rows = CredentialRow.filter(ending, channel_id=channel_id, renewal_at=None)
                found = await rows.exclude(state__in=OUT_OF_USE)
                return [row.id for row in found if _due(row, now, before) <= now]

            for credential_id in await self._database.run(work):
                await self._renewals.wanted(credential_id)

    async def _look_at(self, pools: list[Channel]) -> None:
        """Tell of each pool with too few good credentials, again when it has fewer still."""
        low: dict[int, int] = {}
        for channel in pools:

            async def work(channel_id: int = channel.id) -> int:
                rows = CredentialRow.filter(channel_id=channel_id)
                return await rows.exclude(state__in=_BAD).count()

            good = await self._database.run(work)
            least, target = _least(channel), _target(channel)
            if good >= least:
                continue
            low[channel.id] = good
            if good < self._low.get(channel.id, least):
                self._alert(
                    "credentials_low",
                    channel.name,
                    f"{good} credentials of the channel {channel.name} are in good order: at "
                    f"least {least} should be" + (f", and {target} are wanted" * (target > 0)),
                )
        self._low = low

    async def _begin(self, provider: str) -> int:
        running = self._running.setdefault(provider, set())
        lease = self._limit + SPARE
        claimed = await self._renewals.claim(provider, self._owner, TOGETHER - len(running), lease)
        for renewal in claimed:
            task = asyncio.create_task(self._renew(renewal))
            running.add(task)
            task.add_done_callback(running.discard)
        return len(claimed)

    async def _renew(self, renewal: Renewal) -> None:
        name = f"the renewal of credential {renewal.credential_id}"
        try:
            secret = await self._fresh(renewal)
            if secret is not None:
                await self._save(renewal, secret)
        except Unavailable as error:
            log.warning("%s is left for later: %s", name, error.message)
        except Exception:  # one credential must not stop the others
            log.exception("%s failed; it is tried when its claim ends", name)

    async def _fresh(self, renewal: Renewal) -> Secret | None:
        """Return what the kind brings; a failure is noted."""
        fail = self._renewals.fail
        key = f"{renewal.channel.id}:{renewal.credential_id}"
        upstream = self._upstream.sticking_to(key)
        try:
            async with asyncio.timeout(self._limit):
                return await kinds.renew(renewal.kind, renewal.secret, renewal.channel, upstream)
        except TimeoutError:
            await fail(renewal, f"it took more than {self._limit:g} s", counted=False)
        except (UpstreamUnreachable, UpstreamTimeout, QuotaExhausted) as error:
            await fail(renewal, error.message, counted=False, after=error.retry_after)
        except UpstreamError as error:
            await fail(renewal, error.message)
        except PlugwayError as error:
            # What is missing here, such as a browser, is missing for every credential.
            await fail(renewal, error.message, counted=False)
        return None

    async def _save(self, renewal: Renewal, secret: Secret) -> None:
        for left in reversed(range(SAVES)):
            try:
                await self._renewals.complete(renewal, secret.reveal())
            except Unavailable:
                if not left:
                    raise
                await self._clock.sleep(SAVE_PAUSE)
            else:
                return

    async def _stop(self) -> None:
        running = [task for tasks in self._running.values() for task in tasks]
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=STOP)
        for task in late:
            # Claimed again, here or elsewhere, when the claim ends.
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def _due(row: CredentialRow, now: int, before: int) -> int:
    """Return when a credential's renewal is due: after half of its life at the earliest."""
    if row.state == "expired" or row.expires_at is None:
        return due_at(row, now)
    since = row.created_at if row.renewed_at is None else row.renewed_at
    due: int = max(row.expires_at - before, since + (row.expires_at - since) // 2)
    return due if row.renewed_at is None else max(due, row.renewed_at + micros(CALM))


def _margin(channel: Channel) -> float:
    settings = channel.settings
    if isinstance(settings, PooledChannelSettings):
        return settings.renew_before
    return PooledChannelSettings().renew_before


def _least(channel: Channel) -> int:
    settings = channel.settings
    return settings.min_count if isinstance(settings, PooledChannelSettings) else 0


def _target(channel: Channel) -> int:
    settings = channel.settings
    return settings.target_count if isinstance(settings, PooledChannelSettings) else 0
