"""The running parts of one gateway."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sized
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from plugway import gauges
from plugway.alerts import Alerts
from plugway.background import Background
from plugway.bindings import Bindings
from plugway.browser import Browser
from plugway.callbacks.delivery import Deliveries
from plugway.calls.calls import Calls
from plugway.calls.parts import Parts
from plugway.calls.queue import Queue
from plugway.channels.channels import Channels
from plugway.chat.catalog import Catalog
from plugway.chat.chat import Chat
from plugway.clock import Clock, SystemClock
from plugway.configuration import LiveSettings
from plugway.contract import CallSettled, CredentialChanged, Mount, TariffRow, TaskFinished
from plugway.credentials.census import Census
from plugway.credentials.grants import Grants
from plugway.credentials.pool import Credential, CredentialPool
from plugway.credentials.renewals import Renewals
from plugway.credentials.rounds import RenewalRounds
from plugway.credentials.vault import Vault
from plugway.errors import ConfigurationError
from plugway.generations.generations import Generations
from plugway.identity.identity import Identity
from plugway.identity.limits import Limits
from plugway.ids import new_id
from plugway.ledger.ledger import Ledger
from plugway.ledger.prices import Prices
from plugway.media.store import MediaStore
from plugway.plugins import LoadedPlugins, load_plugins
from plugway.registry import Registry, build_registry
from plugway.settings import Settings
from plugway.statistics import Statistics
from plugway.storage.database import Database
from plugway.storage.migrate import migrate, pending
from plugway.storage.snapshots import Snapshots
from plugway.storage.url import DatabaseURL
from plugway.tasks.tasks import Tasks
from plugway.telemetry.metrics import Metrics
from plugway.upstream import Upstream
from plugway.workers import Workers

T = TypeVar("T", bound=msgspec.Struct)
P = TypeVar("P")

#: Seconds between two looks for holds that nobody will resolve, at what gauges show, and for
#: old usage rows.
SWEEP_SECONDS = 30.0
GAUGE_SECONDS = 5.0
PRUNE_SECONDS = 3_600.0

#: Seconds that jobs and the ledger get at the end.
STOP_SECONDS = 20.0


class Gateway:
    """Owns the parts of one gateway, and hands plugins those they need.

    Two in one process do not meet: nothing is kept at module level. A plugin uses `calls`,
    `queue`, `tasks`, `media`, `bindings`, `channels`, `credentials`, `census`, `renewals`,
    `statistics`, `identity`, `upstream`, `browser`, `database`, `background.spawn`,
    `snapshots.refresh`, `settings(type)`, `part(type)`, `log` and `clock`; money moves only
    through `calls` and `tasks`.

    Attributes:
        home: Where settings, keys and the SQLite database are.
        live: The settings, following their file.
        clock: The time.
        browser: This machine's, which runs when somebody opens it.
        loaded: The plugins found, and those left out.
        registry: What the plugins registered; set by `start`.
        running: The requests that run now; whoever serves sets it.
    """

    registry: Registry
    calls: Calls
    queue: Queue
    chat: Chat
    tasks: Tasks
    generations: Generations
    channels: Channels
    credentials: CredentialPool
    census: Census
    grants: Grants
    renewals: Renewals
    renewing: RenewalRounds
    prices: Prices
    identity: Identity
    snapshots: Snapshots

    def __init__(
        self,
        home: Path,
        *,
        environ: Mapping[str, str] | None = None,
        plugins: Mapping[str, object] | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Read the settings and find the plugins; nothing is opened yet.

        Args:
            home: The home directory.
            environ: Overrides of the settings; default: the process's environment.
            plugins: Plugins by name instead of those installed.
            clock: The time; default: the machine's.

        Raises:
            ConfigurationError: Settings, vault key or, in strict mode, a plugin is unusable.
        """
        environ = os.environ if environ is None else environ
        self.home = home
        self.clock: Clock = clock or SystemClock()
        self.log = logging.getLogger("plugway")
        self.live = LiveSettings(home, environ)
        self.loaded: LoadedPlugins = load_plugins(self.live.current.plugins, plugins=plugins)
        known = [plugin.name for plugin in self.loaded.plugins]
        self.live.attach(self.loaded.settings_types, known)
        self.vault = Vault.load(home, environ)
        settings = self.live.current
        self.url = DatabaseURL.parse(settings.database.url or "sqlite://plugway.db", home=home)
        self.database = Database(self.url, self.loaded.tables, settings.database.pool)
        self.metrics = Metrics()
        self.ledger = Ledger(self.url, self.clock, metrics=self.metrics)
        self.limits = Limits(settings.redis.url, clock=self.clock)
        self.upstream = Upstream(
            settings.relay,
            environ=environ,
            home=home,
            proxies=lambda: self.current().proxies,
            clock=self.clock,
        )
        self.alerts = Alerts(
            upstream=self.upstream,
            clock=self.clock,
            settings=lambda: self.current().alerts,
            metrics=self.metrics,
        )
        self.deliveries = Deliveries(
            database=self.database,
            upstream=self.upstream,
            vault=self.vault,
            clock=self.clock,
            settings=lambda: self.current().callbacks,
            metrics=self.metrics,
            alerts=self.alerts,
        )
        self.background = Background(self.clock)
        self.browser = Browser(settings.browser.path)
        self.bindings = Bindings(self.database, self.clock)
        self.statistics = Statistics(self.database, self.clock)
        self.media = MediaStore(
            home=home,
            database=self.database,
            vault=self.vault,
            clock=self.clock,
            settings=lambda: self.current().media,
        )
        self.node = new_id()
        self._parts: dict[Any, Any] = {}
        self._closers: list[Callable[[], Awaitable[None]]] = []
        self.ready = False
        self.running: Sized = ()

    def settings(self, type_: type[T]) -> T:
        """Return a plugin's own settings as they are now.

        Args:
            type_: The struct that its `register_settings` returned.

        Raises:
            ConfigurationError: No plugin registered that struct.
        """
        return self.live.plugin(type_)

    def current(self) -> Settings:
        """Return the core's settings as they are now."""
        return self.live.current

    async def start(
        self, mounts: Iterable[Mount] = (), *, serving: bool = True, migrating: bool | None = None
    ) -> None:
        """Open everything, in order, and fill the registry.

        Args:
            mounts: The core's own routes.
            serving: Start the loops that a serving process needs; off for one command.
            migrating: Migrate first; default: as the settings say.

        Raises:
            ConfigurationError: Something is not usable; what was opened is closed again.
        """
        try:
            await self._open(mounts, migrating)
        except BaseException:
            await self.stop()
            raise
        if serving:
            self._start_loops()
        self.ready = True

    def part(self, made_by: Callable[[Gateway], P]) -> P:
        """Return what a plugin keeps with this gateway; it is made when it is first asked for.

        Hooks of one plugin share their objects so, and two gateways in a process do not.

        Args:
            made_by: Takes the gateway; usually a class.

        Example:
            ```python
            pages = gateway.part(Pages)
            ```
        """
        if made_by not in self._parts:
            self._parts[made_by] = made_by(self)
        part: P = self._parts[made_by]
        return part

    def at_stop(self, close: Callable[[], Awaitable[None]]) -> None:
        """Let a plugin close what it has opened, while the database is still there.

        Args:
            close: Called once, when the gateway stops; it gets 20 seconds.
        """
        self._closers.append(close)

    async def stop(self) -> None:
        """Close everything; jobs and the ledger's queue are awaited first."""
        self.ready = False
        closers, self._closers = self._closers, []
        for close in reversed(closers):
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await close()
            except (Exception, asyncio.CancelledError) as error:
                # Of a task of the plugin's own it may be; whoever stops us may go all the same.
                if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                    raise
                self.log.exception("a plugin could not close what it has opened")
        await self.background.stop(STOP_SECONDS)
        await self.ledger.close()
        await self.upstream.close()
        await self.limits.close()
        await self.database.close()

    async def _open(self, mounts: Iterable[Mount], migrating: bool | None) -> None:
        await self.database.open()
        if self.current().database.migrate if migrating is None else migrating:
            await migrate(self.database)
        waiting = await pending(self.database)
        if waiting:
            raise ConfigurationError(
                f"the database is not at head: {', '.join(waiting)}; run `plugway migrate`"
            )
        await self.ledger.open()
        await self.upstream.open()
        self._assemble(mounts)
        await self.snapshots.load_all()

    def _assemble(self, mounts: Iterable[Mount]) -> None:
        settings = self.current()
        # Plugins get the gateway while they register; what they may keep hold of is made first,
        # and what depends on their answers is filled in after.
        self.grants = Grants(lambda: self.upstream, self.clock)
        self.identity = Identity(
            self.database,
            self.vault,
            self.clock,
            self.limits,
            keyless_user=settings.server.keyless_user,
        )
        self.queue = Queue(self.clock, lambda: self.credentials.positions())
        self.registry = build_registry(self.loaded, self, mounts)
        registry = self.registry
        self.channels = Channels(self.database, self.vault, registry.providers, self.clock)
        self.census = Census(self.database, self.channels, self.clock)
        self.credentials = CredentialPool(
            self.database,
            self.vault,
            registry.credential_kinds,
            registry.providers,
            self.clock,
            spawn=self.background.spawn,
            changed=self._credential_changed,
            wanted=self._renewal_wanted,
            metrics=self.metrics,
        )
        self.renewals = Renewals(
            self.database,
            self.vault,
            registry.credential_kinds,
            registry.providers,
            self.channels,
            self.clock,
            metrics=self.metrics,
            alert=self.alerts.tell,
            changed=self._credential_changed,
        )
        self.renewing = RenewalRounds(
            self.renewals,
            self.database,
            self.channels,
            self.upstream,
            self.clock,
            owner=self.node,
            alert=self.alerts.tell,
            local=self.renewals.here,
        )
        self.prices = Prices(
            self.database, tariffs_by_provider(registry), settings.ledger.credits_per_unit
        )
        parts = Parts(
            settings=self.current,
            clock=self.clock,
            identity=self.identity,
            tariff=self.prices.tariff,
            channels=self.channels,
            credentials=self.credentials,
            queue=self.queue,
            grants=self.grants,
            providers=registry.providers,
            ledger=self.ledger,
            upstream=self.upstream,
            metrics=self.metrics,
            alert=self.alerts.tell,
            settled=self._call_settled if registry.listeners("call_settled") else None,
        )
        self.calls = Calls(parts)
        self.tasks = Tasks(
            parts,
            self.database,
            registry.pollers,
            owner=self.node,
            media=self.media,
            finished=self._task_finished,
        )
        self.generations = Generations(
            self.tasks, self.media, self.bindings, self.clock, self.background.spawn
        )
        catalog = Catalog(registry.models, self.current, self.channels)
        self.chat = Chat(
            self.calls, catalog, self.identity, self.current, self.clock, self.generations
        )
        self.snapshots = Snapshots(self.database, self.clock)
        self.snapshots.add("identity", self.identity.load)
        self.snapshots.add("channels", self.channels.load)
        self.snapshots.add("credentials", self.credentials.load)
        self.snapshots.add("prices", self.prices.load)

    def _start_loops(self) -> None:
        self.background.keep(self.snapshots.watch(), "snapshots")
        self.background.keep(self.tasks.polling.run(), "tasks")
        self.background.keep(self.deliveries.run(), "callbacks")
        self.background.keep(self.alerts.run(), "alerts")
        self.background.keep(self.renewing.run(), "renewals")
        self.background.every(1.0, self._check_settings, "settings")
        self.background.every(1.0, self.upstream.proxies.round, "proxies")
        self.background.every(SWEEP_SECONDS, self._sweep, "sweeper")
        self.background.every(GAUGE_SECONDS, lambda: gauges.update(self), "gauges")
        self.background.every(PRUNE_SECONDS, self._prune, "retention")
        Workers(self.database, self.clock, self.node).start(self.registry.workers, self.background)

    async def _check_settings(self) -> None:
        self.live.check()

    async def _sweep(self) -> None:
        self.metrics.swept(await self.ledger.sweep(self.clock.now()))

    async def _prune(self) -> None:
        now = self.clock.now()
        await self.bindings.prune(now)
        days = self.current().ledger.usage_days
        if days:
            await self.ledger.prune(now - days * 86_400 * 1_000_000)
        await self.media.prune(now)

    def _call_settled(self, event: CallSettled) -> None:
        self._announce("call_settled", event)

    def _task_finished(self, event: TaskFinished) -> None:
        self._announce("task_finished", event)

    def _renewal_wanted(self, credential: Credential, reason: str) -> None:
        self.background.spawn(self._want_renewal(credential, reason))

    async def _want_renewal(self, credential: Credential, reason: str) -> None:
        await self.renewals.wanted(credential.id, reason)

    def _credential_changed(self, event: CredentialChanged) -> None:
        self._announce("credential_changed", event)

    def _announce(self, name: str, event: msgspec.Struct) -> None:
        listeners = self.registry.listeners(name)
        if listeners:
            self.background.spawn(self._tell(name, listeners, event))

    async def _tell(self, name: str, listeners: Iterable[Any], event: msgspec.Struct) -> None:
        for plugin, listener in listeners:
            try:
                await listener(event)
            except Exception:  # one plugin's listener must not keep the others from hearing
                self.log.exception("plugin %s failed in %s", plugin, name)


def _is_cancelled() -> bool:
    """Say whether somebody has cancelled the task that runs."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def tariffs_by_provider(registry: Registry) -> dict[str, list[TariffRow]]:
    """Give each provider the default rows of the plugin that registered it."""
    by_plugin: dict[str, list[TariffRow]] = {}
    for plugin, row in registry.tariffs:
        by_plugin.setdefault(plugin, []).append(row)
    return {
        name: by_plugin.get(registry.owners[f"provider:{name}"], []) for name in registry.providers
    }
