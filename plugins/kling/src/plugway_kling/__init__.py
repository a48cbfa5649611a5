"""Kling for plugway: the official API, both generations, tasks charged on the outcome."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from plugway import CredentialKind, Emulator, Mount, Poller, Provider, TariffRow, hookimpl
from plugway_kling.settings import KlingSettings

if TYPE_CHECKING:
    from plugway import Gateway

plugway_contract = 1


@hookimpl
def register_settings() -> type[KlingSettings]:
    return KlingSettings


@hookimpl
def register_providers() -> Iterable[Provider]:
    from plugway_kling.provider import provider

    return [provider()]


@hookimpl
def register_credentials(gateway: Gateway) -> Iterable[CredentialKind]:
    from plugway_kling.credential import KlingKey

    return [KlingKey(gateway.clock)]


@hookimpl
def register_tariffs() -> Iterable[TariffRow]:
    from plugway_kling.tariff import rows

    return rows()


@hookimpl
def register_pollers(gateway: Gateway) -> Iterable[Poller]:
    from plugway_kling.poller import KlingPoller

    return [KlingPoller(gateway)]


@hookimpl
def register_routes(gateway: Gateway) -> Iterable[Mount]:
    from plugway_kling.routes import Routes

    return Routes(gateway).mounts()


@hookimpl
def register_emulator() -> Emulator:
    from plugway_kling.emulator import KlingEmulator

    return KlingEmulator()
