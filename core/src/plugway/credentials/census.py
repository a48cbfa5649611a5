"""A count of a provider's credentials, from their rows: the same in every process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from plugway.contract.channels import PooledChannelSettings
from plugway.credentials.quotas import Calendar, Quotas
from plugway.credentials.states import CredentialState
from plugway.storage.models import CredentialRow

if TYPE_CHECKING:
    from plugway.channels.channels import Channels
    from plugway.clock import Clock
    from plugway.contract import Channel
    from plugway.storage.database import Database

#: Rows of one look, and ids that are returned at the most.
PAGE, MOST = 1_000, 1_000

_COLUMNS = ("id", "channel_id", "state", "cooling_until", "quotas")


class Headcount(msgspec.Struct, frozen=True, kw_only=True):
    """Tells how many credentials there are; disabled ones are not counted.

    Attributes:
        ready: In good order: a call may use it, does, or it rests after one.
        pending: Others: expired, restricted, quarantined, or resting since the upstream's quota
            is used up.
        spent: Of the ready ones those that have used what a day has of texts.
    """

    ready: int
    pending: int
    spent: int

    @property
    def total(self) -> int:
        """Return how many there are."""
        return self.ready + self.pending


class Census:
    """Counts the credentials of providers, in channels that take calls."""

    def __init__(self, database: Database, channels: Channels, clock: Clock) -> None:
        """Take the parts.

        Args:
            database: Where rows are.
            channels: The channels in use.
            clock: The time.
        """
        self._database = database
        self._channels = channels
        self._clock = clock

    def channels(self, provider: str) -> list[Channel]:
        """Return the channels of a provider that take calls, by id.

        Args:
            provider: Which.
        """
        its = (one for one in self._channels.all() if one.provider == provider and one.enabled)
        return sorted(its, key=lambda channel: channel.id)

    async def count(self, provider: str) -> Headcount:
        """Count a provider's credentials.

        Args:
            provider: Which.

        Raises:
            Unavailable: The database is away.
        """
        channels = {one.id: one for one in self.channels(provider)}
        now = self._clock.now()
        days = {id_: _Day(channel, now) for id_, channel in channels.items()}
        ready = pending = spent = after = 0
        while channels:
            rows = await self._page(list(channels), after)
            for _, channel_id, state, until, quotas in rows:
                if not _in_order(state, until, now):
                    pending += 1
                    continue
                ready += 1
                spent += days[channel_id].spent(quotas)
            if len(rows) < PAGE:
                break
            after = rows[-1][0]
        return Headcount(ready=ready, pending=pending, spent=spent)

    async def labelled(self, provider: str, label: str) -> list[int]:
        """Return the ids of an account's credentials, one a channel at the most.

        Args:
            provider: In whose channels.
            label: Whose account it is, as `CredentialKind.label` says.

        Raises:
            Unavailable: The database is away.
        """
        return await self._ids(provider, {"label": label})

    async def in_states(self, provider: str, states: Iterable[CredentialState]) -> list[int]:
        """Return the ids of credentials in one of some states, 1000 at the most.

        Args:
            provider: In whose channels.
            states: As rows say.

        Raises:
            Unavailable: The database is away.
        """
        return await self._ids(provider, {"state__in": list(states)})

    async def _ids(self, provider: str, chosen: Mapping[str, Any]) -> list[int]:
        channels = [one.id for one in self.channels(provider)]

        async def work() -> list[int]:
            its = CredentialRow.filter(channel_id__in=channels, **chosen).order_by("id")
            return [row.id for row in await its.limit(MOST).only("id")]

        return await self._database.run(work) if channels else []

    async def _page(self, channels: list[int], after: int) -> list[Any]:
        async def work() -> list[Any]:
            rows = CredentialRow.filter(channel_id__in=channels, id__gt=after)
            its = rows.exclude(state="disabled").order_by("id").limit(PAGE)
            return list(await its.values_list(*_COLUMNS))

        return await self._database.run(work)


class _Day:
    """Knows what a day of a channel has."""

    def __init__(self, channel: Channel, now: int) -> None:
        settings = channel.settings
        self._settings = settings if isinstance(settings, PooledChannelSettings) else None
        self._now = now
        if self._settings is not None:
            self._day = Calendar(self._settings.day_zone).day(now)

    def spent(self, quotas: str) -> bool:
        """Say whether the texts of a day are used up, by what a row says."""
        if self._settings is None:
            return False
        read = Quotas.read(quotas)
        return read.open_at(("text",), self._settings, self._day) > self._now


def _in_order(state: CredentialState, until: int | None, now: int) -> bool:
    """Say whether nothing is the matter; a rest that is over is no matter any more."""
    return state == "ready" or (state == "cooling" and until is not None and until <= now)
