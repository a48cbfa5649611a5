"""Bltcy pass-through: Runway, Pika, Kling, Jimeng and Suno, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from plugway import BearerKey, CredentialKind, Emulator, Mount, Provider, TariffRow, hookimpl
from plugway_bltcy import provider, routes
from plugway_bltcy.settings import BltcySettings

if TYPE_CHECKING:
    from plugway import Gateway

plugway_contract = 1


@hookimpl
def register_settings() -> type[BltcySettings]:
    return BltcySettings


@hookimpl
def register_providers(gateway: Gateway) -> Iterable[Provider]:
    return [provider.provider(gateway.settings(BltcySettings))]


@hookimpl
def register_credentials() -> Iterable[CredentialKind]:
    return [BearerKey(provider.NAME)]


@hookimpl
def register_tariffs(gateway: Gateway) -> Iterable[TariffRow]:
    return provider.tariff(gateway.settings(BltcySettings))


@hookimpl
def register_routes(gateway: Gateway) -> Iterable[Mount]:
    return routes.mounts(gateway, gateway.settings(BltcySettings))


@hookimpl
def register_emulator() -> Emulator:
    from plugway_bltcy.emulator import BltcyEmulator

    return BltcyEmulator()
