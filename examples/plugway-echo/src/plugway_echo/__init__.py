"""Echo, the smallest plugin: one upstream, one secret, one price, one route."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from plugway import (
    BearerKey,
    CredentialKind,
    Emulator,
    Mount,
    Operation,
    Provider,
    TariffRow,
    Usage,
    hookimpl,
)

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway import Gateway, Request

plugway_contract = 1


@hookimpl
def register_providers() -> Iterable[Provider]:
    return [Provider(name="echo", title="Echo", credential="echo_key", models=("echo",))]


@hookimpl
def register_credentials() -> Iterable[CredentialKind]:
    return [BearerKey("echo_key")]


@hookimpl
def register_tariffs() -> Iterable[TariffRow]:
    return [TariffRow(key="echo", credits="10")]


@hookimpl
def register_routes(gateway: Gateway) -> Iterable[Mount]:
    async def echo(request: Request) -> ASGIApp:
        async with gateway.calls.open(
            request, provider="echo", model="echo", usage=Usage(key="echo")
        ) as call:
            answer = await call.forward(request)
            return await call.relay(answer)

    return [
        Mount(
            path="/echo",
            endpoint=echo,
            methods={"POST"},
            operation=Operation(summary="Say again what was said."),
        )
    ]


@hookimpl
def register_emulator() -> Emulator:
    from plugway_echo.emulator import EchoEmulator

    return EchoEmulator()
