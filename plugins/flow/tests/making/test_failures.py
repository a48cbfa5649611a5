"""What goes wrong, what clients hear of it, and what becomes of the accounts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from flow_desk import Desk

from plugway import TaskGone, UpstreamError
from plugway_flow.emulated.accounts import account

pytestmark = pytest.mark.anyio

IMAGE = "gemini-3.0-pro-image"
VIDEO = "veo_3_1_t2v_fast"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Run a gateway with two accounts, which are used one after the other."""
    ultra = "PAYGATE_TIER_TWO"
    accounts = account("first", tier=ultra), account("second", tier=ultra)
    async with Desk(tmp_path / "home", *accounts) as desk:
        await desk.channel()
        yield desk


@pytest.mark.parametrize(("model", "call"), [(IMAGE, "image"), (VIDEO, "submit")])
async def test_row_22_traffic_rests_an_account_and_another_one_goes_on(
    desk: Desk, model: str, call: Any
) -> None:
    desk.emulator.accounts["first"].state = "busy"
    for _ in range(3):
        await desk.make(model)
    assert [use.status for use in desk.emulator.truth.of(call, "first")] == [429]
    assert await desk.states() == {"first": "ready", "second": "ready"}
    desk.emulator.accounts["second"].state = "busy"
    status, code, _ = await desk.refused(model)
    assert (status, code) == (429, "quota_exhausted")


async def test_row_20_a_challenge_is_named_and_the_account_comes_back(desk: Desk) -> None:
    desk.emulator.accounts["first"].state = "challenged"
    await desk.make(IMAGE)
    assert await desk.states() == {"first": "restricted", "second": "ready"}
    desk.emulator.behaviour.challenge = True
    status, code, message = await desk.refused(IMAGE)
    assert (status, code) == (503, "no_available_channel")
    assert "challenge token" in message
    assert "reCAPTCHA" in message
    now = desk.gateway.clock.now()
    # Row 26: they rest for minutes, and are tried again by themselves.
    waits = [((row.cooling_until or 0) - now) / 1_000_000 for row in await desk.rows()]
    assert all(0 < wait <= 300 for wait in waits)
    assert await desk.charged() == desk.price(IMAGE, "image")


async def test_row_21_an_account_that_has_moved_is_named(desk: Desk) -> None:
    for name in ("first", "second"):
        desk.emulator.accounts[name].state = "migrated"
    status, code, message = await desk.refused(IMAGE)
    assert (status, code) == (503, "no_available_channel")
    assert "flow.google.com" in message


async def test_an_access_token_that_was_taken_back_is_made_anew(desk: Desk) -> None:
    task = await desk.make(VIDEO)
    for one in desk.emulator.accounts:
        one.revoke(sessions=False, tokens=True)
    await desk.make(VIDEO)
    desk.emulator.finish(task.upstream_id or "")
    assert (await desk.poll(task)).state == "succeed"
    assert set((await desk.states()).values()) == {"ready"}


async def test_a_safety_block_is_told_charged_to_nobody_and_asked_once(desk: Desk) -> None:
    desk.emulator.behaviour.fates = {"gun": "ERROR_SAFETY", "face": "ERROR_PERSON"}
    status, code, message = await desk.refused(IMAGE, prompt="a gun")
    assert (status, code) == (400, "safety_blocked")
    assert "PUBLIC_ERROR_UNSAFE_GENERATION" in message
    assert len(desk.emulator.truth.of("image")) == 1
    task = await desk.make(VIDEO, prompt="a face")
    task = await desk.poll(task, times=3)
    assert task.state == "failed"
    assert (task.reason or "").startswith("safety_blocked: the upstream's rules do not allow")
    assert await desk.charged() == await desk.held() == 0
    assert set((await desk.states()).values()) == {"ready"}


async def test_row_17_a_model_that_is_gone_is_told_in_the_upstreams_words(desk: Desk) -> None:
    desk.emulator.mishap(
        "refused", call="image", code=400, message="No such model.", reason="MODEL_GONE"
    )
    status, code, message = await desk.refused(IMAGE)
    assert (status, code) == (400, "bad_request")
    assert "No such model. (INVALID_ARGUMENT, MODEL_GONE)" in message
    assert len(desk.emulator.truth.of("image")) == 1
    assert set((await desk.states()).values()) == {"ready"}


@pytest.mark.parametrize("kind", ["lost_after", "truncated", "shapeless"])
async def test_row_14_what_may_be_under_way_is_not_asked_for_again(desk: Desk, kind: str) -> None:
    desk.emulator.mishap(kind, call="submit")
    status, told = await desk.ask(VIDEO)
    assert status in (502, 504), told
    assert len(desk.emulator.truth.of("submit")) == 1
    (task,) = await desk.tasks()
    assert task.state == "unknown"
    assert "lost" in (task.reason or "")
    # The upstream knows no name of ours: twice not found, it has failed.
    with pytest.raises(TaskGone, match="no name of ours"):
        await desk.poll(task)
    assert await desk.charged() == 0


async def test_before_the_submit_everything_is_tried_elsewhere(desk: Desk) -> None:
    desk.emulator.mishap("lost", call="create_project")
    task = await desk.make(VIDEO)
    assert task.state == "submitted"
    assert len(desk.emulator.truth.of("submit")) == 1
    desk.emulator.mishap("refused", call="submit", code=500)
    await desk.make(VIDEO)
    assert await desk.states() == {"first": "ready", "second": "ready"}


async def test_a_project_that_is_gone_is_made_anew(tmp_path: Path) -> None:
    async with Desk(tmp_path / "home") as desk:
        await desk.channel()
        await desk.make(IMAGE)
        desk.emulator.accounts["first"].projects.clear()
        await desk.make(IMAGE)
        await desk.make(IMAGE)
        assert len(desk.emulator.truth.of("create_project")) == 2


async def test_polls_that_tell_nothing_leave_the_task_as_it_is(desk: Desk) -> None:
    task = await desk.make(VIDEO)
    for kind, more in (
        ("refused", {"code": 429}),
        ("refused", {"code": 500}),
        ("html", {}),
        ("shapeless", {}),
        ("truncated", {}),
        ("lost", {}),
    ):
        desk.emulator.mishap(kind, call="poll", **more)
        with pytest.raises(UpstreamError):
            await desk.poll(task)
    # A page of something in the way does not say that there is no such task.
    desk.emulator.fail("status", path="/v1/video:batchCheck", status=404)
    with pytest.raises(UpstreamError) as raised:
        await desk.poll(task)
    assert not isinstance(raised.value, TaskGone)
    assert (await desk.task(task.call_id)).state == "submitted"
    assert set((await desk.states()).values()) == {"ready"}
    assert (await desk.poll(task, times=3)).state == "succeed"


async def test_row_16_a_client_that_leaves_does_not_lose_its_video(desk: Desk) -> None:
    desk.emulator.mishap("slow", call="submit", seconds=0)
    asking = asyncio.create_task(desk.ask(VIDEO))
    async with asyncio.timeout(10):
        while not desk.emulator.truth.of("submit"):
            await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    desk.emulator.release()
    async with asyncio.timeout(10):
        while (task := (await desk.tasks())[0]).state != "submitted":
            await asyncio.sleep(0.01)
    assert (await desk.poll(task, times=3)).state == "succeed"


async def test_an_account_that_has_not_paid_is_left_alone(tmp_path: Path) -> None:
    ultra = account("second", tier="PAYGATE_TIER_TWO")
    async with Desk(tmp_path / "home", account("first", tier="PAYGATE_TIER_ONE"), ultra) as desk:
        await desk.channel()
        for _ in range(3):
            await desk.make(IMAGE, resolution="4k")
        assert desk.emulator.truth.of("image", "first") == []
        assert await desk.states() == {"first": "ready", "second": "ready"}
        # What the upstream says of tiers takes nobody out of use either.
        desk.emulator.mishap("refused", call="image", code=403, message="No such tier.", times=2)
        status, code, message = await desk.refused(IMAGE)
        assert (status, code) == (403, "tier_too_low")
        assert "No such tier." in message
        assert await desk.states() == {"first": "ready", "second": "ready"}


async def test_no_secret_is_told_or_kept(desk: Desk) -> None:
    secret = desk.emulator.accounts["first"].secret
    leak = f"Token ya29.abc-DEF_123 of first@flow.example with {secret} is bad."
    desk.emulator.mishap("refused", call="image", code=400, message=leak)
    _, _, message = await desk.refused(IMAGE)
    for words in ("ya29.abc", "first@flow", secret):
        assert words not in message
    assert "is bad" in message
