"""Settings that follow their file while the gateway runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from plugway.configuration.conversion import dotted
from plugway.configuration.loading import plugin_tables, settings_from
from plugway.configuration.source import FILES, read_file, settings_file, signature
from plugway.errors import ConfigurationError
from plugway.settings import Settings, marked

log = logging.getLogger(__name__)

T = TypeVar("T", bound=msgspec.Struct)
Types = Mapping[str, type[msgspec.Struct]]


class LiveSettings:
    """Holds the settings in force, and takes over what changes in their file.

    All of a changed file is checked before any of it counts: a bad one changes nothing, and
    `problem` says why. Settings that only a start can change keep their value; `restart`
    names those that wait for one.
    """

    def __init__(self, home: Path, environ: Mapping[str, str], types: Types | None = None) -> None:
        """Read the settings for the first time.

        Args:
            home: The home directory.
            environ: The environment; a copy is kept.
            types: The struct of each plugin that has settings; where the plugins are known
                only after this, `attach` takes them.

        Raises:
            ConfigurationError: They are not usable.
        """
        self._home = home
        self._environ = dict(environ)
        self._types: Types = types or {}
        self._known: Collection[str] | None = None
        self._listeners: list[Callable[[Settings, Settings], None]] = []
        self._problem: str | None = None
        self._restart: tuple[str, ...] = ()
        self._seen = signature(home)
        self._source, self._current, self._tables = self._read()

    @property
    def current(self) -> Settings:
        """Return the settings in force."""
        return self._current

    @property
    def tables(self) -> Mapping[str, msgspec.Struct]:
        """Return the plugins' settings in force, by plugin name."""
        return MappingProxyType(self._tables)

    @property
    def problem(self) -> str | None:
        """Return why the file as it is now is not in force; None: it is."""
        return self._problem

    @property
    def restart(self) -> tuple[str, ...]:
        """Return the settings whose new value takes effect at restart, such as `server.port`."""
        return self._restart

    def attach(self, types: Types, known: Collection[str] | None = None) -> None:
        """Take the plugins' structs, and check their tables from now on.

        Args:
            types: The struct of each plugin that has settings.
            known: Names of all installed plugins, as in `plugin_tables`.

        Raises:
            ConfigurationError: A table is not usable.
        """
        source = self._source or FILES[0]
        self._tables = plugin_tables(self._current, types, known=known, source=source)
        self._types, self._known = types, known

    def plugin(self, type_: type[T]) -> T:
        """Return one plugin's settings in force.

        Args:
            type_: The struct that its `register_settings` returned.

        Raises:
            ConfigurationError: No plugin registered that struct.
        """
        for table in self._tables.values():
            if type(table) is type_:
                return table
        raise ConfigurationError(f"no plugin registered settings of type {type_.__name__}")

    def subscribe(self, listener: Callable[[Settings, Settings], None]) -> None:
        """Tell a listener the old and the new settings after each change.

        Args:
            listener: Synchronous and quick; its failure is logged and changes nothing.
        """
        self._listeners.append(listener)

    def check(self) -> bool:
        """Look at the file, and take over what changed in it.

        Returns:
            Whether settings in force changed.
        """
        seen = signature(self._home)
        if seen == self._seen:
            return False
        try:
            if not seen and self._source:
                # An editor may be about to put it back; falling to defaults would be rash.
                raise ConfigurationError(f"{self._source}: the file has gone")
            source, settings, tables = self._read()
            waiting: list[str] = []
            settings = _keep(self._current, settings, (), waiting)
            for name, table in tables.items():
                tables[name] = _keep(self._tables[name], table, ("plugins", name), waiting)
        except ConfigurationError as error:
            self._seen = seen
            self._problem = error.message
            log.error("settings are kept as they were: %s", error.message)
            return False
        if signature(self._home) != seen:
            # Written to while it was read: the next look takes it whole.
            return False
        self._seen, self._source = seen, source
        return self._take(settings, tables, tuple(waiting))

    def _read(self) -> tuple[str | None, Settings, dict[str, msgspec.Struct]]:
        file = settings_file(self._home)
        name = file.name if file else None
        source = name or FILES[0]
        settings = settings_from(read_file(file), self._environ, source=source)
        tables = plugin_tables(settings, self._types, known=self._known, source=source)
        return name, settings, tables

    def _take(
        self, settings: Settings, tables: dict[str, msgspec.Struct], waiting: tuple[str, ...]
    ) -> bool:
        if self._problem is not None:
            self._problem = None
            log.info("the settings file is usable again")
        if waiting and waiting != self._restart:
            log.warning("takes effect at restart: %s", ", ".join(waiting))
        self._restart = waiting
        old = self._current
        if settings == old and tables == self._tables:
            return False
        self._current, self._tables = settings, tables
        log.info("settings changed")
        for listener in self._listeners:
            try:
                listener(old, settings)
            except Exception:  # one listener must not keep the others from hearing
                log.exception("a listener to settings failed")
        return True


def _keep(old: T, new: T, path: tuple[str, ...], waiting: list[str]) -> T:
    """Return the new table with the old values of what only a start can change."""
    kept: dict[str, Any] = {}
    for field in msgspec.structs.fields(new):
        was, is_ = getattr(old, field.name), getattr(new, field.name)
        if was == is_:
            continue
        here = (*path, field.encode_name)
        if isinstance(was, msgspec.Struct) and type(was) is type(is_):
            kept[field.name] = _keep(was, is_, here, waiting)
        elif marked(field.type, "restart"):
            waiting.append(dotted(here))
            kept[field.name] = was
    return msgspec.structs.replace(new, **kept) if kept else new
