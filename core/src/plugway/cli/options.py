"""Options that every command takes, before its name or after it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from plugway.cli.session import Session


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    session: Session = context.find_root().ensure_object(Session)
    if value is None:
        return
    given = context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
    if parameter.name == "home":
        session.choose_home(Path(value), given=given)
    elif parameter.name == "url":
        session.choose_url(value, given=given)
    else:
        session.admin_key = value


def _option(name: str, text: str, metavar: str, variable: str | None) -> click.Option:
    return click.Option(
        [name],
        help=text,
        metavar=metavar,
        envvar=variable,
        expose_value=False,
        callback=_remember,
    )


def home_option(*, root: bool = False) -> list[click.Parameter]:
    """Return the option for commands that work on this machine only.

    Args:
        root: Read the environment too; below it would overrule what was said before.
    """
    text = "Home directory (PLUGWAY_HOME; default: ~/.plugway)."
    return [_option("--home", text, "DIR", "PLUGWAY_HOME" if root else None)]


def gateway_options(*, root: bool = False) -> list[click.Parameter]:
    """Return the options for commands that work on any gateway.

    Args:
        root: As in `home_option`.
    """
    url = "Work on the gateway at this address instead (PLUGWAY_URL)."
    key = "Key for that address (PLUGWAY_ADMIN_KEY)."
    return [
        _option("--url", url, "URL", "PLUGWAY_URL" if root else None),
        _option("--admin-key", key, "KEY", "PLUGWAY_ADMIN_KEY" if root else None),
        *home_option(root=root),
    ]


def _with(options: list[click.Parameter], attributes: dict[str, Any]) -> dict[str, Any]:
    return {**attributes, "params": [*(attributes.get("params") or ()), *options]}


class Leaf(click.Command):
    """Is a command that works on any gateway."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**_with(gateway_options(), attributes))


class LocalLeaf(click.Command):
    """Is a command that works on this machine only."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**_with(home_option(), attributes))


class Branch(click.Group):
    """Is a group of commands."""

    command_class: type[click.Command] | None = Leaf
    group_class = type

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**_with(gateway_options(), attributes))
