"""What a poll's answer does to a task and to its credits."""

from __future__ import annotations

import asyncio

import pytest
from press import CREDITS, PRICE, PressGateway

from plugway import Conflict
from plugway.channels import store as channels
from plugway.credentials import store as credentials
from plugway.storage.models import ChannelRow, Price
from plugway.testing import ManualClock

pytestmark = pytest.mark.anyio


async def test_success_is_charged_once(press: PressGateway, clock: ManualClock) -> None:
    await press.submit(external_id="mine")
    press.press.set("printing", progress=40)
    clock.advance(11)
    await press.poll()
    task = await press.task()
    assert (task.state, task.progress, task.polls) == ("processing", 40, 1)
    assert await press.charged() == (0, PRICE)
    press.press.set("done")
    clock.advance(11)
    await press.poll()
    task = await press.task()
    assert (task.state, task.next_poll_at, task.deadline) == ("succeed", None, None)
    assert await press.charged() == (PRICE, 0)
    (row,) = await press.server.usage()
    assert (row.credits, row.images, row.status, row.error) == (PRICE, 1, 200, None)
    (event,) = press.plugin.finished
    assert (event.state, event.credits, event.upstream_id) == ("succeed", PRICE, "p1")
    # It has ended: nobody asks for it again.
    seen = len(press.press.seen)
    clock.advance(10_000)
    await press.poll()
    assert len(press.press.seen) == seen


async def test_failure_costs_nothing_and_its_reason_is_kept(
    press: PressGateway, clock: ManualClock
) -> None:
    await press.submit(external_id="mine")
    press.press.set("torn", reason="the paper tore")
    clock.advance(11)
    await press.poll()
    assert await press.charged() == (0, 0)
    status, told = await press.ask("mine")
    assert (status, told) == (200, {"state": "failed", "reason": "the paper tore"})
    (row,) = await press.server.usage()
    assert (row.credits, row.images, row.error) == (0, 0, "task_failed")


async def test_what_it_did_use_is_charged_instead(press: PressGateway, clock: ManualClock) -> None:
    await press.submit()
    press.press.set("done", pages=3)
    clock.advance(11)
    await press.poll()
    assert await press.charged() == (21, 0)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"kind": "status", "status": 500, "json": {}}, "the upstream answered 500"),
        ({"kind": "status", "status": 429, "json": {}}, "the upstream answered 429"),
        ({"kind": "status", "status": 401, "json": {}}, "the upstream answered 401"),
        ({"kind": "status", "status": 200, "json": {"id": "p1", "status": "folding"}}, "folding"),
        ({"kind": "status", "status": 200, "json": []}, "the poller failed: TypeError"),
        ({"kind": "drop"}, "gave no answer"),
    ],
)
async def test_a_poll_that_tells_nothing_changes_nothing(
    press: PressGateway, clock: ManualClock, fault: dict[str, object], reason: str
) -> None:
    await press.submit()
    press.press.fail(**fault)  # type: ignore[arg-type]  # a fault's fields
    clock.advance(11)
    await press.poll()
    task = await press.task()
    assert (task.state, task.failures) == ("submitted", 1)
    assert reason in (task.reason or "")
    assert await press.charged() == (0, PRICE)
    # Two seconds later, not ten, it is asked again; then the count begins anew.
    clock.advance(2)
    await press.poll()
    task = await press.task()
    assert (task.failures, task.polls, task.reason or None) == (0, 2, None)


async def test_an_upstream_that_asks_for_patience_gets_it(
    press: PressGateway, clock: ManualClock
) -> None:
    await press.submit()
    press.press.fail("status", status=429, json={}, headers={"Retry-After": "30"})
    clock.advance(11)
    await press.poll()
    seen = len(press.press.seen)
    clock.advance(29)
    await press.poll()
    assert len(press.press.seen) == seen
    clock.advance(2)
    await press.poll()
    assert len(press.press.seen) == seen + 1


async def test_a_task_that_the_upstream_forgets_fails_at_the_second_look(
    press: PressGateway, clock: ManualClock
) -> None:
    await press.submit()
    press.press.forget = True
    clock.advance(11)
    await press.poll()
    assert (await press.task()).state == "submitted"
    clock.advance(61)
    await press.poll()
    assert (await press.task()).state == "failed"
    assert await press.charged() == (0, 0)


async def test_a_task_past_its_deadline_expires(press: PressGateway, clock: ManualClock) -> None:
    await press.submit()
    clock.advance(86_401)
    await press.poll()
    task = await press.task()
    assert (task.state, task.reason) == ("expired", "it has taken too long")
    assert await press.charged() == (0, 0)
    (event,) = press.plugin.finished
    assert event.state == "expired"


async def test_what_ended_while_nobody_asked_is_not_expired(
    press: PressGateway, clock: ManualClock
) -> None:
    await press.submit()
    press.press.set("done")
    # As after a long outage: the deadline is over, and the upstream has long finished.
    clock.advance(90_000)
    await press.poll()
    assert (await press.task()).state == "succeed"
    assert await press.charged() == (PRICE, 0)


async def test_a_404_of_somebody_else_ends_no_task(
    press: PressGateway, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(press.plugin.poller, "gone", lambda body: b"no such job" in body)
    await press.submit()
    press.press.forget = True
    for _ in range(10):
        clock.advance(61)
        await press.poll()
    task = await press.task()
    assert (task.state, task.reason) == ("submitted", "the upstream answered 404")
    press.press.forget = False
    press.press.set("done")
    clock.advance(61)
    await press.poll()
    assert await press.charged() == (PRICE, 0)


async def test_an_old_task_is_asked_for_more_rarely(
    press: PressGateway, clock: ManualClock
) -> None:
    await press.submit()
    for _ in range(200):
        clock.advance(11)
        await press.poll()
    # 2 200 seconds: every 10 at first, then every 2 % of its age, at last every 40.
    polls = (await press.task()).polls
    assert 60 < polls < 150


async def test_a_query_asks_the_upstream_but_not_at_every_look(
    press: PressGateway, clock: ManualClock
) -> None:
    await press.submit(external_id="mine")
    press.press.set("printing")
    clock.advance(3)
    seen = len(press.press.seen)
    answers = await asyncio.gather(*(press.ask("mine") for _ in range(8)))
    assert {told["state"] for _, told in answers} == {"processing"}
    assert len(press.press.seen) == seen + 1
    await press.ask("p1")
    assert len(press.press.seen) == seen + 1
    press.press.set("done")
    clock.advance(3)
    assert (await press.ask("mine"))[1]["state"] == "succeed"
    assert await press.charged() == (PRICE, 0)
    # Ended, it is answered from the database.
    seen = len(press.press.seen)
    clock.advance(3)
    assert (await press.ask("mine"))[1]["state"] == "succeed"
    assert len(press.press.seen) == seen


async def test_a_query_that_cannot_ask_tells_what_was_known(
    press: PressGateway, clock: ManualClock
) -> None:
    await press.submit(external_id="mine")
    await press.press.refuse()
    clock.advance(3)
    assert await press.ask("mine") == (200, {"state": "submitted", "reason": None})
    assert (await press.task()).failures == 0


async def test_only_its_owner_sees_a_task(press: PressGateway) -> None:
    await press.submit(external_id="mine")
    other = await press.server.key(await press.server.user("bob"))
    headers = {"authorization": f"Bearer {other}"}
    for name in ("mine", "p1", (await press.task()).call_id):
        async with press.client.get(f"/press/jobs/{name}", headers=headers) as response:
            assert response.status == 404


async def test_racing_ends_settle_once(press: PressGateway, clock: ManualClock) -> None:
    for number in range(8):
        await press.submit(external_id=f"n{number}")
    press.press.set("done")
    clock.advance(11)
    await asyncio.gather(
        press.poll(), *(press.ask(f"n{number}") for number in range(8) for _ in range(3))
    )
    assert await press.charged() == (8 * PRICE, 0)
    assert len(press.plugin.finished) == 8
    assert len(await press.server.usage()) == 8


async def test_tasks_of_a_channel_that_is_gone_expire(
    press: PressGateway, clock: ManualClock
) -> None:
    await press.submit()
    # Not by any command of ours, which would refuse.
    await press.gateway.database.transact(lambda: ChannelRow.all().delete())
    await press.gateway.snapshots.refresh()
    clock.advance(50_000)
    await press.poll()
    assert (await press.task()).state == "submitted"
    clock.advance(40_000)
    await press.poll()
    assert (await press.task()).state == "expired"
    assert await press.charged() == (0, 0)


async def test_what_has_made_open_tasks_stays(press: PressGateway, clock: ManualClock) -> None:
    await press.submit()
    database, made = press.gateway.database, (await press.task()).credential_id
    assert made is not None
    with pytest.raises(Conflict):
        await channels.remove(database, "main")
    with pytest.raises(Conflict):
        await credentials.remove(database, made)
    press.press.set("done")
    clock.advance(11)
    await press.poll()
    await credentials.remove(database, made)
    await channels.remove(database, "main")


async def test_the_price_is_the_one_at_the_submit(press: PressGateway, clock: ManualClock) -> None:
    await press.submit()

    async def dearer() -> None:
        await Price.create(
            provider="press",
            tariff_key="print",
            unit="call",
            dimensions="",
            credits="900",
            updated_at=0,
        )

    await press.gateway.database.transact(dearer)
    await press.gateway.prices.load()
    press.press.set("done")
    clock.advance(11)
    await press.poll()
    assert await press.charged() == (PRICE, 0)
    status, _ = await press.submit()
    assert status == 200
    assert await press.charged() == (PRICE, CREDITS - PRICE)


async def test_an_answer_beyond_what_can_be_kept_still_ends_the_task(
    press: PressGateway, clock: ManualClock
) -> None:
    await press.submit()
    press.press.set("done", ballast="x" * (1 << 20))
    clock.advance(11)
    await press.poll()
    task = await press.task()
    assert (task.state, task.answer) == ("succeed", "{}")
    assert await press.charged() == (PRICE, 0)
