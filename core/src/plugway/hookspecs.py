"""What a plugin can implement, in the order of a gateway's life.

Every hook is optional, synchronous (events excepted), does no I/O, and may take any
subset of its arguments. Results of all plugins are collected; no order is promised.
A plugin whose hook raises or returns something else than promised is left out whole
and named, with the reason, by `plugway plugins`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec
import pluggy

from plugway.contract import (
    CallSettled,
    CredentialChanged,
    CredentialKind,
    Emulator,
    Mount,
    Provider,
    Tables,
    TariffRow,
    Worker,
)

if TYPE_CHECKING:
    import click

    from plugway.gateway import Gateway

#: Entry-point group and pluggy project name.
GROUP = "plugway"

#: Version of this contract. A plugin module may declare `plugway_contract = 1`.
CONTRACT_VERSION = 1

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


# Before the gateway exists: the command line and migrations need these.


@hookspec
def register_settings() -> type[msgspec.Struct]:  # type: ignore[empty-body]  # a spec has no body
    """Return the struct of the plugin's `[plugins.<name>]` table."""


@hookspec
def register_commands() -> Iterable[click.Command]:  # type: ignore[empty-body]  # a spec has no body
    """Return commands, mounted as `plugway <name> …`."""


@hookspec
def register_models_db() -> Tables:  # type: ignore[empty-body]  # a spec has no body
    """Return the plugin's own tables and migrations."""


# At start, inside the lifespan, before anything is served.


@hookspec
def register_providers(gateway: Gateway) -> Iterable[Provider]:  # type: ignore[empty-body]  # a spec has no body
    """Return the upstreams that channels can point to."""


@hookspec
def register_credentials(gateway: Gateway) -> Iterable[CredentialKind]:  # type: ignore[empty-body]  # a spec has no body
    """Return the kinds of secret that channels can hold."""


@hookspec
def register_tariffs(gateway: Gateway) -> Iterable[TariffRow]:  # type: ignore[empty-body]  # a spec has no body
    """Return default prices; the operator's edits win."""


@hookspec
def register_routes(gateway: Gateway) -> Iterable[Mount]:  # type: ignore[empty-body]  # a spec has no body
    """Return routes to mount."""


@hookspec
def register_workers(gateway: Gateway) -> Iterable[Worker]:  # type: ignore[empty-body]  # a spec has no body
    """Return background work."""


@hookspec
def register_emulator() -> Emulator:  # type: ignore[empty-body]  # a spec has no body
    """Return a local stand-in for the upstream."""


# Events: told after the fact, never in a request's way.


@hookspec
async def call_settled(event: CallSettled) -> None:
    """Hear of a call whose settlement or release is durable."""


@hookspec
async def credential_changed(event: CredentialChanged) -> None:
    """Hear of a credential that changed state."""
