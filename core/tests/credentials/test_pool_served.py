"""What clients see of a pool: who is asked, how often, and what they are told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pool_choir import ChoirHouse

from plugway.testing.clock import ManualClock
from plugway.testing.scripted import Script, Seen, answer

pytestmark = pytest.mark.anyio

LIMITED_FOR = answer("429 Too Many Requests", b"slow down", "retry-after: 77")


@pytest.fixture
def clock() -> ManualClock:
    """Stand still."""
    return ManualClock()


@pytest.fixture
async def choir(tmp_path: Path, clock: ManualClock) -> AsyncIterator[ChoirHouse]:
    """Give a gateway that is not open yet, whose time stands still."""
    house = ChoirHouse(tmp_path / "home", clock)
    yield house
    await house.close()


async def test_accounts_take_turns(choir: ChoirHouse, clock: ManualClock) -> None:
    await choir.open(3, use_cooldown=15, wait=0)
    for _ in range(2):
        for _ in range(3):
            status, text, _ = await choir.sing()
            assert (status, text) == (200, '{"text":"la"}')
            await choir.rows()
        clock.advance(15)
    assert set(choir.asked.values()) == {2}
    assert len(choir.asked) == 3


async def test_each_serves_one_call_at_a_time(choir: ChoirHouse) -> None:
    go, busy = asyncio.Event(), 0

    async def slowly(
        seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        nonlocal busy
        busy += 1
        await go.wait()
        await answer("200 OK", b"la")(seen, reader, writer)

    choir.voices["all"] = slowly
    await choir.open(2, use_cooldown=0, wait=30)
    calls = [asyncio.create_task(choir.sing()) for _ in range(6)]
    async with asyncio.timeout(10):
        while busy < 2:
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.05)
    assert (busy, sorted(choir.asked)) == (2, ["singer-0", "singer-1"])
    go.set()
    # Those that waited are served when others have ended.
    assert [status for status, *_ in await asyncio.gather(*calls)] == [200] * 6


async def test_all_limited_is_429_with_a_bounded_number_of_requests(
    choir: ChoirHouse, clock: ManualClock
) -> None:
    choir.voices["all"] = LIMITED_FOR
    await choir.open(5, use_cooldown=1, wait=30)
    tries = choir.server.gateway.current().relay.tries
    status, _, headers = await choir.sing()
    assert (status, headers["retry-after"]) == (429, "77")
    assert choir.asked.total() == tries
    for _ in range(10):
        status, _, headers = await choir.sing()
        assert status == 429
        assert 1 <= int(headers["retry-after"]) <= 77
    # Each account has said so once; nobody asks it again before its time.
    assert choir.asked == Counter({f"singer-{place}": 1 for place in range(5)})
    for row in await choir.rows():
        assert (row.state, row.failures) == ("cooling", 0)
    clock.advance(77)
    choir.voices.clear()
    assert (await choir.sing())[0] == 200


async def test_with_nobody_it_is_503(choir: ChoirHouse) -> None:
    await choir.open(0, wait=30)
    status, body, headers = await choir.sing()
    assert status == 503, body
    assert int(headers["retry-after"]) >= 1


@pytest.mark.parametrize(("voice", "state"), [("401 Who", "expired"), ("403 No", "restricted")])
async def test_all_refused_is_503(choir: ChoirHouse, voice: str, state: str) -> None:
    choir.voices["all"] = answer(voice, b"no")
    await choir.open(2, wait=30)
    status, body, headers = await choir.sing()
    assert (status, 1 <= int(headers["retry-after"]) <= 300) == (503, True)
    # Whoever reads it knows why.
    assert "refused" in body or "403" in body
    assert {row.state for row in await choir.rows()} == {state}
    asked = choir.asked.total()
    for _ in range(5):
        again, _, headers = await choir.sing()
        assert again == 503
        assert 1 <= int(headers["retry-after"]) <= 300
    assert choir.asked.total() == asked
    assert {(one.state, one.channel) for one in choir.plugin.changes} == {(state, "main")}


@pytest.mark.parametrize("voice", ["401 Who", "403 No", "429 Slow"])
async def test_another_account_takes_over(choir: ChoirHouse, voice: str) -> None:
    choir.voices["singer-0"] = answer(voice, b"no")
    await choir.open(2, use_cooldown=0, wait=0)
    for _ in range(5):
        assert (await choir.sing())[0] == 200
        await choir.rows()
    # A 401 is asked twice: the grant may have aged.
    assert choir.asked["singer-0"] == (2 if voice.startswith("401") else 1)


async def test_images_used_up_leave_text(choir: ChoirHouse) -> None:
    choir.voices["all"] = LIMITED_FOR
    await choir.open(1, use_cooldown=0, wait=0)
    assert (await choir.sing("singer-image"))[0] == 429
    choir.voices.clear()
    await choir.rows()
    status, _, headers = await choir.sing("singer-image")
    assert (status, headers["retry-after"]) == (429, "77")
    assert (await choir.sing())[0] == 200
    assert choir.asked["singer-0"] == 2


def cut() -> Script:
    """Break off without an answer."""

    async def script(
        seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.close()

    return script


@pytest.mark.parametrize("outage", ["refused", "cut", "500 Oh", "502 Oh", "503 Oh"])
async def test_an_outage_changes_no_account(
    choir: ChoirHouse, clock: ManualClock, outage: str
) -> None:
    await choir.open(3, use_cooldown=0, wait=0, headers_timeout=1)
    if outage == "refused":
        await choir.upstream.stop()
    else:
        choir.voices["all"] = cut() if outage == "cut" else answer(outage, b"oh")
    for _ in range(12):
        status, *_ = await choir.sing()
        assert status in (502, 503, 504)
        clock.advance(31)
    # Not only the breaker answered.
    assert outage == "refused" or choir.asked.total() > 12
    rows = await choir.rows()
    assert [(row.state, row.failures, row.reason) for row in rows] == [("ready", 0, "")] * 3
    assert choir.plugin.changes == []


async def test_a_client_that_leaves_frees_its_account(choir: ChoirHouse) -> None:
    asked = asyncio.Event()

    async def never(seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()

    choir.voices["all"] = never
    await choir.open(1, use_cooldown=0, wait=30)
    call = asyncio.create_task(choir.sing())
    await asked.wait()
    waiting = asyncio.create_task(choir.sing())
    await asyncio.sleep(0.05)
    for task in (waiting, call):
        task.cancel()
    await asyncio.gather(call, waiting, return_exceptions=True)
    (row,) = await choir.rows()
    assert row.state == "ready"
    choir.voices.clear()
    assert (await choir.sing())[0] == 200


async def test_a_restart_keeps_what_rests(tmp_path: Path, clock: ManualClock) -> None:
    home = tmp_path / "home"
    first = ChoirHouse(home, clock)
    first.voices["all"] = LIMITED_FOR
    await first.open(1, use_cooldown=1, wait=0)
    assert (await first.sing())[0] == 429
    await first.close()
    async with ChoirHouse(home, clock).server as server:
        (channel,) = server.gateway.channels.all()
        pool = server.gateway.credentials
        assert pool.ready_in(channel) == 77
        clock.advance(77)
        assert await pool.claim([channel], ("text",), owner="call") is not None
