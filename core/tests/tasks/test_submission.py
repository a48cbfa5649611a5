"""What becomes of a submit, by what its upstream does."""

from __future__ import annotations

import asyncio
import json

import pytest
from press import PRICE, PressGateway

from plugway.testing import ManualClock

pytestmark = pytest.mark.anyio


async def test_an_accepted_task_is_held_and_not_charged(press: PressGateway) -> None:
    status, told = await press.submit(external_id="mine")
    assert (status, told["id"]) == (200, "p1")
    assert await press.charged() == (0, PRICE)
    task = await press.task()
    assert (task.state, task.upstream_id, task.external_id) == ("submitted", "p1", "mine")
    assert task.channel_id is not None
    assert task.credential_id is not None
    # The press knows it by our own name, from the first byte on.
    assert press.press.jobs["p1"]["name"] == task.call_id
    # The row of its usage comes with its end.
    assert await press.server.usage() == []


async def test_a_refused_task_costs_nothing_and_frees_its_name(press: PressGateway) -> None:
    press.press.fail("status", status=400, json={"error": "no ink"})
    status, told = await press.submit(external_id="mine")
    assert (status, told) == (400, {"error": "no ink"})
    assert await press.charged() == (0, 0)
    task = await press.task()
    assert (task.state, task.reason) == ("failed", "the press answered 400")
    (row,) = await press.server.usage()
    assert (row.credits, row.error, row.images) == (0, "task_refused", 0)
    status, _ = await press.submit(external_id="mine")
    assert status == 200


async def test_a_name_is_used_once_by_each_user(press: PressGateway) -> None:
    assert (await press.submit(external_id="mine"))[0] == 200
    status, told = await press.submit(external_id="mine")
    assert (status, told["error"]["field"]) == (409, "external_id")
    assert len(press.press.jobs) == 1
    assert await press.charged() == (0, PRICE)


async def test_what_cannot_be_paid_is_not_sent(press: PressGateway) -> None:
    for _ in range(10):
        assert (await press.submit())[0] == 200
    status, told = await press.submit()
    assert (status, told["error"]["code"]) == (402, "insufficient_credits")
    assert len(press.press.jobs) == 10
    assert await press.charged() == (0, 10 * PRICE)


async def test_what_has_no_price_is_not_sent(press: PressGateway) -> None:
    status, told = await press.submit(key="nothing")
    assert (status, told["error"]["code"]) == (400, "no_price")
    assert not press.press.jobs


async def test_a_free_task_is_a_task(press: PressGateway, clock: ManualClock) -> None:
    assert (await press.submit(key="proof"))[0] == 200
    press.press.set("done")
    clock.advance(11)
    await press.poll()
    assert (await press.task()).state == "succeed"
    assert await press.charged() == (0, 0)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/hear",
        "http://[::1]/hear",
        "http://169.254.169.254/latest",
        "http://10.1.2.3/hear",
        "ftp://example.com/hear",
        "http://example.com:22/hear",
        "http://me:you@example.com/",
        "no url",
    ],
)
async def test_a_callback_url_that_leads_inside_is_refused(press: PressGateway, url: str) -> None:
    status, told = await press.submit(callback_url=url)
    assert (status, told["error"]["code"]) == (400, "address_refused")
    assert not press.press.jobs
    assert await press.charged() == (0, 0)


async def test_an_upstream_that_is_not_there_costs_nothing(press: PressGateway) -> None:
    await press.press.refuse()
    status, _ = await press.submit(external_id="mine")
    assert status == 502
    task = await press.task()
    assert (task.state, task.reason) == ("failed", "upstream_unreachable")
    assert await press.charged() == (0, 0)


async def test_a_lost_answer_is_found_again(press: PressGateway, clock: ManualClock) -> None:
    press.press.lose = 1
    status, told = await press.submit(external_id="mine")
    assert (status, told["error"]["code"]) == (502, "upstream_interrupted")
    task = await press.task()
    assert (task.state, task.upstream_id) == ("unknown", None)
    assert await press.charged() == (0, PRICE)
    clock.advance(6)
    await press.poll()
    task = await press.task()
    assert (task.state, task.upstream_id) == ("submitted", "p1")
    press.press.set("done")
    clock.advance(11)
    await press.poll()
    assert (await press.task()).state == "succeed"
    assert await press.charged() == (PRICE, 0)


async def test_an_answer_that_nobody_understands_keeps_the_hold(
    press: PressGateway, clock: ManualClock
) -> None:
    press.press.fail("status", status=500, json={})
    status, _ = await press.submit(external_id="mine")
    assert status == 502
    assert (await press.task()).state == "unknown"
    assert await press.charged() == (0, PRICE)
    # The press knows nothing of it, now and a minute later: it is certain then.
    clock.advance(6)
    await press.poll()
    assert (await press.task()).state == "unknown"
    assert await press.charged() == (0, PRICE)
    clock.advance(61)
    await press.poll()
    task = await press.task()
    assert (task.state, task.reason) == ("failed", "the upstream does not know this task")
    assert await press.charged() == (0, 0)
    # It was never made, so its name is free.
    assert (await press.submit(external_id="mine"))[0] == 200


async def test_a_submit_is_refused_at_one_channel_and_taken_at_another(
    press: PressGateway,
) -> None:
    other = type(press.press)()
    await press.server.emulated(other, name="better", priority=9)
    other.fail("status", status=429, json={})
    status, _ = await press.submit()
    assert status == 200
    task = await press.task()
    main = next(one for one in press.gateway.channels.all() if one.name == "main")
    assert task.channel_id == main.id
    assert (len(other.seen), len(press.press.jobs)) == (1, 1)
    await other.stop()


async def test_a_client_that_leaves_gets_its_task_all_the_same(press: PressGateway) -> None:
    press.press.fail("delay", seconds=30)
    leaving = asyncio.create_task(press.submit(external_id="mine"))
    await press.press.until(1)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    press.press.release()
    async with asyncio.timeout(10):
        while (await press.task()).state != "submitted":
            await asyncio.sleep(0.01)
    assert await press.charged() == (0, PRICE)
    assert (await press.ask("mine"))[0] == 200


async def test_long_texts_of_a_request_are_not_kept(press: PressGateway) -> None:
    await press.submit(prompt="a cat", image="A" * 100_000)
    kept = json.loads((await press.task()).request)
    assert kept["prompt"] == "a cat"
    assert kept["image"] == f"{'A' * 64}… (100000 characters)"


async def test_answers_tell_the_overhead(press: PressGateway) -> None:
    async with press.client.post("/press/jobs", json={}) as response:
        assert float(response.headers["x-plugway-overhead-ms"]) >= 0
