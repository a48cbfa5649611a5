"""What a plugin does wrong costs nobody a task: it is counted, told, and asked about again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from press import PRICE, PressGateway

from plugway import Ask, Pace, Task, TaskUpdate, Usage
from plugway.storage.models import CallbackRow
from plugway.testing import ManualClock

pytestmark = pytest.mark.anyio

HEAR = "https://example.com/hear"


def told(**details: Any) -> TaskUpdate:
    """Make an update as a plugin would that does not look at types."""
    return TaskUpdate(**{"state": "processing", "answer": "{}", **details})


@pytest.mark.parametrize(
    "nonsense",
    [
        lambda: None,
        lambda: {"state": "succeed", "answer": "{}"},
        lambda: told(state="done"),
        lambda: told(answer=b"{}"),
        lambda: told(answer=None),
        lambda: told(progress=33.3),
        lambda: told(upstream_id=1),
        lambda: told(state="failed", reason=1),
        lambda: told(state="succeed", usages=(1,)),
        lambda: told(state="succeed", usages=(Usage(key=1),)),  # type: ignore[arg-type]  # the fault
    ],
)
async def test_an_update_that_is_none_is_a_failed_poll(
    press: PressGateway,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    nonsense: Callable[[], Any],
) -> None:
    await press.submit()

    async def poll(task: Task, ask: Ask) -> Any:
        return nonsense()

    with monkeypatch.context() as patch:
        patch.setattr(press.plugin.poller, "poll", poll)
        clock.advance(11)
        await press.poll()
    task = await press.task()
    assert (task.state, task.failures, task.upstream_id) == ("submitted", 1, "p1")
    assert "poller" in (task.reason or "")
    assert await press.charged() == (0, PRICE)
    # Its row is whole: what comes next is written.
    press.press.set("done")
    clock.advance(3)
    await press.poll()
    assert (await press.task()).state == "succeed"
    assert await press.charged() == (PRICE, 0)


async def test_an_update_that_is_none_is_not_accepted(
    press: PressGateway, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("press.read", lambda _: told(progress=0.5))
        status, _ = await press.submit()
    assert status == 502
    # The press has it, so it is looked for.
    assert (await press.task()).state == "unknown"
    clock.advance(6)
    await press.poll()
    assert (await press.task()).state == "submitted"


async def test_a_poller_that_is_cancelled_from_within_has_failed(
    press: PressGateway, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await press.submit()

    async def poll(task: Task, ask: Ask) -> TaskUpdate:
        inner = asyncio.ensure_future(asyncio.Event().wait())
        inner.cancel()
        await inner
        raise AssertionError

    monkeypatch.setattr(press.plugin.poller, "poll", poll)
    clock.advance(11)
    await press.poll()
    task = await press.task()
    assert (task.state, task.failures) == ("submitted", 1)


async def test_a_pace_that_fails_keeps_nothing_from_its_end(
    press: PressGateway, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pace(task: Task) -> Pace:
        raise KeyError(task.kind)

    monkeypatch.setattr(press.plugin.poller, "pace", pace)
    status, _ = await press.submit()
    assert status == 200
    assert (await press.task()).state == "submitted"
    press.press.set("printing")
    clock.advance(11)
    await press.poll()
    assert (await press.task()).state == "processing"
    press.press.set("done")
    clock.advance(11)
    await press.poll()
    assert await press.charged() == (PRICE, 0)


@pytest.mark.parametrize("body", ['{"job": 1}', b"\xff", 7])
async def test_a_message_that_is_none_is_not_sent_and_the_task_ends(
    press: PressGateway, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, body: Any
) -> None:
    monkeypatch.setattr(press.plugin.poller, "callback", lambda task, update: body)
    status, _ = await press.submit(callback_url=HEAR)
    assert status == 200
    press.press.set("done")
    clock.advance(11)
    await press.poll()
    assert (await press.task()).state == "succeed"
    assert await press.charged() == (PRICE, 0)
    assert await press.gateway.database.run(lambda: CallbackRow.all().count()) == 0


async def test_a_message_that_is_too_long_is_sent_without_the_answer(
    press: PressGateway, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def callback(task: Task, update: TaskUpdate) -> bytes:
        return b'{"job": "%s", "told": %s}' % (task.call_id.encode(), update.answer.encode())

    monkeypatch.setattr(press.plugin.poller, "callback", callback)
    await press.submit(callback_url=HEAR)
    # The answer itself can just be kept.
    ballast = (1 << 20) - len('{"id": "p1", "name": "", "status": "done", "ballast": ""}') - 40
    press.press.set("done", ballast="x" * ballast)
    clock.advance(11)
    await press.poll()
    task = await press.task()
    assert (task.state, len(task.answer or "") > (1 << 20) - 50) == ("succeed", True)
    assert await press.charged() == (PRICE, 0)
    *_, last = await press.gateway.database.run(lambda: CallbackRow.all().order_by("id"))
    assert last.body == f'{{"job": "{task.call_id}", "told": {{}}}}'


async def test_a_task_expires_whatever_its_poller_does(
    press: PressGateway, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await press.submit(callback_url=HEAR)
    monkeypatch.setattr(press.plugin.poller, "callback", lambda task, update: "a text")
    clock.advance(86_401)
    await press.poll()
    assert (await press.task()).state == "expired"
    assert await press.charged() == (0, 0)
