"""Making a task: what the upstream gets, what the client gets, and what is charged."""

from __future__ import annotations

import json

import pytest
from kling_gateway import IMAGES, PRICE, PROMPT, TEXT2VIDEO, Kling

from plugway import Principal

pytestmark = pytest.mark.anyio

UPSTREAM = "/v1/videos/text2video"


async def test_the_upstream_gets_our_id_and_no_callback(kling: Kling) -> None:
    await kling.alice.make(
        external_task_id="mine", callback_url="https://example.com/told", unknown={"a": 1.0}
    )
    (sent,) = kling.sent(UPSTREAM)
    assert {name: sent[name] for name in PROMPT} == PROMPT
    assert sent["unknown"] == {"a": 1.0}
    assert "callback_url" not in sent
    (task,) = await kling.server.gateway.tasks.page(await principal(kling), "kling")
    assert sent["external_task_id"] == task.call_id
    assert task.callback_url == "https://example.com/told"


async def principal(kling: Kling) -> Principal:
    headers = [(b"authorization", f"Bearer {kling.alice.key}".encode())]
    return kling.server.gateway.identity.identify(headers)


async def test_the_upstream_gets_our_callback_where_it_can_reach_us(kling: Kling) -> None:
    kling.public()
    await kling.alice.make()
    (sent,) = kling.sent(UPSTREAM)
    assert sent["callback_url"] == f"{kling.server.url}/kling/internal/callback"


async def test_the_upstream_s_own_words_come_through(kling: Kling) -> None:
    kling.emulator.fail(
        "status",
        method="POST",
        status=200,
        json={
            "message": "whatever",
            "code": 0,
            "odd": [1.50, {"b": None}],
            "data": {
                "zeta": 1,
                "task_id": "900000000000000001",
                "task_status": "submitted",
                "created_at": 1700000000000,
                "deep": {"number": 836594751283910737},
            },
            "request_id": "up-1",
        },
    )
    got = await kling.alice.raw(TEXT2VIDEO, {**PROMPT, "external_task_id": "mine"})
    assert got == (
        b'{"message":"whatever","code":0,"odd":[1.5,{"b":null}],"data":{"zeta":1,'
        b'"task_id":"900000000000000001","task_status":"submitted","created_at":1700000000000,'
        b'"deep":{"number":836594751283910737}},"request_id":"up-1"}'
    )


async def test_numbers_that_come_as_strings(kling: Kling) -> None:
    kling.emulator.behaviour.numbers_as_strings = True
    status, body = await kling.alice.post(TEXT2VIDEO, PROMPT)
    assert (status, body["data"]["created_at"].isdecimal()) == (200, True)
    ended = await kling.alice.ended(f"{TEXT2VIDEO}/{body['data']['task_id']}")
    assert isinstance(ended["created_at"], str)
    assert await kling.charged() == PRICE


async def test_no_answer_tells_our_id(kling: Kling) -> None:
    made = await kling.alice.make(IMAGES, n=1)
    assert made.get("task_info", {}) == {}
    await kling.alice.ended(f"{IMAGES}/{made['task_id']}")
    call_id = kling.sent("/v1/images")[0]["external_task_id"]
    for path in (f"{IMAGES}/{made['task_id']}", IMAGES, f"/kling/v1/videos/{made['task_id']}"):
        _, body = await kling.alice.get(path)
        assert call_id not in json.dumps(body)


async def test_two_users_may_have_the_same_external_id(kling: Kling) -> None:
    bob = await kling.second()
    first = await kling.alice.make(external_task_id="same")
    second = await bob.make(external_task_id="same")
    assert first["task_id"] != second["task_id"]
    for client, made in ((kling.alice, first), (bob, second)):
        _, body = await client.get(f"{TEXT2VIDEO}/same")
        assert body["data"]["task_id"] == made["task_id"]
        assert body["data"]["task_info"] == {"external_task_id": "same"}


async def test_one_user_may_not_use_it_twice(kling: Kling) -> None:
    await kling.alice.make(external_task_id="once")
    status, body = await kling.alice.post(TEXT2VIDEO, {**PROMPT, "external_task_id": "once"})
    assert (status, body["code"]) == (400, 1201)
    assert "external_task_id" in body["message"]
    assert len(kling.sent(UPSTREAM)) == 1


@pytest.mark.parametrize(
    ("code", "status"),
    [(1102, 429), (1103, 403), (1201, 400), (1301, 400), (1302, 429), (1303, 429), (5001, 503)],
)
async def test_a_refusal_is_told_as_it_is_and_costs_nothing(
    kling: Kling, code: int, status: int
) -> None:
    kling.emulator.mishap("error", method="POST", code=code)
    got, body = await kling.alice.post(TEXT2VIDEO, {**PROMPT, "external_task_id": "again"})
    assert (got, body["code"]) == (status, code)
    assert set(body) == {"code", "message", "request_id"}
    assert await kling.charged() == 0
    assert (await kling.alice.get(f"{TEXT2VIDEO}/again"))[0] == 404
    _, listed = await kling.alice.get(TEXT2VIDEO)
    assert listed["data"] == []


async def test_a_refusal_inside_of_http_200(kling: Kling) -> None:
    kling.emulator.mishap("inside", method="POST", code=1301)
    got, body = await kling.alice.post(TEXT2VIDEO, PROMPT)
    assert (got, body["code"]) == (200, 1301)
    assert await kling.charged() == 0


@pytest.mark.parametrize(("field", "value"), [("duration", "7"), ("mode", "4k")])
async def test_a_length_that_a_model_does_not_have(kling: Kling, field: str, value: str) -> None:
    status, body = await kling.alice.post(TEXT2VIDEO, {**PROMPT, field: value})
    assert (status, body["code"]) == (400, 1201)
    assert body["message"].startswith(f"{field} is invalid")
    assert list(kling.emulator.seen) == []


@pytest.mark.parametrize("model", ["kling-v99", "kling-v3-omni"])
async def test_a_model_without_a_channel_or_a_price_is_refused(kling: Kling, model: str) -> None:
    status, body = await kling.alice.post(TEXT2VIDEO, {**PROMPT, "model_name": model})
    assert (status, body["code"]) == (404, 1203)
    assert model in body["message"]
    assert list(kling.emulator.seen) == []


async def test_who_has_no_credits_is_refused(kling: Kling) -> None:
    poor = await kling.client(await kling.server.user("poor", credits_=PRICE - 1))
    status, body = await poor.post(TEXT2VIDEO, PROMPT)
    assert (status, body["code"]) == (429, 1102)
    assert list(kling.emulator.seen) == []


async def test_a_key_without_the_model_is_refused(kling: Kling) -> None:
    limited = await kling.client(kling.user, models=["kling-v3"])
    status, body = await limited.post(TEXT2VIDEO, PROMPT)
    assert (status, body["code"]) == (403, 1103)
    status, body = await limited.post(TEXT2VIDEO, {**PROMPT, "model_name": "kling-v3"})
    assert (status, body["code"]) == (200, 0)


async def test_a_refused_external_id_is_free_again(kling: Kling) -> None:
    kling.emulator.mishap("error", method="POST", code=1301)
    await kling.alice.post(TEXT2VIDEO, {**PROMPT, "external_task_id": "again"})
    await kling.alice.make(external_task_id="again")
    assert await kling.held() == PRICE


async def test_our_own_credential_s_faults_are_not_the_client_s(bare: Kling) -> None:
    await bare.channel("ak-emulator-first|sk-wrong-0123456789")
    status, body = await bare.alice.post(TEXT2VIDEO, PROMPT)
    assert (status, body["code"]) == (503, 5001)
    assert "ak-emulator" not in json.dumps(body)
    assert await bare.charged() == 0


async def test_a_refusal_that_is_no_json(kling: Kling) -> None:
    kling.emulator.fail("status", method="POST", status=413, json="too large")
    status, body = await kling.alice.post(TEXT2VIDEO, PROMPT)
    assert (status, body["code"]) == (400, 1200)
    assert await kling.charged() == 0


@pytest.mark.parametrize("kind", ["lost_after", "malformed", "error_after", "page"])
async def test_an_answer_that_is_lost_keeps_the_task(kling: Kling, kind: str) -> None:
    kling.emulator.mishap(kind, method="POST", code=5000)
    status, body = await kling.alice.post(TEXT2VIDEO, {**PROMPT, "external_task_id": "lost"})
    assert (status, body["code"]) == (500, 5000)
    assert await kling.held() == PRICE
    # The client asks by its own id; the upstream's is not known yet.
    status, body = await kling.alice.get(f"{TEXT2VIDEO}/lost")
    assert (status, body["data"]["task_id"]) == (200, "")
    assert body["data"]["task_status"] == "submitted"
    assert body["data"]["task_info"] == {"external_task_id": "lost"}
    # Asking again with the same id must not make a second task.
    status, body = await kling.alice.post(TEXT2VIDEO, {**PROMPT, "external_task_id": "lost"})
    assert (status, body["code"]) == (400, 1201)
    made = len(kling.emulator.accounts["first"].tasks)
    assert made == (0 if kind == "page" else 1)
    if made:
        task = await kling.server.gateway.tasks.find("kling", call_id=_call_id(kling))
        assert task is not None
        found = await kling.server.gateway.tasks.poll(task)
        assert (found.state, found.upstream_id) == (
            "submitted",
            *kling.emulator.accounts["first"].tasks,
        )


def _call_id(kling: Kling) -> str:
    found: str = kling.sent(UPSTREAM)[0]["external_task_id"]
    return found


async def test_a_timeout_of_the_upstream(kling: Kling) -> None:
    kling.emulator.mishap("error", method="POST", code=5002)
    status, body = await kling.alice.post(TEXT2VIDEO, PROMPT)
    assert (status, body["code"]) == (504, 5002)
    assert await kling.held() == PRICE


async def test_an_answer_is_never_asked_for_packed(kling: Kling) -> None:
    headers = {"Accept-Encoding": "gzip, br"}
    status, _ = await kling.alice.post(TEXT2VIDEO, PROMPT, headers=headers)
    assert status == 200
    assert kling.emulator.seen[0].header("accept-encoding") is None


async def test_nobody_there_costs_nothing(kling: Kling) -> None:
    await kling.emulator.refuse()
    status, body = await kling.alice.post(TEXT2VIDEO, PROMPT)
    assert (status, body["code"]) == (503, 5001)
    await kling.emulator.resume()
    assert await kling.charged() == 0


async def test_an_odd_word_in_the_answer_does_not_end_a_task(kling: Kling) -> None:
    kling.emulator.mishap("odd", method="POST", word="success")
    made = await kling.alice.make()
    assert await kling.held() == PRICE
    await kling.alice.ended(f"{TEXT2VIDEO}/{made['task_id']}")
    assert await kling.charged() == PRICE


async def test_a_task_that_fails_costs_nothing(kling: Kling) -> None:
    made = await kling.alice.make()
    kling.emulator.finish(made["task_id"], "failed", "no cats here")
    data = await kling.alice.ended(f"{TEXT2VIDEO}/{made['task_id']}")
    assert (data["task_status"], data["task_status_msg"]) == ("failed", "no cats here")
    assert await kling.charged() == 0
