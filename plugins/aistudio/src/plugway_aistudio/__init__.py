"""AI Studio for plugway: chats through pages of the operator's own profiles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from plugway import (
    ChatModels,
    CredentialKind,
    Emulator,
    Mount,
    Provider,
    TariffRow,
    Worker,
    hookimpl,
)
from plugway_aistudio.settings import AIStudioSettings

if TYPE_CHECKING:
    import click

    from plugway import Gateway

plugway_contract = 1


@hookimpl
def register_settings() -> type[AIStudioSettings]:
    return AIStudioSettings


@hookimpl
def register_commands() -> Iterable[click.Command]:
    from plugway_aistudio.commands import commands

    return commands()


@hookimpl
def register_providers() -> Iterable[Provider]:
    from plugway_aistudio.provider import provider

    return [provider()]


@hookimpl
def register_credentials(gateway: Gateway) -> Iterable[CredentialKind]:
    from plugway_aistudio.profiles.credential import AIStudioProfile
    from plugway_aistudio.profiles.visiting import Visiting

    browser = gateway.browser
    return [AIStudioProfile(gateway.clock, Visiting(browser) if browser.available else None)]


@hookimpl
def register_routes(gateway: Gateway) -> Iterable[Mount]:
    from plugway_aistudio import front
    from plugway_aistudio.studio import Studio

    return front.mounts(gateway, gateway.part(Studio))


@hookimpl
def register_models(gateway: Gateway) -> Iterable[ChatModels]:
    from plugway_aistudio.chats import AIStudioModels
    from plugway_aistudio.studio import Studio

    return [AIStudioModels(gateway.part(Studio))]


@hookimpl
def register_tariffs() -> Iterable[TariffRow]:
    from plugway_aistudio.tariff import rows

    return rows()


@hookimpl
def register_workers(gateway: Gateway) -> Iterable[Worker]:
    from plugway_aistudio.keys.syncing import KeySync
    from plugway_aistudio.profiles import folder_rounds

    found = folder_rounds.worker(gateway)
    return [KeySync(gateway).worker(), *([] if found is None else [found])]


@hookimpl
def register_emulator() -> Emulator:
    from plugway_aistudio.emulator import AIStudioEmulator

    return AIStudioEmulator()
