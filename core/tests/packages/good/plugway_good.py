"""A plugin that works."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from plugway import BearerKey, CredentialKind, Mount, Provider, TariffRow, hookimpl

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway import Request

plugway_contract = 1


class GoodSettings(msgspec.Struct, frozen=True, kw_only=True):
    greeting: str = "hello"


@hookimpl
def register_settings() -> type[msgspec.Struct]:
    return GoodSettings


@hookimpl
def register_providers() -> Iterable[Provider]:
    return [Provider(name="good", title="Good", credential="good_key", models=("good",))]


@hookimpl
def register_credentials() -> Iterable[CredentialKind]:
    return [BearerKey("good_key")]


@hookimpl
def register_tariffs() -> Iterable[TariffRow]:
    return [TariffRow(key="good", credits="10")]


@hookimpl
def register_routes(gateway: object) -> Iterable[Mount]:
    async def endpoint(request: Request) -> ASGIApp:
        from starlette.responses import PlainTextResponse

        return PlainTextResponse("good")

    return [
        Mount(path="/good", endpoint=endpoint, methods={"POST"}),
        Mount(path="/good/ping", endpoint=endpoint, methods={"GET"}, public=True),
    ]
