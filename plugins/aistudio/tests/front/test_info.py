"""`/api/info`: how to call the gateway."""

from __future__ import annotations

from pathlib import Path

import pytest
from aistudio_front import USER, Front, serving

pytestmark = pytest.mark.anyio


async def test_anybody_is_told_how_to_call_and_no_secret(front: Front) -> None:
    front.write("first-key\n")
    await front.until("first-key", enters=True)
    answer = await front.call("GET /api/info", role="")
    url = front.server.url
    assert answer.status == 200
    assert answer.json == {
        "model_name": "AI Studio",
        "api_base_url": f"{url}/v1",
        "server_base_url": url,
        "api_key_required": True,
        "api_key_count": None,
        "auth_header": "Authorization: Bearer <key>",
        "openai_compatible": True,
        "supported_auth_methods": ["Authorization: Bearer", "X-API-Key"],
        "message": "A key is required.",
    }
    assert (await front.call("GET /api/info", role="user")).json["api_key_count"] is None
    for role in ("operator", "admin"):
        assert (await front.call("GET /api/info", role=role)).json["api_key_count"] == 4
    headers = {"Authorization": "Bearer sk-unknown-key"}
    assert (await front.call("GET /api/info", role="", headers=headers)).status == 200


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("gateway.example:2048", "http://gateway.example:2048"),
        ("[::1]:2048", "http://[::1]:2048"),
        ("evil.example/path", None),
        ("evil.example?x=", None),
        ("u@evil.example", None),
        ('"><script>', None),
    ],
)
async def test_the_base_url_is_what_was_asked_for_if_it_is_a_host(
    front: Front, host: str, base: str | None
) -> None:
    answer = await front.call("GET /api/info", role="", headers={"Host": host})
    if answer.status == 400:
        assert base is None
        return
    assert answer.json["server_base_url"] == base or front.server.url


async def test_a_public_address_is_told_whatever_was_asked_for(tmp_path: Path) -> None:
    environ = {"PLUGWAY__SERVER__PUBLIC_URL": "https://api.example.com"}
    async with serving(tmp_path / "home", environ) as front:
        answer = await front.call("GET /api/info", role="", headers={"Host": "evil.example"})
        assert answer.json["server_base_url"] == "https://api.example.com"
        assert answer.json["api_base_url"] == "https://api.example.com/v1"


async def test_a_gateway_that_asks_for_no_key_says_so(tmp_path: Path) -> None:
    async with serving(tmp_path / "home", {"PLUGWAY__SERVER__KEYLESS_USER": USER}) as front:
        await front.prepare()
        info = (await front.call("GET /api/info", role="")).json
        assert (info["api_key_required"], info["auth_header"]) == (False, None)
        assert (await front.call("GET /v1/models", role="")).status == 200
        assert not await front.enters("sk-wrong-key")
        assert (await front.call("GET /api/keys", role="")).status == 403
