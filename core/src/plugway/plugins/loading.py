"""Loading plugins, and leaving out those that do not work.

A plugin may do anything when it is imported, and must not be able to stop the others: each
is imported, checked and asked by itself, and one that fails is listed with the reason.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import msgspec

from plugway.clock import Clock, SystemClock
from plugway.errors import ConfigurationError
from plugway.plugins import discovery
from plugway.plugins.contributions import Preparation, prepare
from plugway.plugins.implementations import Implementations, Refused, nearest, new_manager, shielded

if TYPE_CHECKING:
    import click

    from plugway.contract import Tables
    from plugway.plugins.discovery import Candidate
    from plugway.settings import PluginSettings

log = logging.getLogger(__name__)

#: An import that takes longer than this many milliseconds is warned of.
SLOW_IMPORT_MS = 1_000.0

#: Names that the core, the settings file and the command line use for themselves.
RESERVED = frozenset(
    {
        *("core", "allow", "block", "strict", "tables"),
        *("channels", "credentials", "credit", "demo", "doctor", "groups", "import", "init"),
        *("keys", "ledger", "migrate", "new-plugin", "openapi", "plugins", "prices", "proxies"),
        *("serve", "tasks", "usage", "users", "vault", "version", "worker"),
    }
)


class PluginInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Says what became of one plugin.

    Attributes:
        name: Name of its entry point.
        distribution: The distribution it came with; None: it was given as an object.
        version: That distribution's version.
        state: `loaded`, `failed` or `blocked`.
        reason: Why it is not loaded.
        import_ms: Milliseconds its import took; None: it was not imported.
        registered: What it registered: names by kind.
    """

    name: str
    distribution: str | None = None
    version: str | None = None
    state: Literal["loaded", "failed", "blocked"] = "loaded"
    reason: str | None = None
    import_ms: float | None = None
    registered: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)

    @property
    def label(self) -> str:
        """Return the name with the distribution and its version, for messages."""
        if self.distribution is None:
            return self.name
        return f"{self.name} ({self.distribution} {self.version})"


class LoadedPlugins:
    """Holds the plugins of one gateway that work so far.

    Attributes:
        settings: What the operator wants loaded.
        plugins: All that were found, in the order of their names, whatever became of them.
        implementations: Hook implementations of each plugin that works.
    """

    def __init__(self, settings: PluginSettings, loading: _Loading) -> None:
        self.settings = settings
        self.plugins = tuple(loading.plugins)
        self.implementations = MappingProxyType(loading.implementations)
        self._preparations = MappingProxyType(loading.preparations)

    @property
    def settings_types(self) -> Mapping[str, type[msgspec.Struct]]:
        """Return the struct of a plugin's settings, by plugin."""
        return {
            name: preparation.settings_type
            for name, preparation in self._preparations.items()
            if preparation.settings_type is not None
        }

    @property
    def tables(self) -> tuple[Tables, ...]:
        """Return the plugins' own tables."""
        found = (preparation.tables for preparation in self._preparations.values())
        return tuple(tables for tables in found if tables is not None)

    @property
    def commands(self) -> Mapping[str, tuple[click.Command, ...]]:
        """Return the commands for `plugway <name> …`, by plugin."""
        return {
            name: preparation.commands
            for name, preparation in self._preparations.items()
            if preparation.commands
        }

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the plugins that work."""
        return tuple(self.implementations)

    @property
    def failures(self) -> tuple[PluginInfo, ...]:
        """Return the plugins that were wanted and are left out."""
        return tuple(plugin for plugin in self.plugins if plugin.state == "failed")


def load_plugins(
    settings: PluginSettings,
    *,
    plugins: Mapping[str, object] | None = None,
    clock: Clock | None = None,
) -> LoadedPlugins:
    """Find, import and check plugins.

    Args:
        settings: Which ones the operator wants.
        plugins: Modules or objects by name, instead of those installed.
        clock: Measures imports; default: the machine's.

    Returns:
        Those that work, and the reasons why others do not.

    Raises:
        ConfigurationError: One failed and the settings are strict.

    Example:
        >>> from plugway.settings import PluginSettings
        >>> load_plugins(PluginSettings(), plugins={"empty": object()}).failures[0].reason
        'it implements no hook'
    """
    loading = _Loading(settings, clock or SystemClock())
    found = discovery.installed() if plugins is None else discovery.given(plugins)
    for candidate in found:
        loading.take(candidate)
    for name in settings.allow or ():
        if not any(plugin.name == name for plugin in loading.plugins):
            names = [candidate.name for candidate in found]
            reason = f"plugins.allow names it and it is not installed{nearest(name, names)}"
            loading.plugins.append(PluginInfo(name=name, state="failed", reason=reason))
    loading.plugins.sort(key=lambda plugin: plugin.name)
    loaded = LoadedPlugins(settings, loading)
    report(settings, loaded.failures)
    return loaded


def report(settings: PluginSettings, failures: Iterable[PluginInfo]) -> None:
    """Tell the operator which plugins are left out.

    Args:
        settings: Strict or not.
        failures: Plugins that failed just now.

    Raises:
        ConfigurationError: There are some and the settings are strict.
    """
    failures = tuple(failures)
    if failures and settings.strict:
        reasons = "; ".join(f"{plugin.label}: {plugin.reason}" for plugin in failures)
        raise ConfigurationError(f"plugins.strict is on and plugins failed: {reasons}")
    for plugin in failures:
        remedy = "name it in plugins.block"
        if plugin.distribution is not None:
            remedy = f"`pip uninstall {plugin.distribution}` or {remedy}"
        log.warning(
            "plugin %s is left out: %s; to be rid of it: %s", plugin.label, plugin.reason, remedy
        )


class _Loading:
    """Takes candidates one by one; what one of them breaks stays its own."""

    def __init__(self, settings: PluginSettings, clock: Clock) -> None:
        self.plugins: list[PluginInfo] = []
        self.implementations: dict[str, Implementations] = {}
        self.preparations: dict[str, Preparation] = {}
        self._settings = settings
        self._clock = clock
        # The manager is this gateway's own: another gateway in the process has another one.
        self._manager = new_manager()

    def take(self, candidate: Candidate) -> None:
        name = candidate.name
        info = PluginInfo(name=name, distribution=candidate.distribution, version=candidate.version)
        # First of all: what the operator does not want is not even imported.
        if name in self._settings.block:
            blocked = "plugins.block names it"
        elif self._settings.allow is not None and name not in self._settings.allow:
            blocked = "plugins.allow does not name it"
        else:
            self._try(candidate, info)
            return
        self.plugins.append(msgspec.structs.replace(info, state="blocked", reason=blocked))

    def _try(self, candidate: Candidate, info: PluginInfo) -> None:
        taken: float | None = None
        try:
            self._check_before_import(candidate)
            started = self._clock.monotonic()
            try:
                plugin = shielded("import failed:", candidate.load)
            finally:
                taken = (self._clock.monotonic() - started) * 1_000
            if taken > SLOW_IMPORT_MS:
                log.warning(
                    "plugin %s took %.1f s to import; import what is heavy where it is used",
                    info.label,
                    taken / 1_000,
                )
            discovery.check_contract(plugin, candidate.module)
            implementations = Implementations(info.name, plugin)
            preparation = prepare(implementations)
            self._claim(preparation)
            implementations.register(self._manager)
        except Refused as refused:
            log.debug("plugin %s failed", info.label, exc_info=refused)
            info = msgspec.structs.replace(info, state="failed", reason=str(refused))
        else:
            self.implementations[info.name] = implementations
            self.preparations[info.name] = preparation
            info = msgspec.structs.replace(info, registered=preparation.registered())
        self.plugins.append(msgspec.structs.replace(info, import_ms=taken))

    def _check_before_import(self, candidate: Candidate) -> None:
        name = candidate.name
        if not (name.isidentifier() and name.isascii() and name == name.lower()):
            raise Refused(f"the name {name!r} is not a lower-case identifier")
        if name in RESERVED:
            raise Refused(f"the name {name!r} is reserved")
        reason = candidate.refusal or discovery.unmet(candidate.requires)
        if reason is not None:
            raise Refused(reason)

    def _claim(self, preparation: Preparation) -> None:
        for other, theirs in self.preparations.items():
            if preparation.tables is None or theirs.tables is None:
                continue
            label = preparation.tables.label
            if label == theirs.tables.label:
                raise Refused(f"tables {label!r} are registered by {self._label(other)}")

    def _label(self, name: str) -> str:
        return next(plugin.label for plugin in self.plugins if plugin.name == name)
