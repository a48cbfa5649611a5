"""Where the plugin answers: under `/kling`, at the root if asked, and beside bltcy."""

from __future__ import annotations

import time

import aiohttp
import pytest
from kling_emulated import jwt
from kling_gateway import PRICE, PROMPT, TEXT2VIDEO, Kling

import plugway_bltcy
from plugway import TariffRow
from plugway.identity import keys
from plugway.ledger import prices
from plugway.testing import GatewayServer
from plugway_kling.tariff import models

pytestmark = pytest.mark.anyio


async def ask(
    server: GatewayServer, path: str, authorization: str | None, method: str = "POST"
) -> tuple[int, int]:
    headers = {} if authorization is None else {"Authorization": authorization}
    async with aiohttp.request(method, server.url + path, json=PROMPT, headers=headers) as response:
        body = await response.json(content_type=None)
        assert set(body) >= {"code", "message", "request_id"}
        assert body["request_id"] == response.headers["x-request-id"] or body["code"] == 0
        return response.status, body["code"]


async def test_who_has_no_key_is_told_why(kling: Kling) -> None:
    paths = (TEXT2VIDEO, "/kling/v1/videos/unheard-of", "/kling/nowhere", "/kling/tasks")
    for path in paths:
        assert await ask(kling.server, path, None) == (401, 1001)
        assert await ask(kling.server, path, "Basic abc") == (401, 1002)
        assert await ask(kling.server, path, "Bearer sk-unknown-0123456789") == (401, 1000)
    assert list(kling.emulator.seen) == []


async def test_clients_that_sign_tokens_themselves(kling: Kling) -> None:
    access, secret = await pair(kling)
    now = int(time.time())
    assert await ask(kling.server, TEXT2VIDEO, f"Bearer {jwt(access, secret)}") == (200, 0)
    late = jwt(access, secret, exp=now - 60, nbf=now - 1860)
    assert await ask(kling.server, TEXT2VIDEO, f"Bearer {late}") == (401, 1004)
    early = jwt(access, secret, nbf=now + 600, exp=now + 1800)
    assert await ask(kling.server, TEXT2VIDEO, f"Bearer {early}") == (401, 1003)
    wrong = jwt(access, "another-secret-key")
    assert await ask(kling.server, TEXT2VIDEO, f"Bearer {wrong}") == (401, 1000)
    seen = kling.emulator.seen[0].header("authorization") or ""
    assert access not in seen
    assert secret not in seen


async def pair(kling: Kling) -> tuple[str, str]:
    gateway = kling.server.gateway
    made = await keys.add(
        gateway.database,
        gateway.vault,
        gateway.ledger,
        gateway.clock,
        user_id=kling.user.id,
        name="pair",
        actor="test",
        pair=True,
    )
    await gateway.snapshots.refresh()
    return made.access_key or "", made.secret.reveal()


async def test_a_channel_serves_all_models_unless_told_otherwise(bare: Kling) -> None:
    gateway, secret = bare.server.gateway, bare.emulator.accounts["first"].secret
    whole = await bare.server.channel("kling", bare.emulator.url, secrets=[secret])
    channel = gateway.channels.get(whole)
    assert channel is not None
    assert channel.models == frozenset(models())
    # New models come more often than versions of the plugin.
    newer = await bare.channel(secret, name="newer", models=["kling-v9"])
    channel = gateway.channels.get(newer)
    assert channel is not None
    assert channel.models == frozenset({"kling-v9"})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", TEXT2VIDEO),
        ("POST", "/kling"),
        ("POST", "/kling/v2/videos/text2video"),
        ("POST", "/kling/v1/videos/multi-elements/x/y"),
        ("POST", "/kling/v1/Videos/Text2Video"),
        ("GET", "/kling/account"),
    ],
)
async def test_what_the_official_api_does_not_have(kling: Kling, method: str, path: str) -> None:
    key = f"Bearer {kling.alice.key}"
    assert await ask(kling.server, path, key, method) == (404, 1202)
    assert list(kling.emulator.seen) == []


class TestUnlisted:
    """Actions that are in no table."""

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/kling/v1/audio/tts"),
            ("GET", "/kling/v1/general/delete-voices/"),
            ("POST", "/kling/v1/general/presets-voices"),
            ("POST", "/kling/v1/general/advanced-presets-elements"),
        ],
    )
    async def test_an_action_of_the_table_is_none(
        self, kling: Kling, method: str, path: str
    ) -> None:
        status, told = await kling.alice.call(method, path, json={})
        assert (status, told["code"]) == (404, 1202)

    async def test_without_a_price_they_are_refused(self, kling: Kling) -> None:
        status, told = await kling.alice.post("/kling/v1/videos/dance", {"model_name": "kling-v1"})
        assert (status, told["code"]) == (404, 1203)
        assert "kling-dance" in told["message"]
        assert list(kling.emulator.seen) == []
        assert await kling.charged() == 0

    async def test_with_a_price_they_make_tasks(self, kling: Kling) -> None:
        await self.price(kling, "kling-dance")
        kling.emulator.fail("status", path="/v1/videos/dance", status=200, json=DANCE)
        body = {"model_name": "kling-v1", "steps": 3, "external_task_id": "mine"}
        status, told = await kling.alice.post("/kling/v1/videos/dance", body)
        assert (status, told["data"]["task_id"]) == (200, "77")
        assert kling.sent("/v1/videos/dance")[0]["steps"] == 3
        done = {"task_id": "77", "task_status": "succeed", "task_result": {}}
        kling.emulator.fail(
            "status", path="/v1/videos/dance/77", status=200, json={**DANCE, "data": done}
        )
        ended = await kling.alice.ended("/kling/v1/videos/dance/mine")
        assert ended["task_status"] == "succeed"
        for path in ("/kling/v1/videos/dance", "/kling/v1/videos/dance?pageSize=5"):
            _, listed = await kling.alice.get(path)
            assert [one["task_id"] for one in listed["data"]] == ["77"]
        bob = await kling.second()
        assert (await bob.get("/kling/v1/videos/dance/77"))[0] == 404
        assert await kling.charged() == 500_000

    async def test_what_is_answered_at_once_is_charged_at_once(self, kling: Kling) -> None:
        await self.price(kling, "kling-guess")
        kling.emulator.fail(
            "status", path="/v1/images/guess", status=200, json={"code": 0, "data": {"n": 7}}
        )
        status, told = await kling.alice.post("/kling/v1/images/guess", {"model_name": "kling-v1"})
        assert (status, told) == (200, {"code": 0, "data": {"n": 7}})
        assert await kling.charged() == 500_000

    async def price(self, kling: Kling, key: str) -> None:
        gateway = kling.server.gateway
        row = TariffRow(key=key, price="1")
        await prices.put(gateway.database, "kling", row, gateway.clock)
        await gateway.snapshots.refresh()


DANCE = {
    "code": 0,
    "message": "SUCCEED",
    "request_id": "up",
    "data": {"task_id": "77", "task_status": "submitted"},
}


class TestAtTheRoot:
    """With the official paths at the root too."""

    @pytest.fixture
    def environ(self) -> dict[str, str]:
        """Ask for it."""
        return {"PLUGWAY__PLUGINS__KLING__ROOT": "true"}

    async def test_an_unmodified_client_works(self, kling: Kling) -> None:
        made = await kling.alice.make("/v1/videos/text2video/")
        data = await kling.alice.ended(f"/v1/videos/text2video/{made['task_id']}")
        assert data["task_status"] == "succeed"
        _, listed = await kling.alice.get("/kling/v1/videos/text2video")
        assert listed["data"][0]["task_id"] == made["task_id"]
        _, any_kind = await kling.alice.get(f"/v1/videos/{made['task_id']}")
        assert any_kind["data"] == data
        _, unheard_of = await kling.alice.get("/v1/videos/unheard-of")
        assert unheard_of["code"] == 1203
        costs = "/account/costs?start_time=1&end_time=2"
        assert (await kling.alice.get(costs))[0] == 200
        assert await ask(kling.server, "/v1/videos/unheard-of", None) == (401, 1001)
        status, told = await kling.alice.post("/v1/videos/unheard-of", {"model_name": "kling-v1"})
        assert (status, told["code"]) == (404, 1203)
        assert await kling.charged() == PRICE


async def test_the_root_is_left_alone(kling: Kling) -> None:
    status, body = await kling.alice.post("/v1/videos/text2video", PROMPT)
    # There a name is that of a video made with the neighbouring dialect.
    assert (status, body["error"]["code"]) == (405, "method_not_supported")


class TestBesideBltcy:
    """With the pass-through, which serves `/kling` where nobody else does."""

    @pytest.fixture
    def others(self) -> dict[str, object]:
        """Run it."""
        return {"bltcy": plugway_bltcy}

    async def test_kling_is_ours_and_the_rest_is_not(self, kling: Kling) -> None:
        registry = kling.server.gateway.registry
        assert {plugin.state for plugin in registry.plugins} == {"loaded"}
        await kling.alice.make()
        key = f"Bearer {kling.alice.key}"
        assert await ask(kling.server, "/kling/anything", key) == (404, 1202)
        status, body = await kling.alice.post("/runway/x", {})
        assert (status, body["code"]) == (503, "no_available_channel")
