"""Which paths are the plugin's: more by configuration, fewer beside the kling plugin."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from bltcy_gateway import PassThrough
from starlette.responses import PlainTextResponse

from plugway import Mount, Request, hookimpl

pytestmark = pytest.mark.anyio


class OwnerOfKling:
    """Mounts what the kling plugin does."""

    @hookimpl
    def register_routes(self) -> Iterable[Mount]:
        """Return the prefix."""

        async def endpoint(request: Request) -> PlainTextResponse:
            return PlainTextResponse('"mine"')

        return [Mount(path="/kling", endpoint=endpoint, prefix=True)]


class TestBesideKling:
    """With another owner of `/kling`."""

    @pytest.fixture
    def others(self) -> dict[str, object]:
        """Run the owner beside it."""
        return {"kling": OwnerOfKling()}

    async def test_kling_is_the_other_s(self, gateway: PassThrough) -> None:
        assert await gateway.call("POST", "/kling/v1/videos/text2video") == (200, "mine")
        status, told = await gateway.call("POST", "/runway/x")
        assert (status, told["target"]) == (200, "/runway/x")


class TestMorePrefixes:
    """With a prefix of the operator's."""

    @pytest.fixture
    def environ(self) -> dict[str, str]:
        """Set it."""
        return {"PLUGWAY__PLUGINS__BLTCY__PREFIXES": '{"luma": "luma"}'}

    async def test_it_is_passed_through_and_priced(self, gateway: PassThrough) -> None:
        status, told = await gateway.call("POST", "/luma/v1/generations", json={})
        assert (status, told["target"]) == (200, "/luma/v1/generations")
        await gateway.call("GET", "/luma/v1/generations/1")
        assert await gateway.charged(calls=2) == 1000


async def test_it_is_listed_with_what_it_gives(gateway: PassThrough) -> None:
    (info,) = gateway.server.gateway.registry.plugins
    assert (info.name, info.state, info.reason) == ("bltcy", "loaded", None)
    assert info.registered["providers"] == ("bltcy",)
    assert info.registered["emulators"] == ("bltcy",)
    assert "ANY /kling/* (fallback)" in info.registered["routes"]
    assert "ANY /runwayml/*" in info.registered["routes"]
