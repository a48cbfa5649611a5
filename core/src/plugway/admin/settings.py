"""The settings in force over HTTP, secrets masked."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec

from plugway.admin.route import Route
from plugway.configuration.fields import fields
from plugway.contract.settings import HIDDEN, masked
from plugway.settings import Settings

if TYPE_CHECKING:
    from plugway.admin.ask import Ask
    from plugway.configuration.fields import Field
    from plugway.gateway import Gateway


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """Is one setting.

    Attributes:
        name: Such as `server.port`.
        value: As it is in force; a secret that is set is shown as `…`.
        default: Its default; null: it has none.
        takes: Which values it takes, in words.
        help: What it sets.
        variable: Its environment variable.
        restart: A running gateway keeps the old value.
        secret: Its value is never shown.
    """

    name: str
    value: Any
    default: Any
    takes: str
    help: str
    variable: str
    restart: bool
    secret: bool


class SettingList(msgspec.Struct, frozen=True, kw_only=True):
    """Lists the settings in force.

    Attributes:
        items: The core's, then the plugins'.
        problem: Why the file as it is now is not in force; null: it is.
        restart: Settings whose new value takes effect at restart.
    """

    items: list[Setting]
    problem: str | None
    restart: list[str]


def routes() -> list[Route]:
    """Return the routes."""
    return [Route("GET /api/admin/settings", listed, "List settings", gives=SettingList)]


async def listed(ask: Ask) -> SettingList:
    """List the settings in force."""
    gateway = ask.gateway
    return SettingList(
        items=list(_settings(gateway)),
        problem=gateway.live.problem,
        restart=list(gateway.live.restart),
    )


def _settings(gateway: Gateway) -> Iterator[Setting]:
    current = gateway.current()
    for field in fields(Settings):
        # The plugins' own tables come one by one, with their types, below.
        if field.path != ("plugins", "tables"):
            yield _setting(field, attrgetter(".".join(field.path))(current))
    for name, type_ in sorted(gateway.loaded.settings_types.items()):
        values = msgspec.to_builtins(gateway.settings(type_))
        for field in fields(type_, ("plugins", name)):
            value: Any = values
            for part in field.path[2:]:
                value = value[part]
            yield _setting(field, value)


def _setting(field: Field, value: Any) -> Setting:
    default = None if field.default is msgspec.NODEFAULT else field.default
    return Setting(
        name=".".join(field.path),
        value=masked(field.annotation, value),
        default=HIDDEN if field.secret and default else default,
        takes=field.expected,
        help=field.help,
        variable=field.variable,
        restart=field.restart,
        secret=field.secret,
    )
