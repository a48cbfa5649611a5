"""What calls cost, and who may make them: B3, B4 and B5."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from bltcy_gateway import PassThrough

from plugway import BadRequest

pytestmark = pytest.mark.anyio


async def test_a_request_costs_its_quota_and_a_poll_nothing(gateway: PassThrough) -> None:
    for method, path in (
        ("POST", "/runway/x"),
        ("DELETE", "/suno/x"),
        ("GET", "/runwayml/v1/tasks/1"),
        ("HEAD", "/pika/x"),
        ("POST", "/suno/fetch"),
        ("POST", "/jimeng/?Action=CVSync2AsyncGetResult"),
    ):
        async with gateway.client.request(method, path, json={"ids": []}) as response:
            await response.read()
    assert await gateway.charged(calls=6) == 2000


async def test_prices_are_the_channel_s(bare: PassThrough) -> None:
    await bare.server.channel(
        "bltcy",
        bare.emulator.url,
        secrets=[bare.emulator.secret or ""],
        settings={"passthrough_quota": 70, "poll_quota": 3},
    )
    await bare.call("POST", "/pika/x")
    await bare.call("GET", "/pika/x")
    assert await bare.charged(calls=2) == 73


@pytest.mark.parametrize("code", [400, 401, 403, 404, 429, 500, 503])
async def test_what_the_upstream_refuses_is_free(gateway: PassThrough, code: int) -> None:
    status, _ = await gateway.call("POST", f"/runway/_test/status/{code}")
    assert status == code
    assert await gateway.charged(calls=1) == 0


async def test_what_never_arrived_is_free(gateway: PassThrough) -> None:
    await gateway.emulator.refuse()
    status, _ = await gateway.call("POST", "/runway/x")
    assert status == 502
    assert await gateway.charged(calls=1) == 0


async def test_what_the_upstream_accepted_is_charged_though_its_answer_breaks(
    gateway: PassThrough,
) -> None:
    gateway.emulator.fail("cut", path="/runway/_test/mirror", after=100)
    with pytest.raises(aiohttp.ClientError):
        async with gateway.client.post("/runway/_test/mirror", data=b"x" * 5000) as response:
            await response.read()
    assert await gateway.charged(calls=1) == 1000


async def test_a_submission_whose_client_leaves_is_charged(gateway: PassThrough) -> None:
    gateway.emulator.fail("delay", path="/runwayml/")
    body = {"promptText": "a lighthouse"}
    call = asyncio.create_task(gateway.call("POST", "/runwayml/v1/image_to_video", json=body))
    seen = await gateway.emulator.until(1)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    gateway.emulator.release()
    assert await gateway.charged(calls=1) == 1000
    assert (seen.status, seen.left) == (200, False)


async def test_without_credits_nothing_is_sent(gateway: PassThrough) -> None:
    user = await gateway.server.user("bob", credits_=999)
    headers = {"Authorization": f"Bearer {await gateway.server.key(user)}"}
    status, body = await gateway.call("POST", "/runway/x", headers=headers)
    assert (status, body["code"]) == (402, "insufficient_credits")
    assert set(body) == {"code", "message"}
    status, _ = await gateway.call("GET", "/runway/x", headers=headers)
    assert status == 200
    assert [seen.method for seen in gateway.emulator.seen] == ["GET"]


@pytest.mark.parametrize("headers", [{"Authorization": ""}, {"Authorization": "Bearer sk-wrong"}])
async def test_without_a_key_nothing_is_sent(gateway: PassThrough, headers: dict[str, str]) -> None:
    for path in ("/runway/x", "/suno", "/kling/v1/videos/text2video"):
        status, body = await gateway.call("POST", path, headers=headers)
        assert (status, body["code"]) == (401, "not_authenticated")
        assert set(body) == {"code", "message"}
    assert not gateway.emulator.seen


async def test_a_channel_without_the_model_is_none(bare: PassThrough) -> None:
    secrets = [bare.emulator.secret or ""]
    await bare.server.channel("bltcy", bare.emulator.url, secrets=secrets, models=["runway"])
    for path in ("/runway/x", "/runwayml/x"):
        assert (await bare.call("POST", path))[0] == 200
    status, body = await bare.call("POST", "/pika/x")
    assert status == 503
    assert body == {
        "code": "no_available_channel",
        "message": "no available channel for model pika",
    }


async def test_a_key_without_the_model_is_refused(gateway: PassThrough) -> None:
    key = await gateway.server.key(gateway.user, "narrow", models=["suno"])
    headers = {"Authorization": f"Bearer {key}"}
    assert (await gateway.call("POST", "/suno/x", headers=headers))[0] == 200
    status, body = await gateway.call("POST", "/runway/x", headers=headers)
    assert (status, body["code"]) == (403, "not_permitted")


@pytest.mark.parametrize(
    "url", ["https://api.example.com/", "https://api.example.com/v1", "https://api.example.com?a=1"]
)
async def test_a_base_url_is_scheme_and_host(bare: PassThrough, url: str) -> None:
    with pytest.raises(BadRequest, match=r"https://api\.example\.com$"):
        await bare.server.channel("bltcy", url, secrets=["sk-1"])


@pytest.mark.parametrize(
    "settings", [{"passthrough_quota": -1}, {"poll_quota": 1.5}, {"passthrough_qouta": 1}]
)
async def test_a_wrong_channel_setting_is_refused(
    bare: PassThrough, settings: dict[str, Any]
) -> None:
    with pytest.raises(BadRequest, match=next(iter(settings))):
        await bare.server.channel("bltcy", bare.emulator.url, secrets=["sk-1"], settings=settings)
