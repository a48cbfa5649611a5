"""What one plugin returns from its hooks, checked for what it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from plugway.contract import (
    ANY,
    CredentialKind,
    Emulator,
    Models,
    Mount,
    Poller,
    Provider,
    Tables,
    TariffRow,
    Worker,
)
from plugway.contract.routes import METHODS
from plugway.plugins.implementations import Refused, kind
from plugway.routes import claims, shape

if TYPE_CHECKING:
    import click

    from plugway.plugins.implementations import Implementations

#: What the listing calls that which each hook gives.
KINDS = {
    "register_settings": "settings",
    "register_commands": "commands",
    "register_models_db": "tables",
    "register_providers": "providers",
    "register_credentials": "credentials",
    "register_tariffs": "tariffs",
    "register_routes": "routes",
    "register_models": "models",
    "register_pollers": "pollers",
    "register_workers": "workers",
    "register_emulator": "emulators",
    "call_settled": "events",
    "task_finished": "events",
    "credential_changed": "events",
}

#: Hooks that are events, not questions.
EVENTS = tuple(hook for hook, what in KINDS.items() if what == "events")

#: What an emulator must have, whatever its class.
_EMULATOR = ("provider", "secret", "models", "settings", "tour", "start", "stop")

_KIND: type[CredentialKind] = CredentialKind  # type: ignore[type-abstract]  # for isinstance
_MODELS: type[Models] = Models  # type: ignore[type-abstract]  # for isinstance
_POLLER: type[Poller] = Poller  # type: ignore[type-abstract]  # for isinstance

T = TypeVar("T")

Names = dict[str, tuple[str, ...]]


class Preparation(msgspec.Struct, frozen=True, kw_only=True):
    """Holds what a plugin gives before there is a gateway."""

    settings_type: type[msgspec.Struct] | None = None
    tables: Tables | None = None
    commands: tuple[click.Command, ...] = ()

    def registered(self) -> Names:
        """Return names by kind, for the listing."""
        names: Names = {}
        if self.settings_type is not None:
            names["settings"] = (self.settings_type.__name__,)
        if self.tables is not None:
            names["tables"] = (self.tables.label,)
        if self.commands:
            names["commands"] = tuple(str(command.name) for command in self.commands)
        return names


class Contribution(msgspec.Struct, frozen=True, kw_only=True):
    """Holds what a plugin gives to one gateway."""

    plugin: str
    providers: tuple[Provider, ...] = ()
    credentials: tuple[CredentialKind, ...] = ()
    tariffs: tuple[TariffRow, ...] = ()
    routes: tuple[Mount, ...] = ()
    models: tuple[Models, ...] = ()
    pollers: tuple[Poller, ...] = ()
    workers: tuple[Worker, ...] = ()
    emulator: Emulator | None = None
    listeners: Mapping[str, Callable[[Any], Any]] = msgspec.field(default_factory=dict)

    def claims(self) -> Iterator[tuple[str, str]]:
        """Yield what nobody else may have, as kind and name; fallback routes not included."""
        for provider in self.providers:
            yield "provider", provider.name
        for credential in self.credentials:
            yield "credential", credential.name
        for models in self.models:
            yield "models", models.provider
        for poller in self.pollers:
            yield "poller", poller.provider
        for worker in self.workers:
            yield "worker", worker.name
        if self.emulator is not None:
            yield "emulator", self.emulator.provider
        for mount in self.routes:
            if not mount.fallback:
                yield from (("route", claim) for claim in claims(mount))

    def registered(self, given_up: frozenset[str]) -> Names:
        """Return names by kind, for the listing.

        Args:
            given_up: Shapes of fallback routes that went to another plugin.
        """
        names: dict[str, tuple[str, ...]] = {
            "providers": tuple(provider.name for provider in self.providers),
            "credentials": tuple(credential.name for credential in self.credentials),
            "tariffs": tuple(dict.fromkeys(row.key for row in self.tariffs)),
            "routes": tuple(_described(mount, given_up) for mount in self.routes),
            "models": tuple(models.provider for models in self.models),
            "pollers": tuple(poller.provider for poller in self.pollers),
            "workers": tuple(worker.name for worker in self.workers),
            "emulators": () if self.emulator is None else (self.emulator.provider,),
            "events": tuple(self.listeners),
        }
        return {key: value for key, value in names.items() if value}


def prepare(plugin: Implementations) -> Preparation:
    """Ask a plugin for what is needed before the gateway.

    Raises:
        Refused: A hook raised or returned something else than promised.
    """
    settings_type: type[msgspec.Struct] | None = None
    tables: Tables | None = None
    commands: tuple[click.Command, ...] = ()
    if "register_settings" in plugin.names:
        settings_type = plugin.call("register_settings")
        if not (isinstance(settings_type, type) and issubclass(settings_type, msgspec.Struct)):
            raise Refused(
                f"register_settings returned {kind(settings_type)}, not a msgspec.Struct class"
            )
    if "register_models_db" in plugin.names:
        tables = plugin.one("register_models_db", Tables)
    if "register_commands" in plugin.names:
        import click  # a plugin with commands has paid for it already

        commands = plugin.objects("register_commands", click.Command)
        _distinct(f"the command {command.name}" for command in commands)
    return Preparation(settings_type=settings_type, tables=tables, commands=commands)


def contribute(plugin: Implementations, gateway: object) -> Contribution:
    """Ask a plugin for all that it gives to a gateway.

    Args:
        plugin: The plugin.
        gateway: Handed to its hooks.

    Raises:
        Refused: A hook raised or returned something else than promised.
    """
    found = Contribution(
        plugin=plugin.name,
        providers=_several(plugin, "register_providers", Provider, gateway),
        credentials=_several(plugin, "register_credentials", _KIND, gateway),
        tariffs=_several(plugin, "register_tariffs", TariffRow, gateway),
        routes=_several(plugin, "register_routes", Mount, gateway),
        models=_several(plugin, "register_models", _MODELS, gateway),
        pollers=_several(plugin, "register_pollers", _POLLER, gateway),
        workers=_several(plugin, "register_workers", Worker, gateway),
        emulator=_emulator(plugin),
        listeners={name: plugin.listener(name) for name in EVENTS if name in plugin.names},
    )
    for credential in found.credentials:
        if not isinstance(getattr(credential, "name", None), str) or not credential.name:
            raise Refused(f"the credential kind {type(credential).__name__} has no name")
    for models in found.models:
        if not isinstance(getattr(models, "provider", None), str) or not models.provider:
            raise Refused(f"the models {type(models).__name__} have no provider")
    for poller in found.pollers:
        if not isinstance(getattr(poller, "provider", None), str) or not poller.provider:
            raise Refused(f"the poller {type(poller).__name__} has no provider")
    _distinct(" ".join(claim) for claim in found.claims())
    _distinct(f"route {claim}" for mount in found.routes for claim in claims(mount))
    _distinct(f"the tariff row {_priced(row)}" for row in found.tariffs)
    return found


def _several(plugin: Implementations, hook: str, type_: type[T], gateway: object) -> tuple[T, ...]:
    return plugin.objects(hook, type_, gateway=gateway) if hook in plugin.names else ()


def _emulator(plugin: Implementations) -> Emulator | None:
    if "register_emulator" not in plugin.names:
        return None
    result = plugin.call("register_emulator")
    if isinstance(result, type):
        raise Refused(f"register_emulator returned {kind(result)}, not an object")
    for name in _EMULATOR:
        if not hasattr(result, name):
            raise Refused(f"register_emulator returned {kind(result)}, which has no {name}")
    emulator: Emulator = result
    return emulator


def _distinct(names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise Refused(f"it registers {name} twice")


def _priced(row: TariffRow) -> str:
    exact = sorted((name, value) for name, value in row.dimensions.items() if value != ANY)
    return " ".join([row.key, row.unit, *(f"{name}={value}" for name, value in exact)])


def _described(mount: Mount, given_up: frozenset[str]) -> str:
    methods = "ANY" if mount.methods == METHODS else ",".join(sorted(mount.methods))
    path = f"{mount.path.rstrip('/')}/*" if mount.prefix else mount.path
    notes = ["public"] if mount.public else []
    if mount.fallback:
        notes.append("given up" if shape(mount) in given_up else "fallback")
    return f"{methods} {path} ({', '.join(notes)})" if notes else f"{methods} {path}"
