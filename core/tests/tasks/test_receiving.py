"""What an upstream tells of a task by itself."""

from __future__ import annotations

import asyncio

import pytest
from press import PRICE, PressGateway, read

from plugway.tasks import receipts
from plugway.testing import ManualClock

pytestmark = pytest.mark.anyio


async def tell(press: PressGateway, body: str, *, proven: bool) -> None:
    """Let the press tell of its first task."""
    tasks = press.gateway.tasks
    task = await tasks.find("press", upstream_id="p1")
    assert task is not None
    await tasks.receive(task, body, read(body.encode()) if proven else None)
    await tasks.polling.settle()
    await press.gateway.ledger.flush()


async def test_a_hint_only_makes_the_gateway_ask(press: PressGateway, clock: ManualClock) -> None:
    await press.submit()
    clock.advance(3)
    await tell(press, '{"id": "p1", "status": "done"}', proven=False)
    await press.poll()
    # The press itself says that it has only just begun.
    assert (await press.task()).state == "submitted"
    assert await press.charged() == (0, PRICE)
    (kept,) = await receipts.of(press.gateway.database, (await press.task()).call_id, 10)
    assert (kept.body, kept.verified) == ('{"id": "p1", "status": "done"}', False)


async def test_a_true_hint_ends_the_task_at_once(press: PressGateway, clock: ManualClock) -> None:
    await press.submit()
    press.press.set("done")
    clock.advance(3)
    await tell(press, "{}", proven=False)
    await press.poll()
    assert (await press.task()).state == "succeed"
    assert await press.charged() == (PRICE, 0)


async def test_many_hints_are_worth_one_question(press: PressGateway, clock: ManualClock) -> None:
    await press.submit()
    clock.advance(3)
    seen = len(press.press.seen)
    for _ in range(20):
        await tell(press, "{}", proven=False)
        await press.poll()
    assert len(press.press.seen) == seen + 1
    clock.advance(2)
    await press.poll()
    assert len(press.press.seen) == seen + 2


async def test_what_is_proven_is_believed_and_once(press: PressGateway) -> None:
    await press.submit()
    done = '{"id": "p1", "status": "done"}'
    seen = len(press.press.seen)
    await asyncio.gather(*(tell(press, done, proven=True) for _ in range(5)))
    assert (await press.task()).state == "succeed"
    assert await press.charged() == (PRICE, 0)
    assert len(press.press.seen) == seen
    # What comes late or out of order changes nothing.
    await tell(press, '{"id": "p1", "status": "printing"}', proven=True)
    await tell(press, '{"id": "p1", "status": "torn"}', proven=True)
    assert (await press.task()).state == "succeed"
    assert await press.charged() == (PRICE, 0)
    assert len(press.plugin.finished) == 1
    assert len(await receipts.of(press.gateway.database, (await press.task()).call_id, 10)) == 7


async def test_a_task_of_another_provider_is_not_found(press: PressGateway) -> None:
    await press.submit()
    task = await press.task()
    tasks = press.gateway.tasks
    assert await tasks.find("other", call_id=task.call_id, upstream_id="p1") is None
    assert await tasks.find("press", call_id="unknown") is None
    found = await tasks.find("press", call_id=task.call_id)
    assert found is not None
    assert found.call_id == task.call_id
