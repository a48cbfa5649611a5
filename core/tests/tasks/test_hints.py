"""Hints from anybody: what they can bring about, and what they cannot."""

from __future__ import annotations

import pytest
from press import PRICE, PressGateway

from plugway.tasks.receipts import MOST_UNPROVEN
from plugway.testing import ManualClock

pytestmark = pytest.mark.anyio


async def hint(press: PressGateway) -> None:
    """Let somebody tell something of the press's first task."""
    tasks = press.gateway.tasks
    task = await tasks.find("press", upstream_id="p1")
    assert task is not None
    await tasks.receive(task, "{}")


async def test_hints_do_not_shorten_the_pause_after_a_failure(
    press: PressGateway, clock: ManualClock
) -> None:
    await press.submit()
    press.press.fail("status", status=429, json={}, headers={"Retry-After": "30"}, times=50)
    clock.advance(11)
    await press.poll()
    seen = len(press.press.seen)
    for _ in range(10):
        clock.advance(0.1)
        await hint(press)
        await press.poll()
    assert len(press.press.seen) == seen
    clock.advance(31)
    await press.poll()
    assert len(press.press.seen) == seen + 1


async def test_hints_do_not_bring_the_second_look_forward(
    press: PressGateway, clock: ManualClock
) -> None:
    await press.submit()
    press.press.forget = True
    clock.advance(11)
    await press.poll()
    clock.advance(1)
    await hint(press)
    await press.poll()
    assert (await press.task()).state == "submitted"
    # It had only been looked for at a replica that lagged.
    press.press.forget = False
    press.press.set("done")
    clock.advance(61)
    await press.poll()
    assert (await press.task()).state == "succeed"
    assert await press.charged() == (PRICE, 0)


async def test_a_hint_during_the_first_look_does_not_make_it_the_second(
    press: PressGateway, clock: ManualClock
) -> None:
    await press.submit()
    press.press.forget = True
    press.press.fail("delay", seconds=30)
    clock.advance(11)
    polling = press.gateway.tasks.polling
    assert await polling.round() == 1
    await press.press.until(2)
    await hint(press)
    press.press.release()
    await polling.settle()
    # It is due still, because of the hint; that is too soon to be certain.
    for _ in range(3):
        await press.poll()
    assert (await press.task()).state == "submitted"
    assert await press.charged() == (0, PRICE)
    clock.advance(61)
    await press.poll()
    assert (await press.task()).state == "failed"
    assert await press.charged() == (0, 0)


async def test_hints_without_end_come_to_an_end(press: PressGateway, clock: ManualClock) -> None:
    await press.submit()
    for _ in range(MOST_UNPROVEN):
        await hint(press)
    clock.advance(3)
    seen = len(press.press.seen)
    await press.poll()
    assert len(press.press.seen) == seen + 1
    clock.advance(3)
    await hint(press)
    await press.poll()
    assert len(press.press.seen) == seen + 1
