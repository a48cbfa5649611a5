"""Gemini Business for plugway: chats on a pool of the operator's own accounts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from plugway import ChatModels, CredentialKind, Emulator, Mount, Provider, TariffRow, hookimpl
from plugway_gemini_business.settings import GeminiBusinessSettings

if TYPE_CHECKING:
    import click

    from plugway import Gateway

plugway_contract = 1


@hookimpl
def register_settings() -> type[GeminiBusinessSettings]:
    return GeminiBusinessSettings


@hookimpl
def register_commands() -> Iterable[click.Command]:
    from plugway_gemini_business.commands import commands

    return commands()


@hookimpl
def register_providers() -> Iterable[Provider]:
    from plugway_gemini_business.provider import provider

    return [provider()]


@hookimpl
def register_credentials(gateway: Gateway) -> Iterable[CredentialKind]:
    from plugway_gemini_business.credential import GeminiBusinessAccount
    from plugway_gemini_business.renewing import renewing

    settings = gateway.settings(GeminiBusinessSettings)
    kind = GeminiBusinessAccount(gateway.clock, renewing(settings, gateway.browser))
    if settings.mode == "server":
        # By workers, whether there is a browser here or not.
        kind.renews, kind.renews_here = True, False
    return [kind]


@hookimpl
def register_routes(gateway: Gateway) -> Iterable[Mount]:
    from plugway_gemini_business import admin
    from plugway_gemini_business.workers.desk import Desk
    from plugway_gemini_business.workers.door import mounts

    desk = Desk(gateway)
    return [*mounts(gateway, desk), *admin.mounts(gateway, desk)]


@hookimpl
def register_models(gateway: Gateway) -> Iterable[ChatModels]:
    from plugway_gemini_business.chats import GeminiBusinessModels

    return [GeminiBusinessModels(gateway)]


@hookimpl
def register_tariffs() -> Iterable[TariffRow]:
    from plugway_gemini_business.tariff import rows

    return rows()


@hookimpl
def register_emulator() -> Emulator:
    from plugway_gemini_business.emulator import GeminiBusinessEmulator

    return GeminiBusinessEmulator()
