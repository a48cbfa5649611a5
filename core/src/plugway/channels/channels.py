"""Which channels may serve a call, and in what order."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from plugway.channels import store
from plugway.channels.breaker import Breaker
from plugway.channels.settings import opened_settings
from plugway.contract import ANY, Channel, Provider
from plugway.credentials.vault import VaultError
from plugway.errors import NoChannel
from plugway.storage.models import ChannelRow

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.credentials.vault import Vault
    from plugway.storage.database import Database


class Channels:
    """Chooses channels from a snapshot of the database.

    Breakers live here, in the process: what one process learns in milliseconds is not
    worth a write.
    """

    def __init__(
        self, database: Database, vault: Vault, providers: Mapping[str, Provider], clock: Clock
    ) -> None:
        self._database = database
        self._vault = vault
        self._providers = providers
        self._clock = clock
        self._by_id: dict[int, Channel] = {}
        self._tiers: dict[tuple[str, str], list[list[Channel]]] = {}
        self._breakers: dict[int, Breaker] = {}
        self._faulty: dict[str, str] = {}

    async def load(self) -> None:
        """Read all channels anew."""
        rows = await self._database.run(ChannelRow.all)
        by_id: dict[int, Channel] = {}
        faulty: dict[str, str] = {}
        for row in rows:
            provider = self._providers.get(row.provider)
            if provider is None:
                faulty[row.name] = f"provider {row.provider} is not installed"
                continue
            try:
                by_id[row.id] = channel_of(row, provider, self._vault)
            except msgspec.ValidationError as error:
                faulty[row.name] = f"settings: {error}"
            except VaultError as error:
                faulty[row.name] = f"settings: {error.message}"
        tiers: dict[tuple[str, str], list[list[Channel]]] = {}
        for channel in sorted(by_id.values(), key=lambda channel: -channel.priority):
            if not channel.enabled:
                continue
            for model in channel.models:
                _enter(tiers.setdefault((channel.provider, model), []), channel)
        self._by_id, self._tiers, self._faulty = by_id, tiers, faulty
        self._breakers = {id_: self._breakers.get(id_) or Breaker() for id_ in by_id}

    def all(self) -> list[Channel]:
        """Return every usable channel."""
        return list(self._by_id.values())

    def faulty(self) -> Mapping[str, str]:
        """Return the channels that cannot be used, by name, with the reason."""
        return self._faulty

    def get(self, channel_id: int) -> Channel | None:
        """Return one channel."""
        return self._by_id.get(channel_id)

    async def adjust(self, channel: Channel, settings: Mapping[str, Any]) -> None:
        """Change settings of a channel for good; every process follows within a second.

        Args:
            channel: Which.
            settings: Values by name; the others stay.

        Raises:
            NotFound: It is gone.
            BadRequest: A value is not acceptable; it is named, after `settings.`.
            VaultError: A secret among its settings cannot be opened.
        """
        draft = store.ChannelDraft(settings=dict(settings))
        database, vault = self._database, self._vault
        await store.change(database, vault, self._providers, channel.name, draft, self._clock)

    def breaker(self, channel: Channel) -> Breaker:
        """Return the channel's breaker."""
        return self._breakers.setdefault(channel.id, Breaker())

    def serve(self, provider: str, model: str, group: str | None, *, by_name: bool = False) -> bool:
        """Say whether a channel has a model, for users of a group.

        Args:
            provider: The provider.
            model: The model.
            group: The caller's group.
            by_name: Channels that have all models do not count.
        """
        named = self._tiers.get((provider, model), [])
        tiers = named if by_name else self._tiers_of(provider, model)
        return any(one.group is None or one.group == group for tier in tiers for one in tier)

    def candidates(self, provider: str, model: str, group: str | None) -> list[Channel]:
        """List the channels that may serve a call, best first.

        Whether a breaker admits is asked when a channel's turn comes.

        Args:
            provider: The provider.
            model: The model.
            group: The caller's group.

        Raises:
            NoChannel: There is none.
        """
        tiers = self._tiers_of(provider, model)
        found: list[Channel] = []
        for tier in tiers:
            open_to = [one for one in tier if one.group is None or one.group == group]
            found += open_to if len(open_to) < 2 else _weighted(open_to)
        if not found:
            within = f" for group {group}" if tiers and group else ""
            raise NoChannel(f"no available channel for model {model}{within}", field="model")
        return found

    def _tiers_of(self, provider: str, model: str) -> list[list[Channel]]:
        """Return those that list a model, or all models, by priority."""
        named = self._tiers.get((provider, model), [])
        open_ = self._tiers.get((provider, ANY))
        if not open_ or model == ANY:
            return named
        merged: list[list[Channel]] = []
        both = {one.id: one for tiers in (named, open_) for tier in tiers for one in tier}
        for channel in sorted(both.values(), key=lambda one: -one.priority):
            _enter(merged, channel)
        return merged


def _enter(tiers: list[list[Channel]], channel: Channel) -> None:
    """Add a channel that has no higher priority than those before it."""
    if not tiers or tiers[-1][0].priority != channel.priority:
        tiers.append([])
    tiers[-1].append(channel)


def channel_of(row: ChannelRow, provider: Provider, vault: Vault) -> Channel:
    """Build the request path's view of a row.

    Raises:
        msgspec.ValidationError: Its settings are not what the provider declares.
        VaultError: The secrets among its settings cannot be opened.
    """
    return Channel(
        id=row.id,
        provider=row.provider,
        name=row.name,
        base_url=row.base_url,
        models=frozenset(row.models),
        priority=row.priority,
        weight=row.weight,
        group=row.group,
        settings=msgspec.convert(opened_settings(vault, row), provider.settings),
        enabled=row.enabled,
    )


def _weighted(channels: list[Channel]) -> list[Channel]:
    """Shuffle so that each is first as often as its weight says."""
    # An exponential variate divided by the weight: the smallest is a weighted choice, and so
    # on down the order (Efraimidis and Spirakis). Balance, not secrecy, is what is at stake.
    return sorted(channels, key=lambda one: random.expovariate(one.weight))  # see above
