"""The plugins over HTTP."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import plugway_shop
import pytest
from back_office import ADMIN, BackOffice, Caller

from plugway import hookimpl
from plugway.testing.server import GatewayServer

pytestmark = pytest.mark.anyio


class Broken:
    """Raises when it is asked for its routes."""

    @hookimpl
    def register_routes(self) -> object:
        """Raise."""
        raise RuntimeError("out of order")


async def test_plugins_are_listed_with_what_they_registered(office: BackOffice) -> None:
    found = (await office.operator.get("/plugins")).json["items"]
    assert [(plugin["name"], plugin["state"], plugin["reason"]) for plugin in found] == [
        ("shop", "loaded", None)
    ]
    registered = found[0]["registered"]
    assert registered["providers"] == ["shop"]
    assert registered["commands"] == ["greet", "worker", "import"]
    assert set(registered) >= {"settings", "credentials", "tariffs", "routes", "emulators"}


async def test_a_broken_plugin_is_named_with_the_reason(tmp_path: Path) -> None:
    plugins = {"shop": plugway_shop, "broken": Broken()}
    async with (
        GatewayServer(tmp_path / "home", plugins=plugins) as server,
        aiohttp.ClientSession() as client,
    ):
        key = await server.key(await server.user("root", role="admin"))
        root = Caller(client, server.url, key)
        found = {one["name"]: one for one in (await root.get("/plugins")).json["items"]}
        assert found["shop"]["state"] == "loaded"
        assert found["broken"]["state"] == "failed"
        assert "out of order" in found["broken"]["reason"]
        ready = await root.call("GET", "/readyz")
        assert ready.status == 200
        assert "out of order" in ready.json["details"]["plugins"]["broken"]
        assert (await root.call("GET", f"{ADMIN}/channels")).status == 200
