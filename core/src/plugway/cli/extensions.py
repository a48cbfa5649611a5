"""Commands that plugins bring, as `plugway <plugin> …`."""

from __future__ import annotations

import os

import click
import msgspec

from plugway.cli.session import Session


def plugin_names() -> list[str]:
    """Return the names of the installed plugins; nothing of theirs is imported."""
    from plugway.plugins import discovery

    return sorted({candidate.name for candidate in discovery.installed()})


def plugin_command(context: click.Context, name: str) -> click.Command | None:
    """Return the commands of a plugin; no other plugin is imported for it.

    Args:
        context: Its root has the session.
        name: The plugin's; dashes are as good as underscores.

    Returns:
        A group, or the plugin's one command of its own name; None: no such plugin.

    Raises:
        ClickException: The plugin is left out, or has no commands.
    """
    name = name.replace("-", "_")
    commands = _commands(context, name)
    if commands is None:
        return None
    if not commands:
        raise click.ClickException(f"plugin {name} has no commands")
    if len(commands) == 1 and commands[0].name == name:
        return commands[0]
    return click.Group(
        name,
        commands={str(command.name): command for command in commands},
        help=f"Commands of the plugin {name}.",
    )


def own_command(context: click.Context, name: str, verb: str) -> click.Command | None:
    """Return the command of a plugin that a command of the core stands before.

    Args:
        context: Its root has the session.
        name: The plugin's.
        verb: What the plugin calls it: `worker` is `plugway worker <plugin>` too.

    Returns:
        None: no such plugin, or it has none.

    Raises:
        ClickException: The plugin is left out.
    """
    commands = _commands(context, name.replace("-", "_")) or ()
    return next((command for command in commands if command.name == verb), None)


def _commands(context: click.Context, name: str) -> tuple[click.Command, ...] | None:
    if name not in plugin_names():
        return None
    from plugway.configuration import load
    from plugway.plugins import load_plugins

    session: Session = context.find_root().ensure_object(Session)
    settings = load(session.home, os.environ).plugins
    if settings.allow is None or name in settings.allow:
        settings = msgspec.structs.replace(settings, allow=(name,), strict=False)
    loaded = load_plugins(settings)
    for plugin in loaded.plugins:
        if plugin.name == name and plugin.reason is not None:
            raise click.ClickException(f"plugin {plugin.label} is left out: {plugin.reason}")
    return loaded.commands.get(name, ())
