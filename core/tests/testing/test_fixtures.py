"""Tests of the fixtures for plugin authors."""

from __future__ import annotations

import aiohttp
import pytest
from starlette.responses import PlainTextResponse

from plugway import Mount, Request, hookimpl
from plugway.testing.fixtures import GatewayFactory

pytestmark = pytest.mark.anyio


class Whoami:
    @hookimpl
    def register_routes(self) -> list[Mount]:
        async def whoami(request: Request) -> PlainTextResponse:
            return PlainTextResponse(request.principal.user)

        return [Mount(path="/whoami", endpoint=whoami, methods={"GET"})]


async def test_two_gateways_in_one_test_do_not_meet(plugway_gateway: GatewayFactory) -> None:
    plugins = {"whoami": Whoami()}
    async with plugway_gateway(plugins) as one, plugway_gateway(plugins) as other:
        assert one.home != other.home
        key = await one.key(await one.user("alice"))
        headers = {"Authorization": f"Bearer {key}"}
        async with aiohttp.ClientSession(headers=headers) as client:
            async with client.get(f"{one.url}/whoami") as answer:
                assert (answer.status, await answer.text()) == (200, "alice")
            async with client.get(f"{other.url}/whoami") as answer:
                assert answer.status == 401


async def test_only_the_named_plugins_are_in_it(plugway_gateway: GatewayFactory) -> None:
    async with plugway_gateway() as server:
        assert server.gateway.loaded.plugins == ()
