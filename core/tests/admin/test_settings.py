"""The settings over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from back_office import BackOffice

pytestmark = pytest.mark.anyio


@pytest.fixture
def environ() -> dict[str, str]:
    """Set some settings, secrets among them."""
    return {
        "PLUGWAY__SERVER__SESSION_SECRET": "canary-session",
        "PLUGWAY__SERVER__MAX_HEADERS": "150",
        "PLUGWAY__PLUGINS__SHOP__TOKEN": "canary-token",
        "PLUGWAY__PLUGINS__SHOP__REGION": "asia",
    }


async def test_settings_in_force_are_listed_and_secrets_are_not(office: BackOffice) -> None:
    answer = await office.admin.get("/settings")
    assert "canary" not in answer.text
    found: dict[str, Any] = {one["name"]: one for one in answer.json["items"]}
    assert found["server.max_headers"] == {
        "name": "server.max_headers",
        "value": 150,
        "default": 200,
        "takes": "an integer of 1 or more",
        "help": "Number of headers.",
        "variable": "PLUGWAY__SERVER__MAX_HEADERS",
        "restart": False,
        "secret": False,
    }
    secret = found["server.session_secret"]
    assert (secret["value"], secret["secret"]) == ("…", True)
    # What is not set is seen to be not set.
    assert found["redis.url"]["value"] == ""
    assert found["plugins.shop.region"]["value"] == "asia"
    assert found["plugins.shop.token"]["value"] == "…"
    assert "plugins.tables" not in found
    assert (answer.json["problem"], answer.json["restart"]) == (None, [])


async def test_a_bad_file_is_told(office: BackOffice) -> None:
    file = office.server.home / "plugway.toml"
    file.write_text("[server]\nbody_timeout = 'long'\n")
    office.gateway.live.check()
    answer = (await office.admin.get("/settings")).json
    assert "server.body_timeout" in answer["problem"]
    ready = await office.admin.call("GET", "/readyz")
    assert ready.status == 200
    assert ready.json["details"]["settings"] == answer["problem"]
    file.write_text("[server]\nport = 9999\n")
    office.gateway.live.check()
    answer = (await office.admin.get("/settings")).json
    assert (answer["problem"], answer["restart"]) == (None, ["server.port"])
