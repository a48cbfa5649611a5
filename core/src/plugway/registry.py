"""What the plugins registered with one gateway, frozen at start.

All or nothing: a plugin that raises, returns something else than promised, or claims what
another one has is left out with everything it registered, and listed with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from plugway.plugins.claims import Claims
from plugway.plugins.contributions import Contribution, contribute
from plugway.plugins.implementations import Refused
from plugway.plugins.loading import PluginInfo, report
from plugway.routes import RouteTable

if TYPE_CHECKING:
    from plugway.contract import (
        CredentialKind,
        Emulator,
        Models,
        Mount,
        Poller,
        Provider,
        TariffRow,
        Worker,
    )
    from plugway.plugins import LoadedPlugins


class Registry:
    """Answers who serves what; nothing in it changes once it is built.

    Attributes:
        plugins: Every plugin that was found and what became of it.
        routes: The route table, the core's routes included.
        providers: Providers by name.
        credential_kinds: Credential kinds by name.
        tariffs: Default prices, each with the plugin's name.
        models: Who answers chats, each with the plugin's name.
        pollers: Who asks for tasks, by provider.
        workers: Background work.
        emulators: Stand-ins by provider.
        owners: The plugin that has a name: `owners["provider:kling"]`.
    """

    def __init__(self, plugins: Iterable[PluginInfo], claims: Claims) -> None:
        """Freeze what was settled.

        Args:
            plugins: The listing.
            claims: Who has what.
        """
        accepted = tuple(claims.accepted.values())
        self.plugins = tuple(plugins)
        self.routes = RouteTable(claims.routes())
        self.owners = MappingProxyType(
            {f"{kind}:{name}": owner for (kind, name), owner in claims.owners.items()}
        )
        self.providers: Mapping[str, Provider] = MappingProxyType(
            {provider.name: provider for one in accepted for provider in one.providers}
        )
        self.credential_kinds: Mapping[str, CredentialKind] = MappingProxyType(
            {kind.name: kind for one in accepted for kind in one.credentials}
        )
        self.tariffs: tuple[tuple[str, TariffRow], ...] = tuple(
            (one.plugin, row) for one in accepted for row in one.tariffs
        )
        self.models: tuple[tuple[str, Models], ...] = tuple(
            (one.plugin, models) for one in accepted for models in one.models
        )
        self.pollers: Mapping[str, Poller] = MappingProxyType(
            {poller.provider: poller for one in accepted for poller in one.pollers}
        )
        self.workers: tuple[Worker, ...] = tuple(
            worker for one in accepted for worker in one.workers
        )
        self.emulators: Mapping[str, Emulator] = MappingProxyType(
            {one.emulator.provider: one.emulator for one in accepted if one.emulator is not None}
        )
        self._listeners = MappingProxyType(_listeners(accepted))

    @property
    def failures(self) -> tuple[PluginInfo, ...]:
        """Return the plugins that were wanted and are left out."""
        return tuple(plugin for plugin in self.plugins if plugin.state == "failed")

    def listeners(self, event: str) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
        """Return who hears of an event: plugin names with coroutine functions.

        Args:
            event: Name of the event's hook.
        """
        return self._listeners.get(event, ())


def build_registry(
    loaded: LoadedPlugins, gateway: object, mounts: Iterable[Mount] = ()
) -> Registry:
    """Ask every plugin what it gives, and settle who has what.

    Args:
        loaded: The plugins that load.
        gateway: Handed to their hooks.
        mounts: The core's own routes; no plugin can take requests away from them.

    Returns:
        The registry, with the reasons why plugins are not in it.

    Raises:
        ConfigurationError: A plugin failed and the settings are strict, or two of the
            core's own routes clash.
    """
    contributions: dict[str, Contribution] = {}
    reasons: dict[str, str] = {}
    for name, plugin in loaded.implementations.items():
        try:
            contributions[name] = contribute(plugin, gateway)
        except Refused as refused:
            reasons[name] = str(refused)
    labels = {plugin.name: plugin.label for plugin in loaded.plugins}
    claims = Claims(contributions, mounts, labels)
    reasons.update(claims.reasons)
    plugins = [_outcome(plugin, claims, reasons) for plugin in loaded.plugins]
    report(loaded.settings, [plugin for plugin in plugins if plugin.name in reasons])
    return Registry(plugins, claims)


def _outcome(plugin: PluginInfo, claims: Claims, reasons: Mapping[str, str]) -> PluginInfo:
    name = plugin.name
    if name in reasons:
        return msgspec.structs.replace(plugin, state="failed", reason=reasons[name], registered={})
    if name in claims.accepted:
        names = claims.accepted[name].registered(claims.given_up(name))
        return msgspec.structs.replace(plugin, registered={**plugin.registered, **names})
    return plugin


def _listeners(
    contributions: Iterable[Contribution],
) -> dict[str, tuple[tuple[str, Callable[[Any], Any]], ...]]:
    found: dict[str, tuple[tuple[str, Callable[[Any], Any]], ...]] = {}
    for one in contributions:
        for event, listener in one.listeners.items():
            found[event] = (*found.get(event, ()), (one.plugin, listener))
    return found
