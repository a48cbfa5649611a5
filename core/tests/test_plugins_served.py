"""Tests of plugins as a client and an operator see them: over HTTP."""

from __future__ import annotations

import importlib
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from plugway import (
    ConfigurationError,
    ErrorBody,
    Mount,
    Operation,
    PlugwayError,
    hookimpl,
)
from plugway.testing import GatewayServer
from plugway.testing.fixtures import GatewayFactory

pytestmark = pytest.mark.anyio

PACKAGES = Path(__file__).parent / "packages"


def official(error: PlugwayError, request_id: str) -> ErrorBody:
    return ErrorBody(error.status, {"code": "request_failed", "message": error.message})


class Shaped:
    """Has routes with an official error shape."""

    @hookimpl
    def register_routes(self) -> list[Mount]:
        async def show(request: Request) -> PlainTextResponse:
            return PlainTextResponse(request.path_params["id"])

        async def fail(request: Request) -> PlainTextResponse:
            raise ZeroDivisionError("canary-in-a-message")

        return [
            Mount(path="/shaped/v1/{id}", endpoint=show, methods={"GET"}, public=True),
            Mount(
                path="/official/v1/{id}",
                endpoint=show,
                methods={"GET", "HEAD"},
                errors=official,
                operation=Operation(summary="Show it.", response=dict[str, str]),
            ),
            Mount(path="/official/fail", endpoint=fail, public=True, errors=official),
        ]


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    names = ("good", "raising", "misspelt")
    for name in names:
        monkeypatch.syspath_prepend(str(PACKAGES / name))
    importlib.invalidate_caches()
    yield {name: importlib.import_module(f"plugway_{name}") for name in names}
    for name in names:
        del sys.modules[f"plugway_{name}"]


@pytest.fixture
async def server(
    plugway_gateway: GatewayFactory, modules: dict[str, ModuleType]
) -> AsyncIterator[GatewayServer]:
    async with plugway_gateway({**modules, "shaped": Shaped()}) as server:
        yield server


async def ask(
    server: GatewayServer, method: str, path: str, key: str = ""
) -> tuple[int, str, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with aiohttp.request(method, server.url + path, headers=headers) as answer:
        content = await answer.json() if "json" in answer.content_type else {}
        return answer.status, answer.headers.get("allow", ""), content


async def test_the_gateway_serves_the_rest(server: GatewayServer) -> None:
    assert (await ask(server, "GET", "/good/ping"))[0] == 200
    key = await server.key(await server.user("root", role="admin"))
    status, _, content = await ask(server, "GET", "/readyz", key)
    assert status == 200
    assert content["details"]["plugins"] == {
        "misspelt": "there is no hook 'register_route'; did you mean 'register_routes'?",
        "raising": "register_routes raised LookupError: no such thing",
    }


async def test_the_operator_sees_what_became_of_each(server: GatewayServer) -> None:
    key = await server.key(await server.user("root", role="operator"))
    status, _, content = await ask(server, "GET", "/api/admin/plugins", key)
    assert status == 200
    listed = {plugin["name"]: plugin for plugin in content["items"]}
    assert [(name, listed[name]["state"]) for name in sorted(listed)] == [
        ("good", "loaded"),
        ("misspelt", "failed"),
        ("raising", "failed"),
        ("shaped", "loaded"),
    ]
    assert listed["good"]["registered"]["routes"] == ["POST /good", "GET /good/ping (public)"]
    assert listed["raising"]["registered"] == {}


async def test_a_route_asks_for_a_key_unless_it_is_public(server: GatewayServer) -> None:
    assert (await ask(server, "POST", "/good"))[0] == 401
    assert (await ask(server, "POST", "/good", "sk-wrong"))[0] == 401
    key = await server.key(await server.user())
    assert (await ask(server, "POST", "/good", key))[0] == 200
    assert (await ask(server, "GET", "/shaped/v1/7"))[0] == 200


async def test_errors_before_the_endpoint_have_the_surfaces_shape(server: GatewayServer) -> None:
    status, _, content = await ask(server, "GET", "/official/v1/7")
    assert (status, content["code"]) == (401, "request_failed")
    status, _, content = await ask(server, "GET", "/official/v1/7/more")
    assert (status, content["code"]) == (404, "request_failed")
    status, allow, content = await ask(server, "DELETE", "/official/v1/7")
    assert (status, allow, content["code"]) == (405, "GET, HEAD", "request_failed")
    status, allow, content = await ask(server, "DELETE", "/good/ping")
    assert (status, allow) == (405, "GET")
    assert content["error"]["code"] == "method_not_allowed"
    status, _, content = await ask(server, "GET", "/nowhere")
    assert (status, content["error"]["code"]) == (404, "not_found")


async def test_an_endpoint_that_fails_tells_nobody_why(server: GatewayServer) -> None:
    status, _, content = await ask(server, "GET", "/official/fail")
    assert status == 500
    assert content == {
        "code": "request_failed",
        "message": "Something went wrong in the gateway.",
    }


async def test_the_openapi_document_holds_the_plugins_routes(server: GatewayServer) -> None:
    status, _, content = await ask(server, "GET", "/openapi.json")
    assert status == 200
    assert content["paths"]["/official/v1/{id}"]["get"]["summary"] == "Show it."
    assert content["paths"]["/good/ping"]["get"]["security"] == []
    assert {tag["name"] for tag in content["tags"]} >= {"core", "good", "shaped"}
    assert "raising" not in {tag["name"] for tag in content["tags"]}


async def test_strict_refuses_to_start(
    plugway_gateway: GatewayFactory, modules: dict[str, ModuleType]
) -> None:
    environ = {"PLUGWAY__PLUGINS__STRICT": "true"}
    raising = {"good": modules["good"], "raising": modules["raising"]}
    with pytest.raises(ConfigurationError, match="raising: register_routes raised LookupError"):
        async with plugway_gateway(raising, environ=environ):
            """Never get here."""
