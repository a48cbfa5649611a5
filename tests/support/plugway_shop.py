"""A plugin with one of everything that the admin API and the command line show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import click
from aiohttp import web

from plugway import (
    BearerKey,
    ChannelSettings,
    Emulator,
    Gateway,
    Mount,
    Provider,
    Request,
    Session,
    TariffRow,
    Tour,
    Usage,
    hookimpl,
)
from plugway.settings import SECRET, Table
from plugway.testing.emulator import EmulatorServer

#: Takes these secrets, and no other.
SECRETS = ("shop-secret-0001", "shop-secret-0002")


class ShopSettings(Table, frozen=True, kw_only=True):
    """Sets the shop.

    Attributes:
        region: Where it is.
        token: Nobody may see it.
    """

    region: str = "eu"
    token: Annotated[str, SECRET] = ""


class ShopChannel(ChannelSettings, frozen=True, kw_only=True):
    """Sets a channel to the shop.

    Attributes:
        fee: Credits for one parcel.
        pin: Nobody may see it.
    """

    fee: int = 7
    pin: Annotated[str, SECRET] = ""


class ShopEmulator(EmulatorServer):
    """Stands in for the shop: sells to those who know a secret."""

    provider = "shop"
    secret = SECRETS[0]
    models = ("tea", "parcel")
    settings: Mapping[str, str] = {"fee": "9"}
    tour = (
        Tour(title="buy tea", path="/shop/tea", json={"cups": 1}),
        Tour(title="ask for what is not sold", path="/shop/tea/missing", expect=404),
    )

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return the routes."""
        yield web.route("*", "/{path:.*}", self._sell)

    async def _sell(self, request: web.Request) -> web.Response:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in SECRETS:
            return web.json_response({"error": "who are you?"}, status=401)
        if request.path.endswith("/missing"):
            return web.json_response({"error": "sold out"}, status=404)
        return web.json_response({"sold": request.path})


@hookimpl
def register_settings() -> type[ShopSettings]:
    """Return the settings."""
    return ShopSettings


@hookimpl
def register_commands() -> Iterable[click.Command]:
    """Return the commands."""

    @click.command("greet")
    def greet() -> None:
        """Say hello."""
        click.echo("hello from the shop")

    @click.command("worker")
    @click.argument("name")
    def worker(name: str) -> None:
        """Work for the shop."""
        click.echo(f"{name} works")

    @click.command("import")
    @click.pass_obj
    def importing(session: Session) -> None:
        """Say whose gateway it would be taken into."""
        with session.connect() as client:
            click.echo(f"customers of {client.get('users')['items'][0]['name']}")

    return [greet, worker, importing]


@hookimpl
def register_providers() -> Iterable[Provider]:
    """Return the provider."""
    return [
        Provider(
            name="shop",
            title="Shop",
            credential="shop",
            models=("tea", "parcel"),
            settings=ShopChannel,
        )
    ]


@hookimpl
def register_credentials() -> Iterable[BearerKey]:
    """Return the kind of secret."""
    return [BearerKey("shop")]


@hookimpl
def register_tariffs() -> Iterable[TariffRow]:
    """Return the prices."""
    return [
        TariffRow(key="tea", credits="10"),
        TariffRow(key="tea", credits="20", dimensions={"size": "large"}),
        TariffRow(key="parcel", setting="fee"),
    ]


@hookimpl
def register_routes(gateway: Gateway) -> Iterable[Mount]:
    """Return the routes."""

    async def endpoint(request: Request) -> Any:
        model = request.path.split("/")[2]
        async with gateway.calls.open(
            request, provider="shop", model=model, usage=Usage(key=model, input_tokens=3)
        ) as call:
            return await call.relay(await call.forward(request))

    return [
        Mount(path="/shop/tea", endpoint=endpoint, prefix=True),
        Mount(path="/shop/parcel", endpoint=endpoint, prefix=True),
    ]


@hookimpl
def register_emulator() -> Emulator:
    """Return the stand-in."""
    return ShopEmulator()
