"""Google Flow for plugway: Veo videos and images, on a pool of the operator's session tokens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from plugway import (
    CredentialKind,
    Emulator,
    Models,
    Mount,
    Poller,
    Provider,
    Tables,
    TariffRow,
    Worker,
    hookimpl,
)
from plugway_flow.settings import FlowSettings

if TYPE_CHECKING:
    import click

    from plugway import Gateway

plugway_contract = 1


@hookimpl
def register_settings() -> type[FlowSettings]:
    return FlowSettings


@hookimpl
def register_models_db() -> Tables:
    return Tables(
        label="flow",
        models="plugway_flow.accounts.tables",
        migrations="plugway_flow.accounts.migrations",
    )


@hookimpl
def register_commands() -> Iterable[click.Command]:
    from plugway_flow.commands import commands

    return commands()


@hookimpl
def register_providers() -> Iterable[Provider]:
    from plugway_flow.provider import provider

    return [provider()]


@hookimpl
def register_credentials(gateway: Gateway) -> Iterable[CredentialKind]:
    from plugway_flow.credential import FlowSession

    return [FlowSession(gateway)]


@hookimpl
def register_routes(gateway: Gateway) -> Iterable[Mount]:
    from plugway_flow import admin

    return admin.mounts(gateway)


@hookimpl
def register_workers(gateway: Gateway) -> Iterable[Worker]:
    from plugway_flow.accounts.rounds import INTERVAL, Rounds

    return [Worker(name="flow.sessions", run=Rounds(gateway).round, interval=INTERVAL)]


@hookimpl
def register_models(gateway: Gateway) -> Iterable[Models]:
    from plugway_flow.media_models import FlowModels

    return [FlowModels(gateway)]


@hookimpl
def register_pollers(gateway: Gateway) -> Iterable[Poller]:
    from plugway_flow.poller import FlowPoller

    return [FlowPoller(gateway)]


@hookimpl
def register_tariffs() -> Iterable[TariffRow]:
    from plugway_flow.tariff import rows

    return rows()


@hookimpl
def register_emulator() -> Emulator:
    from plugway_flow.emulator import FlowEmulator

    return FlowEmulator()
