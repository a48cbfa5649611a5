"""Hooks before the gateway.

The command line, the settings and the migrations need these, so there is no gateway yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from plugway.contract import Tables
from plugway.hookspecs.marks import hookspec

if TYPE_CHECKING:
    import click


@hookspec
def register_settings() -> type[msgspec.Struct]:  # type: ignore[empty-body]  # a spec has no body
    """Return the struct of the plugin's `[plugins.<name>]` table.

    Give every field a default, so that the plugin works before anybody configures it.

    Called: once, when plugins are loaded, before the settings are validated.
    Results: one struct a plugin; `gateway.settings(EchoSettings)` returns the values as
        they are now, also after the file has changed.
    Order: none.
    Errors: the plugin is left out when this raises or returns anything but a struct class;
        a table that does not fit the struct is a settings error that names the field.

    Returns:
        A `msgspec.Struct` class, frozen; its fields are the settings. `SettingsTable` is one
        to extend: it refuses unknown names and shows no field that is marked `SECRET`.

    Example:
        ```python
        from plugway import SettingsTable, hookimpl


        class EchoSettings(SettingsTable, frozen=True, kw_only=True):
            greeting: str = "hello"


        @hookimpl
        def register_settings() -> type[SettingsTable]:
            return EchoSettings
        ```
    """


@hookspec
def register_commands() -> Iterable[click.Command]:  # type: ignore[empty-body]  # a spec has no body
    """Return commands, mounted as `plugway <name> …`.

    With `@click.pass_obj` a command gets a `Session`: it names the gateway that the command is
    for, and `session.connect()` speaks to its admin API, in this process or at a URL. A command
    named `worker` is found as `plugway worker <name>` too, and one named
    `import` as `plugway import <name>`.

    Called: once, when plugins are loaded.
    Results: those of all plugins; each plugin has its own `plugway <name>`, so that names
        need to be distinct within the plugin only.
    Order: none.
    Errors: the plugin is left out when this raises, returns anything but commands, or two
        of one name.

    Returns:
        Click commands or groups.

    Example:
        ```python
        from collections.abc import Iterable

        import click

        from plugway import hookimpl


        @click.command("say")
        @click.argument("words")
        def say(words: str) -> None:
            click.echo(words)


        @hookimpl
        def register_commands() -> Iterable[click.Command]:
            return [say]
        ```
    """


@hookspec
def register_models_db() -> Tables:  # type: ignore[empty-body]  # a spec has no body
    """Return the plugin's own tables and migrations.

    Called: once, when plugins are loaded, before the database is opened.
    Results: one a plugin; the migrations run with the core's own, under the same lock.
    Order: the core's tables exist before any plugin's; no order among plugins.
    Errors: the plugin is left out when this raises, returns anything but `Tables`, or a
        label that another plugin has.

    Returns:
        The names of the modules, which are imported when the database is opened.

    Example:
        ```python
        from plugway import Tables, hookimpl


        @hookimpl
        def register_models_db() -> Tables:
            return Tables(
                label="echo",
                models="plugway_echo.models",
                migrations="plugway_echo.migrations",
            )
        ```
    """
