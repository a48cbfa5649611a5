"""Who comes first: the answer to the submit, the poller, the upstream's own word."""

from __future__ import annotations

import asyncio

import pytest
from press import PRICE, PressGateway, read

from plugway import Ask, Task, TaskGone, TaskUpdate
from plugway.testing import ManualClock

pytestmark = pytest.mark.anyio


async def test_an_end_that_overtakes_the_answer_to_the_submit(press: PressGateway) -> None:
    press.press.fail("delay", seconds=30)
    submitting = asyncio.create_task(press.submit(external_id="mine"))
    await press.press.until(1)
    task = await press.task()
    assert task.state == "pending"
    done = '{"id": "p1", "status": "done"}'
    await press.gateway.tasks.receive(task, done, read(done.encode()))
    assert (await press.task()).state == "succeed"
    press.press.release()
    # It was made and is charged: its client must not hear that it failed.
    assert (await submitting)[0] == 200
    assert await press.ask("mine") == (200, {"state": "succeed", "reason": None})
    assert await press.charged() == (PRICE, 0)


async def test_a_look_before_the_acceptance_does_not_count(
    press: PressGateway, clock: ManualClock
) -> None:
    press.press.fail("delay", seconds=30)
    submitting = asyncio.create_task(press.submit())
    await press.press.until(1)
    # So slow that it is looked for meanwhile.
    clock.advance(20_000)
    press.press.forget = True
    await press.poll()
    assert (await press.task()).state == "unknown"
    press.press.release()
    assert (await submitting)[0] == 200
    assert (await press.task()).state == "submitted"
    clock.advance(61)
    await press.poll()
    # That was the first look since it has a name.
    assert (await press.task()).state == "submitted"
    press.press.forget = False
    press.press.set("done")
    clock.advance(61)
    await press.poll()
    assert await press.charged() == (PRICE, 0)


async def test_what_is_learnt_during_the_second_look_outweighs_it(
    press: PressGateway, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await press.submit()
    press.press.forget = True
    clock.advance(11)
    await press.poll()
    clock.advance(61)
    press.press.forget = False
    looking, told = asyncio.Event(), asyncio.Event()

    async def lagging(task: Task, ask: Ask) -> TaskUpdate:
        looking.set()
        await told.wait()
        raise TaskGone

    polling = press.gateway.tasks.polling
    with monkeypatch.context() as patch:
        patch.setattr(press.plugin.poller, "poll", lagging)
        await polling.round()
        async with asyncio.timeout(10):
            await looking.wait()
    press.press.set("printing")
    assert (await press.ask("p1"))[1]["state"] == "processing"
    told.set()
    async with asyncio.timeout(10):
        await polling.settle()
    assert (await press.task()).state == "processing"
    assert await press.charged() == (0, PRICE)
    # It is asked for again when the lease is over.
    press.press.set("done")
    clock.advance(61)
    await press.poll()
    assert await press.charged() == (PRICE, 0)


async def test_what_cannot_be_put_into_a_request_was_not_sent(press: PressGateway) -> None:
    host = press.server.url.removeprefix("http://")
    body = b'{"external_id": "mine"}'
    # No client library sends such a header.
    reader, writer = await asyncio.open_connection(*host.split(":"))
    writer.write(
        b"POST /press/jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Odd: \xff\r\n"
        b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s"
        % (press.key.encode(), len(body), body)
    )
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    assert answer.split(b" ")[1] == b"400"
    assert not press.press.jobs
    assert (await press.task()).state == "failed"
    assert await press.charged() == (0, 0)
    assert (await press.submit(external_id="mine"))[0] == 200


async def test_refusals_of_polls_count_in_a_row_only(
    press: PressGateway, clock: ManualClock
) -> None:
    await press.submit()
    for _ in range(4):
        press.press.fail("status", status=401, json={})
        clock.advance(60)
        await press.poll()
        clock.advance(60)
        await press.poll()
    task = await press.task()
    credential = press.gateway.credentials.get(task.channel_id or 0, task.credential_id or 0)
    assert credential is not None
    assert credential.state == "ready"


async def test_polls_with_one_credential_follow_the_setting(
    press: PressGateway, clock: ManualClock
) -> None:
    for _ in range(6):
        await press.submit()
    seen = len(press.press.seen)

    async def asked(most: int) -> int:
        """Return how many questions are under way at once."""
        nonlocal seen
        file = press.server.home / "plugway.toml"
        file.write_text(f"[tasks]\nper_credential = {most}\n")
        file.chmod(0o600)
        assert press.gateway.live.check()
        press.press.fail("delay", seconds=30, times=6)
        clock.advance(120)
        queries = [asyncio.create_task(press.ask(f"p{number}")) for number in range(1, 7)]
        await press.press.until(seen + most)
        found = len(press.press.seen) - seen
        async with asyncio.timeout(20):
            while any(not one.done() for one in queries):
                press.press.release()
                await asyncio.sleep(0.01)
        seen = len(press.press.seen)
        return found

    assert await asked(2) == 2
    assert await asked(5) == 5
    assert await asked(1) == 1
