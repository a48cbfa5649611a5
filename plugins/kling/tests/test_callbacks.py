"""What the upstream tells by itself: believed if signed, a hint if not."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import aiohttp
import msgspec
import pytest
from kling_gateway import PRICE, TEXT2VIDEO, Kling

from plugway import sign_webhook
from plugway.testing import GatewayServer

pytestmark = pytest.mark.anyio

SECRET = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
OLD = "whsec_b2xkc2VjcmV0b2xkc2VjcmV0"
HOOK = "/kling/internal/callback"


@pytest.fixture
async def kling(bare: Kling) -> Kling:
    """Run a gateway that the upstream can reach, whose channel has two secrets."""
    bare.public()
    bare.emulator.hold()
    account = bare.emulator.accounts["first"]
    account.webhook_secrets = (SECRET,)
    settings = {"webhook_secret": f"{OLD}, {SECRET}"}
    await bare.channel(account.secret, account.api_key, settings=settings)
    return bare


@pytest.fixture
async def unsigned(bare: Kling) -> Kling:
    """Run a gateway that the upstream can reach, whose channel has no secret."""
    bare.public()
    bare.emulator.hold()
    await bare.channel(bare.emulator.accounts["first"].secret)
    return bare


async def post(server: GatewayServer, body: Any, path: str = HOOK, **headers: str) -> int:
    data = io.BytesIO(body if isinstance(body, bytes) else msgspec.json.encode(body))
    async with aiohttp.request("POST", server.url + path, data=data, headers=headers) as answer:
        await answer.read()
        return answer.status


async def state(kling: Kling, made: dict[str, Any]) -> str:
    task = await kling.server.gateway.tasks.find("kling", upstream_id=made["task_id"])
    assert task is not None
    return task.state


def polls(kling: Kling) -> int:
    return sum(seen.method == "GET" for seen in kling.emulator.seen)


async def test_a_signed_end_ends_the_task_without_asking(kling: Kling) -> None:
    made = await kling.alice.make(external_task_id="mine")
    kling.emulator.advance()
    kling.emulator.finish(made["task_id"])
    delivered = await kling.emulator.deliver()
    assert [one.statuses for one in delivered] == [[200]] * 3
    assert polls(kling) == 0
    _, body = await kling.alice.get(f"{TEXT2VIDEO}/mine")
    assert body["data"]["task_status"] == "succeed"
    assert body["data"]["task_info"] == {"external_task_id": "mine"}
    assert await kling.charged() == PRICE
    # What it made is bound to the account, as when the poller sees the end.
    (result,) = body["data"]["task_result"]["videos"]
    binding = await kling.server.gateway.bindings.find(
        "kling", "video", result["id"], user_id=kling.user.id
    )
    assert binding is not None


@pytest.mark.parametrize("order", ["last", "shuffled"])
async def test_disorder_and_repetition_change_nothing(kling: Kling, order: Any) -> None:
    kling.emulator.behaviour.order = order
    kling.emulator.behaviour.repeat = 3
    made = await kling.alice.make()
    kling.emulator.advance()
    kling.emulator.finish(made["task_id"])
    await kling.emulator.deliver()
    await kling.emulator.deliver()
    assert await state(kling, made) == "succeed"
    assert await kling.charged() == PRICE


async def test_a_failure_after_a_success_changes_nothing(kling: Kling) -> None:
    made = await kling.alice.make()
    kling.emulator.finish(made["task_id"])
    await kling.emulator.deliver()
    body = msgspec.json.encode({"task_id": made["task_id"], "task_status": "failed"})
    now = kling.server.gateway.clock.now() // 1_000_000
    signature = sign_webhook(OLD, "m1", now, body)
    headers = {
        "webhook-id": "m1",
        "webhook-timestamp": str(now),
        "webhook-signature": signature,
    }
    assert await post(kling.server, body, **headers) == 200
    assert await state(kling, made) == "succeed"
    assert await kling.charged() == PRICE


async def test_a_forged_end_only_makes_the_gateway_ask(kling: Kling) -> None:
    made = await kling.alice.make()
    kling.emulator.forge(made["task_id"])
    await kling.emulator.deliver()
    await asked(kling)
    assert await state(kling, made) == "submitted"
    assert await kling.held() == PRICE


async def asked(kling: Kling) -> None:
    async with asyncio.timeout(10):
        while polls(kling) == 0:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("where", ["inside", "top", "id"])
async def test_an_unsigned_one_only_makes_the_gateway_ask(unsigned: Kling, where: str) -> None:
    made = await unsigned.alice.make()
    ours = unsigned.sent("/v1/videos")[0]["external_task_id"]
    named = {
        "inside": {"task_id": "0", "task_info": {"external_task_id": ours}},
        "top": {"task_id": "0", "external_task_id": ours},
        "id": {"task_id": made["task_id"]},
    }[where]
    assert await post(unsigned.server, {**named, "task_status": "succeed"}) == 200
    await asked(unsigned)
    assert await state(unsigned, made) == "submitted"
    assert await unsigned.held() == PRICE


async def test_the_newer_generation_s_body(kling: Kling) -> None:
    body = {"prompt": "a cat", "options": {"external_task_id": "mine"}}
    _, told = await kling.alice.post("/kling/text-to-video/kling-3.0", body)
    assert kling.sent("/text-to-video")[0]["options"]["callback_url"].endswith(f"{HOOK}/v2")
    kling.emulator.finish(told["data"]["id"])
    delivered = await kling.emulator.deliver()
    assert all(one.statuses == [200] for one in delivered)
    _, several = await kling.alice.get("/kling/tasks?external_task_ids=mine")
    (task,) = several["data"]
    assert (task["status"], task["external_id"]) == ("succeeded", "mine")
    assert polls(kling) == 0
    assert await kling.charged() > 0


@pytest.mark.parametrize("path", [HOOK, f"{HOOK}/", f"{HOOK}/v2"])
async def test_an_unknown_task_tells_nothing(kling: Kling, path: str) -> None:
    made = await kling.alice.make()
    answers = {
        await post(kling.server, body, path)
        for body in (
            {"task_id": "1", "task_status": "submitted"},
            {"id": "1", "status": "submitted", "outputs": []},
            {"task_id": made["task_id"], "task_status": "failed"},
            {"task_id": made["task_id"], "task_status": "odd", "task_result": 7},
            {"task_info": {"external_task_id": "x" * 5000}},
            {"task_info": [], "task_id": {"a": 1}},
            {},
        )
    }
    assert answers == {200}
    assert await kling.held() == PRICE


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"1", b'"a"', b"\xff", b"[" * 100_000, b'{"a":"\xff"}']
)
async def test_what_is_no_callback(kling: Kling, body: bytes) -> None:
    assert await post(kling.server, body) == 400


async def test_a_huge_body(kling: Kling) -> None:
    body = b'{"task_id": "' + b"a" * (2 << 20) + b'"}'
    assert await post(kling.server, body) == 400


async def test_everything_received_is_kept(kling: Kling) -> None:
    made = await kling.alice.make()
    await kling.emulator.deliver()
    body = {"task_id": made["task_id"], "task_status": "succeed", "who": "me"}
    await post(kling.server, body)
    from plugway.storage.models import Receipt

    rows = await kling.server.gateway.database.run(lambda: Receipt.all().order_by("id"))
    assert [row.verified for row in rows] == [True, False]
    assert '"who":"me"' in rows[1].body


async def test_a_private_callback_url_is_refused(kling: Kling) -> None:
    for url in ("http://127.0.0.1/x", "http://[::1]/x", "http://169.254.169.254/x"):
        body = {"prompt": "a cat", "callback_url": url}
        status, told = await kling.alice.post(TEXT2VIDEO, body)
        assert (status, told["code"]) == (400, 1201)
        assert "callback_url" in told["message"]
    assert kling.sent() == []


async def test_the_client_is_told_with_its_own_ids(kling: Kling) -> None:
    from plugway.storage.models import CallbackRow

    made = await kling.alice.make(
        external_task_id="mine", callback_url="https://callback.invalid/told"
    )
    kling.emulator.advance()
    kling.emulator.finish(made["task_id"])
    await kling.emulator.deliver()
    rows = await kling.server.gateway.database.run(lambda: CallbackRow.all().order_by("id"))
    told = [msgspec.json.decode(row.body) for row in rows]
    assert [one["task_status"] for one in told] == ["submitted", "processing", "succeed"]
    assert {one["task_id"] for one in told} == {made["task_id"]}
    assert [one["task_info"] for one in told] == [{"external_task_id": "mine"}] * 3
    assert told[2]["task_result"]["videos"][0]["url"]
    assert "code" not in told[0]
