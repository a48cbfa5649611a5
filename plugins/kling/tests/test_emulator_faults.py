"""What goes wrong with the emulated service when it is told to."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kling_emulated import LEAST, Inbox, Visitor

from plugway_kling.emulated.ids import draw
from plugway_kling.emulated.mishaps import Chaos, Mishap
from plugway_kling.emulated.refusals import STATUS
from plugway_kling.emulator import KlingEmulator

pytestmark = pytest.mark.anyio

PATH = "/v1/videos/text2video"


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    """Run an emulator."""
    async with Visitor() as visitor:
        yield visitor


def attempts(visitor: Visitor) -> list[tuple[str, int | None, bool]]:
    """Return what became of the attempts: answer, code, whether there is a task."""
    return [
        (each.answer, each.code, each.task_id is not None)
        for each in visitor.emulator.truth.attempts
    ]


@pytest.mark.parametrize(("kind", "made"), [("lost_before", False), ("lost_after", True)])
async def test_an_answer_is_lost(visitor: Visitor, kind: str, made: bool) -> None:
    visitor.emulator.mishap(kind, path=PATH)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await visitor.post(PATH, {**LEAST[PATH], "external_task_id": "mine"})
    assert attempts(visitor) == [(kind, None, made)]
    assert visitor.emulator.truth.creates() == {"demo": {"mine": 1} if made else {}}
    status, _ = await visitor.ask("GET", f"{PATH}/mine")
    assert status == (200 if made else 404)


@pytest.mark.parametrize("code", sorted(set(STATUS) - {0}))
async def test_any_code_with_its_status(visitor: Visitor, code: int) -> None:
    visitor.emulator.mishap("error", code=code)
    assert (await visitor.refused(PATH, LEAST[PATH]))[:2] == (STATUS[code], code)
    assert attempts(visitor) == [("error", code, False)]
    assert await visitor.get(PATH) == []


async def test_an_error_after_all_was_done(visitor: Visitor) -> None:
    visitor.emulator.mishap("error_after", code=5002)
    assert (await visitor.refused(PATH, LEAST[PATH]))[:2] == (504, 5002)
    assert attempts(visitor) == [("error_after", None, True)]
    assert len(await visitor.get(PATH)) == 1


async def test_an_error_inside_http_200(visitor: Visitor) -> None:
    visitor.emulator.mishap("inside", code=1303)
    assert (await visitor.refused(PATH, LEAST[PATH]))[:2] == (200, 1303)
    assert await visitor.get(PATH) == []


async def test_answers_that_are_no_json(visitor: Visitor) -> None:
    visitor.emulator.mishap("malformed")
    visitor.emulator.mishap("page")
    status, body, _ = await visitor.raw("POST", PATH, json=LEAST[PATH])
    assert status == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(body)
    assert len(visitor.emulator.truth.tasks()) == 1
    status, body, _ = await visitor.raw("POST", PATH, json=LEAST[PATH])
    assert (status, body[:6]) == (502, b"<html>")
    assert len(visitor.emulator.truth.tasks()) == 1


async def test_a_slow_answer_and_a_client_that_leaves(visitor: Visitor) -> None:
    visitor.emulator.mishap("slow", times=2)
    asked = asyncio.create_task(visitor.post(PATH, LEAST[PATH]))
    await visitor.emulator.until(1)
    assert not asked.done()
    visitor.emulator.release()
    assert (await asked)["task_status"] == "submitted"
    left = asyncio.create_task(visitor.post(PATH, LEAST[PATH]))
    await visitor.emulator.until(2)
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)
    async with asyncio.timeout(10):
        while visitor.emulator.truth.attempts[1].answer != "left":
            await asyncio.sleep(0.01)
    assert [task["answer"] for task in visitor.emulator.truth.tasks()] == ["slow", "left"]


async def test_queries_go_wrong_too(visitor: Visitor) -> None:
    made = await visitor.post(PATH, LEAST[PATH])
    path = f"{PATH}/{made['task_id']}"
    visitor.emulator.mishap("hidden", method="GET", times=2)
    visitor.emulator.mishap("odd", word="queued")
    visitor.emulator.mishap("strings")
    assert [(await visitor.ask("GET", path))[0] for _ in range(2)] == [404, 404]
    assert (await visitor.get(path))["task_status"] == "queued"
    task = await visitor.get(path)
    assert (task["task_status"], task["created_at"].isdecimal()) == ("processing", True)
    assert isinstance((await visitor.get(path))["created_at"], int)


async def test_a_mishap_that_does_not_fit_waits(visitor: Visitor) -> None:
    visitor.emulator.mishap("error", path="/v1/images", method="POST")
    await visitor.post(PATH, LEAST[PATH])
    images = "/v1/images/generations"
    assert (await visitor.refused(images, LEAST[images]))[1] == 5000
    with pytest.raises(msgspec.ValidationError):
        visitor.emulator.mishap("nothing")
    with pytest.raises(msgspec.ValidationError):
        visitor.emulator.mishap("error", code=42)


async def run(order: list[int], seed: int) -> dict[str, Any]:
    """Make twenty tasks in an order, at once, and return what became of each."""
    emulator = KlingEmulator()
    shares = {"lost_before": 0.1, "lost_after": 0.1, "error": 0.1, "malformed": 0.1, "slow": 0.1}
    emulator.chaos(seed, creates=shares, queries={"error": 0.3}, fail=0.5, slow_seconds=0.001)
    async with Visitor(emulator) as visitor:

        async def one(number: int) -> tuple[str, str]:
            body = {"prompt": f"cat {number}", "external_task_id": str(id(emulator) + number)}
            try:
                status, answer, _ = await visitor.raw("POST", PATH, json=body)
            except aiohttp.ServerDisconnectedError:
                return body["prompt"], "lost"
            return body["prompt"], f"{status} {answer[:9]!r}"

        answers = dict(await asyncio.gather(*(one(number) for number in order)))
        for task in emulator.truth.tasks():
            codes = [
                (await visitor.ask("GET", f"{PATH}/{task['id']}"))[1]["code"] for _ in range(8)
            ]
            answers[task["prompt"]] += f" {emulator.task(task['id']).state} {codes}"
    return answers


async def test_chaos_is_the_same_with_the_same_seed_in_whatever_order() -> None:
    numbers = list(range(20))
    first = await run(numbers, seed=4)
    assert await run(numbers[::-1], seed=4) == first
    assert await run(numbers, seed=5) != first
    assert len(set(first.values())) > 5


async def test_the_same_request_again_fares_otherwise(visitor: Visitor) -> None:
    visitor.emulator.chaos(1, creates={"error": 0.5})
    codes = Counter([(await visitor.ask("POST", PATH, LEAST[PATH]))[1]["code"] for _ in range(60)])
    assert 10 < codes[0] < 50


async def test_callbacks_follow_the_seed() -> None:
    mishaps = []
    for _ in range(2):
        emulator = KlingEmulator()
        inbox = Inbox()
        url = await inbox.start()
        emulator.chaos(3, callbacks={"lost": 0.3, "repeated": 0.3, "delayed": 0.2, "forged": 0.2})
        async with Visitor(emulator) as visitor:
            for number in range(10):
                body = {"prompt": f"cat {number}", "callback_url": f"{url}/{id(emulator)}"}
                await visitor.post(PATH, body)
            sent = [*await emulator.deliver(), *await emulator.deliver()]
        await inbox.stop()
        mishaps.append([(each.state, each.mishap) for each in sent])
    assert mishaps[0] == mishaps[1]
    assert {mishap for _, mishap in mishaps[0]} == {"lost", "repeated", "delayed", "forged"}


@given(st.integers(), st.text(), st.integers())
def test_a_draw_is_a_share(seed: int, text: str, number: int) -> None:
    assert 0 <= draw(seed, text, number) < 1
    assert draw(seed, text, number) == draw(seed, text, number)


@given(st.integers(), st.text())
def test_shares_of_one_are_always_and_of_nothing_never(seed: int, key: str) -> None:
    always = Chaos(seed=seed, creates={"error": 0.5, "slow": 0.5}, fail=1.0)
    mishap = always.request("POST", key)
    assert isinstance(mishap, Mishap)
    assert mishap.code in always.codes
    assert always.fails(key)
    assert always.request("GET", key) is None
    assert not Chaos(seed=seed).fails(key)


def test_shares_of_more_than_one_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="more than 1"):
        msgspec.convert({"creates": {"error": 0.6, "slow": 0.6}}, Chaos)
