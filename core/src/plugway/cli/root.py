"""The command `plugway`: its own commands, those of plugins, and how failures end."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from plugway.cli.client import ApiError
from plugway.cli.options import gateway_options
from plugway.errors import ConfigurationError, PlugwayError

#: Exit code when the configuration is at fault; anything else that fails is 1.
MISCONFIGURED = 2

#: Name, module in this package, and what the help says: modules are imported when called.
COMMANDS = {
    "init": ("init", "Set up a gateway in a home directory."),
    "serve": ("serve", "Serve clients."),
    "worker": ("worker", "Do background work beside processes that serve."),
    "demo": ("demo", "Run a gateway with every plugin's emulator, and show it."),
    "migrate": ("migrate", "Bring the database's tables to this version."),
    "plugins": ("plugins", "List plugins and what became of each."),
    "channels": ("channels", "Ways to upstreams: add, test, change."),
    "credentials": ("credentials", "Upstream secrets of channels, and their state."),
    "proxies": ("proxies", "The pool of proxies: add, test, reload."),
    "keys": ("keys", "What clients present: make, limit, disable."),
    "users": ("users", "Who owns keys and credits."),
    "groups": ("groups", "Which models users reach, and how fast."),
    "credit": ("credit", "Pay credits into a user's account, or take them back."),
    "prices": ("prices", "What calls cost."),
    "usage": ("usage", "What calls used: row by row, or summed up."),
    "tasks": ("tasks", "Upstream jobs that outlive their call: find, ask, refund."),
    "ledger": ("ledger", "Entries, holds, refunds, and the proof that they add up."),
    "vault": ("vault", "The key that seals secrets."),
    "import": ("importing", "Take over what an older system has."),
    "doctor": ("doctor", "Check that everything is as it should be."),
    "new-plugin": ("new_plugin", "Begin a plugin of your own, in a new folder."),
    "openapi": ("openapi", "Print the OpenAPI document."),
    "version": ("version", "Print the version."),
}


class Root(click.Group):
    """Finds commands when they are called, and turns failures into one line."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**{**attributes, "params": gateway_options(root=True)})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the core's commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; one of a plugin's when the core has none of the name."""
        if cmd_name in COMMANDS:
            module = COMMANDS[cmd_name][0]
            command: click.Command = getattr(import_module(f"plugway.cli.{module}"), module)
            return command
        from plugway.cli.extensions import plugin_command

        return plugin_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        from plugway.cli.extensions import plugin_names

        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])
        names = [name for name in plugin_names() if name not in COMMANDS]
        if names:
            with formatter.section("Plugins (try `plugway NAME --help`)"):
                formatter.write_text(", ".join(names))

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command, and say in one line why it failed."""
        try:
            return super().invoke(ctx)
        except ApiError as error:
            _fail(ctx, error.message, 2 if error.code == ConfigurationError.code else 1)
        except PlugwayError as error:
            _fail(ctx, error.message, 2 if isinstance(error, ConfigurationError) else 1)


def _fail(ctx: click.Context, message: str, code: int) -> None:
    click.echo(f"plugway: {' '.join(message.split())}", err=True)
    ctx.exit(code)


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"]})
def root() -> None:
    """A gateway for generative media and chat APIs: every upstream is a plugin, every call
    is charged exactly once.
    """
