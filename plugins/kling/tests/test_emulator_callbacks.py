"""Callbacks of the emulated service."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from typing import Any

import pytest
from kling_emulated import LEAST, Inbox, Visitor

from plugway.testing import Seen
from plugway_kling.emulated.callbacks import sign
from plugway_kling.emulator import KlingEmulator

pytestmark = pytest.mark.anyio

PATH = "/v1/videos/text2video"
NEWER = "/text-to-video/kling-3.0-turbo"
SECRETS = (
    "whsec_" + base64.b64encode(b"first").decode(),
    "whsec_" + base64.b64encode(b"2").decode(),
)


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    """Run a receiver."""
    inbox = Inbox()
    await inbox.start()
    yield inbox
    await inbox.stop()


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    """Run an emulator."""
    async with Visitor() as visitor:
        yield visitor


async def make(visitor: Visitor, inbox: Inbox, **more: Any) -> str:
    """Make a task with a callback."""
    body = {**LEAST[PATH], "callback_url": f"{inbox.url}/cb", **more}
    made: str = (await visitor.post(PATH, body))["task_id"]
    return made


def signed(seen: Seen, secret: str) -> bool:
    """Verify a callback as Standard Webhooks says, without any code of ours."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    message = f"{seen.header('webhook-id')}.{seen.header('webhook-timestamp')}.".encode()
    digest = hmac.new(key, message + (seen.body or b""), hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(digest).decode()
    return expected in (seen.header("webhook-signature") or "").split(" ")


def test_the_official_vector() -> None:
    body = (
        b'{"id":"1234567890","status":"succeeded","message":"",'
        b'"create_time":1781080778802,"update_time":1781080794151}'
    )
    secret = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
    found = sign(secret, "9876543210", 1781080794, body)
    assert found == "v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4="


async def test_every_change_is_told(visitor: Visitor, inbox: Inbox) -> None:
    id_ = await make(visitor, inbox, external_task_id="mine")
    visitor.emulator.advance()
    visitor.emulator.advance()
    assert inbox.bodies() == []
    sent = await visitor.emulator.deliver()
    assert [each.statuses for each in sent] == [[200], [200], [200]]
    told = inbox.bodies()
    assert [body["task_status"] for body in told] == ["submitted", "processing", "succeed"]
    assert {body["task_id"] for body in told} == {id_}
    assert {body["task_info"]["external_task_id"] for body in told} == {"mine"}
    assert told[2]["task_result"] == (await visitor.get(f"{PATH}/{id_}"))["task_result"]
    assert "final_unit_deduction" in told[2]
    seen = inbox.seen[0]
    assert seen.header("content-type") == "application/json; charset=utf-8"
    assert seen.header("webhook-signature") is None
    assert await visitor.emulator.deliver() == []


async def test_the_new_generation_has_its_own_shape(visitor: Visitor, inbox: Inbox) -> None:
    options = {"callback_url": inbox.url, "external_task_id": "mine"}
    body = {"prompt": "a cat", "options": options}
    made = await visitor.post(NEWER, body, plain=True)
    visitor.emulator.finish(made["id"])
    await visitor.emulator.deliver()
    told = inbox.bodies()[1]
    assert (told["id"], told["status"], told["external_id"]) == (made["id"], "succeeded", "mine")
    assert told["outputs"][0]["type"] == "video"


async def test_they_are_signed_with_every_secret(visitor: Visitor, inbox: Inbox) -> None:
    visitor.emulator.accounts["demo"].webhook_secrets = SECRETS
    await make(visitor, inbox)
    await visitor.emulator.deliver()
    (seen,) = inbox.seen
    assert [signed(seen, secret) for secret in SECRETS] == [True, True]
    assert not signed(seen, "whsec_" + base64.b64encode(b"third").decode())
    visitor.emulator.behaviour.sign_legacy = False
    await make(visitor, inbox)
    await visitor.emulator.deliver()
    assert inbox.seen[-1].header("webhook-id") is None


async def test_they_are_repeated_with_the_same_id(visitor: Visitor, inbox: Inbox) -> None:
    visitor.emulator.accounts["demo"].webhook_secrets = SECRETS
    visitor.emulator.behaviour.repeat = 3
    await make(visitor, inbox)
    await visitor.emulator.deliver()
    assert len(inbox.seen) == 3
    assert len({seen.header("webhook-id") for seen in inbox.seen}) == 1


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("first", ["submitted", "processing", "succeed"]),
        ("last", ["succeed", "processing", "submitted"]),
    ],
)
async def test_they_come_in_an_order(
    visitor: Visitor, inbox: Inbox, order: Any, expected: list[str]
) -> None:
    visitor.emulator.behaviour.order = order
    await make(visitor, inbox)
    visitor.emulator.advance()
    visitor.emulator.advance()
    await visitor.emulator.deliver()
    assert [body["task_status"] for body in inbox.bodies()] == expected


async def test_they_are_lost_repeated_and_delayed(visitor: Visitor, inbox: Inbox) -> None:
    emulator = visitor.emulator
    emulator.callbacks.mishaps.extend(["delayed", "lost", "repeated"])
    await make(visitor, inbox)
    emulator.advance()
    emulator.advance()
    sent = await emulator.deliver()
    assert [(each.state, each.statuses) for each in sent] == [
        ("processing", []),
        ("succeed", [200, 200]),
    ]
    await emulator.deliver()
    told = [body["task_status"] for body in inbox.bodies()]
    assert told == ["succeed", "succeed", "submitted"]


async def test_they_are_forged(visitor: Visitor, inbox: Inbox) -> None:
    visitor.emulator.accounts["demo"].webhook_secrets = SECRETS
    visitor.emulator.hold()
    id_ = await make(visitor, inbox)
    visitor.emulator.forge(id_, "succeed", final_unit_deduction="0")
    await visitor.emulator.deliver()
    true, forged = inbox.seen
    assert signed(true, SECRETS[0])
    assert forged.json()["task_status"] == "succeed"
    assert forged.header("webhook-signature")
    assert not any(signed(forged, secret) for secret in SECRETS)
    assert visitor.emulator.task(id_).state == "submitted"
    visitor.emulator.callbacks.mishaps.append("forged")
    visitor.emulator.finish(id_, "failed")
    await visitor.emulator.deliver()
    told = [body["task_status"] for body in inbox.bodies()[2:]]
    assert told == ["succeed", "failed"]


async def test_numbers_come_as_strings(visitor: Visitor, inbox: Inbox) -> None:
    visitor.emulator.behaviour.numbers_as_strings = True
    await make(visitor, inbox)
    await visitor.emulator.deliver()
    assert inbox.bodies()[0]["created_at"].isdecimal()


async def test_nobody_but_this_machine_is_called(visitor: Visitor) -> None:
    for url in ("http://192.0.2.1/cb", "http://example.invalid/cb", "http://[bad/cb"):
        await visitor.post(PATH, {**LEAST[PATH], "callback_url": url})
    sent = await visitor.emulator.deliver()
    assert [each.statuses for each in sent] == [[None]] * 3


async def test_a_receiver_that_is_not_there_is_not_called_again(
    visitor: Visitor, inbox: Inbox
) -> None:
    await make(visitor, inbox)
    await inbox.refuse()
    (sent,) = await visitor.emulator.deliver()
    assert sent.statuses == [None]
    assert await visitor.emulator.deliver() == []


async def test_they_are_sent_by_themselves(inbox: Inbox) -> None:
    emulator = KlingEmulator(automatic=True, callback_delay=0.01)
    emulator.callbacks.mishaps.append("delayed")
    async with Visitor(emulator) as visitor:
        id_ = await make(visitor, inbox)
        assert (await inbox.until(1)).json()["task_status"] == "submitted"
        emulator.finish(id_)
        assert (await inbox.until(2)).json()["task_status"] == "succeed"


async def test_time_moves_tasks_and_sends_their_callbacks(inbox: Inbox) -> None:
    async with Visitor(KlingEmulator(automatic=True, seconds=0.1)) as visitor:
        await make(visitor, inbox)
        await inbox.until(3)
    told = [body["task_status"] for body in inbox.bodies()]
    assert told == ["submitted", "processing", "succeed"]
