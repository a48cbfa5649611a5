"""A gateway that asks for no key, for development on one machine."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from back_office import BackOffice

from plugway.asgi import create_app
from plugway.errors import ConfigurationError
from plugway.identity import users
from plugway.testing import GatewayServer

pytestmark = pytest.mark.anyio


@pytest.fixture
def environ() -> dict[str, str]:
    """Let requests without a key act as alice."""
    return {"PLUGWAY__SERVER__KEYLESS_USER": "alice"}


async def status(office: BackOffice, path: str = "/v1/models", **headers: str) -> int:
    """Ask without a key of the caller's own."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return (await office.nobody.call("GET", path, headers=named)).status


async def test_without_a_key_one_is_that_user(office: BackOffice) -> None:
    await office.channel()
    assert (await office.buy("tea", office.nobody)).status == 200
    assert (await office.server.verify()).ok
    (call,) = (await office.admin.get("/usage")).json["items"]
    assert (call["user"], call["key"]) == ("alice", None)


async def test_a_wrong_key_is_refused_wherever_it_is(office: BackOffice) -> None:
    assert await status(office, authorization="Bearer sk-unknown-key") == 401
    assert await status(office, authorization="Bearer") == 401
    assert await status(office, authorization="Basic dTpw") == 401
    for header in ("x_api_key", "x_goog_api_key"):
        assert await status(office, **{header: "sk-unknown-key"}) == 401
    for path in ("/v1/models?key=sk-unknown-key", "/v1beta/models?key=sk-unknown-key"):
        assert await status(office, path) in (400, 401)
    assert (await office.admin.call("GET", "/api/me")).json["user"]["name"] == "root"


async def test_whoever_comes_from_elsewhere_needs_a_key(office: BackOffice) -> None:
    assert await status(office) == 200
    assert await status(office, x_forwarded_for="127.0.0.1") == 401
    assert await status(office, forwarded="for=127.0.0.1") == 401
    assert await status(office, via="1.1 proxy") == 401
    assert await status(office, host="rebound.example") == 401
    assert await status(office, origin="https://evil.example") == 401
    assert await status(office, sec_fetch_site="cross-site") == 401


async def test_no_route_of_operators_opens(office: BackOffice) -> None:
    for path in ("/api/admin/keys", "/api/admin/users", "/api/admin/settings"):
        assert await status(office, path) == 403
    details = await office.nobody.call("GET", "/readyz")
    assert details.json == {"status": "ready"}


@pytest.mark.parametrize("name", ["root", "olga", "nobody", "Alice"])
async def test_only_a_user_who_is_no_more_than_that(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    environ = {"PLUGWAY__SERVER__KEYLESS_USER": name}
    async with GatewayServer(tmp_path / "home", plugins={}, environ=environ) as server:
        office = BackOffice(server)
        await office.prepare()
        assert await status(office) == 401
        await office.close()
    assert "server.keyless_user lets nobody in" in caplog.text


async def test_a_user_who_is_disabled_is_shut_out_at_once(office: BackOffice) -> None:
    assert await status(office) == 200
    alice = await users.find(office.gateway.database, "alice")
    await users.change(office.gateway.database, alice.id, enabled=False)
    assert await status(office) == 401


async def test_the_log_says_so_loudly(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("", "alice"):
        environ = {"PLUGWAY__SERVER__KEYLESS_USER": name}
        with caplog.at_level(logging.WARNING):
            async with GatewayServer(tmp_path / "home", plugins={}, environ=environ):
                pass
        assert ("NO KEY IS ASKED FOR" in caplog.text) == bool(name)


def test_a_gateway_that_others_reach_does_not_start(tmp_path: Path) -> None:
    environ = {
        "PLUGWAY__SERVER__KEYLESS_USER": "alice",
        "PLUGWAY__SERVER__HOST": "0.0.0.0",  # noqa: S104  # refused
    }
    with pytest.raises(ConfigurationError, match="asks for no key"):
        create_app(tmp_path, environ=environ, plugins={})
