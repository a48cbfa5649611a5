"""Time in the queue is nobody's time: not the answer's, not the request's, not the hold's."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from queue_house import QueueHouse

from plugway import TextDelta, UpstreamInterrupted
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio


async def test_the_request_s_deadline_waits_meanwhile(tmp_path: Path) -> None:
    allowed = 5.0
    environ = {"PLUGWAY__SERVER__REQUEST_TIMEOUT": str(allowed)}
    async with QueueHouse(tmp_path / "home", environ=environ) as house:
        await house.accounts(1)
        loop = asyncio.get_running_loop()
        claim = await house.taken()
        began = loop.time()
        waiting = await house.asked("ann")
        await house.until(lambda: loop.time() - began > allowed + 0.5)
        assert not waiting.done()
        house.gateway.credentials.free(claim)
        assert (await waiting).status == 200
        # While it is answered time passes again.
        house.says(asyncio.Event())
        said = await house.ask("ann")
        assert (said.status, said.json["error"]["code"]) == (504, "deadline_passed")
        assert (await house.ended())[1][1] == 0


async def test_who_has_waited_long_may_try_again(tmp_path: Path) -> None:
    clock = ManualClock()
    async with QueueHouse(tmp_path / "home", clock=clock) as house:
        await house.accounts(2)
        claims = [await house.taken() for _ in range(2)]
        waiting = await house.asked("ann")
        house.says(UpstreamInterrupted(acted=False))
        house.says(TextDelta("Yes"))
        await house.until(lambda: bool(house.gateway.credentials.positions()))
        # Longer than a call may go on before it begins another try.
        clock.advance(500)
        for claim in claims:
            house.gateway.credentials.free(claim)
        said = await waiting
        assert said.json["choices"][0]["message"]["content"] == "Yes"
        assert len(house.poet.asked) == 2


async def test_a_hold_survives_the_wait_and_the_answer(tmp_path: Path) -> None:
    clock = ManualClock()
    async with QueueHouse(tmp_path / "home", clock=clock) as house:
        await house.accounts(1, wait=3_600)
        ann, go = house.users["ann"], asyncio.Event()
        claim = await house.taken()
        waiting = await house.asked("ann")
        house.says(go, TextDelta("At last"))
        await house.until(lambda: bool(house.gateway.credentials.positions()))
        clock.advance(3_590)
        house.gateway.credentials.free(claim)
        await house.until(lambda: bool(house.poet.asked))
        # As long as an exchange may take, the wait not counted, and some more.
        clock.advance(house.gateway.current().server.request_timeout + 100)
        await house.gateway.ledger.sweep(clock.now())
        assert (await house.server.balance(ann))[1] > 0
        go.set()
        assert (await waiting).status == 200
        ((status, credits_, _),) = await house.ended()
        assert status == 200
        assert credits_ > 0
        # One that nobody resolves is still released, in the end.
        report = await house.server.verify()
        assert report.ok, report.problems


async def test_a_stream_that_waits_shows_that_it_lives_and_can_be_cancelled(tmp_path: Path) -> None:
    clock = ManualClock()
    async with QueueHouse(tmp_path / "home", clock=clock) as house:
        await house.accounts(1, wait=3_600)
        claim = await house.taken()
        opening = asyncio.create_task(house.opened("ann", stream=True))
        await house.until(lambda: bool(house.gateway.credentials.positions()))
        async with asyncio.timeout(60):
            # Until the first sign of life has reached the client, which begins the answer.
            while not opening.done():
                clock.advance(house.gateway.current().chat.keepalive_seconds)
                await asyncio.wait((opening,), timeout=0.5)
        (place,) = house.gateway.queue.list()
        assert place.state == "waiting"
        assert await house.gateway.queue.cancel(place.request_id)
        answer = await opening
        # Its headers had gone, so the stream tells it.
        assert (answer.status, answer.headers["x-request-id"]) == (200, place.request_id)
        body = await answer.text()
        assert ": keep-alive\n" in body
        assert '"code":"cancelled"' in body
        assert await house.ended() == [(499, 0, "cancelled")]
        house.gateway.credentials.free(claim)
