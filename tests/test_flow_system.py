"""Flow as a whole: what clients leave, what accounts may have, what dies, and what never ends."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest
from flow_system import IMAGE, VIDEO, FlowSystem, price

from plugway.testing import ManualClock
from plugway_flow.accounts import Accounts
from plugway_flow.emulated.films import lasts
from plugway_flow.emulator import FlowEmulator

pytestmark = [
    pytest.mark.anyio,
    # The package says when the official service ends; others keep its API.
    pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning"),
]

SHIP: list[Any] = [{"role": "user", "content": "a ship at sea"}]

#: Videos that an account may have under way at once.
MOST = 2


@pytest.fixture(scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FlowSystem]:
    """Run a gateway with three accounts, whose clients do not wait long."""
    home: Path = tmp_path_factory.mktemp("flow") / "home"
    environ = {"PLUGWAY__CHAT__MEDIA_WAIT": "0.3"}
    emulator = FlowEmulator(accounts=["first", "second", "third"], looks=1, held=True)
    async with FlowSystem(home, emulator, environ=environ) as system:
        await system.channel(concurrent_videos=MOST)
        yield system


async def test_a_stream_that_the_client_leaves_goes_on_as_a_task(system: FlowSystem) -> None:
    charged, _ = await system.spent()
    raw = await system.openai.chat.completions.with_raw_response.create(
        model=VIDEO, messages=SHIP, stream=True
    )
    name = raw.headers["x-plugway-task"]
    async for chunk in raw.parse():
        if (chunk.choices[0].delta.model_extra or {}).get("reasoning_content"):
            break
    await raw.parse().close()
    await system.until(lambda: not system.server.gateway.running)
    assert await system.spent() == (charged, price(VIDEO, 8))
    system.emulator.let_go()
    videos = system.openai.videos
    assert (await videos.poll(name, poll_interval_ms=20)).status == "completed"
    content = await videos.download_content(name)
    assert lasts(content.content) == 8.0
    other = await system.other("mallory")
    for call in (other.videos.retrieve, other.videos.download_content, other.videos.delete):
        with pytest.raises(openai.NotFoundError):
            await call(name)
    assert [one.id async for one in await other.videos.list()] == []
    assert await system.spent() == (charged + price(VIDEO, 8), 0)
    system.emulator.hold()


async def test_who_does_not_stream_waits_so_long_and_gets_the_task(system: FlowSystem) -> None:
    charged, _ = await system.spent()
    client, submits = system.openai, system.submits()
    raw = await client.chat.completions.with_raw_response.create(model=VIDEO, messages=SHIP)
    (choice,) = raw.parse().choices
    name = raw.headers["x-plugway-task"]
    assert f"GET /v1/videos/{name}" in (choice.message.content or "")
    assert (await client.videos.retrieve(name)).status in ("queued", "in_progress")
    # Nor does an image that takes long get lost: the package is told not to ask again.
    system.emulator.mishap("slow", call="image", seconds=0)
    with pytest.raises(openai.InternalServerError) as late:
        await client.with_options(max_retries=2).images.generate(model=IMAGE, prompt="a ship")
    assert late.value.status_code == 504
    image = late.value.response.headers["x-plugway-task"]
    assert f"GET /v1/images/generations/{image}" in late.value.message
    assert await system.spent() == (charged, price(VIDEO, 8) + price(IMAGE, 1))
    system.emulator.release()
    system.emulator.let_go()
    assert (await client.videos.poll(name, poll_interval_ms=20)).status == "completed"

    async def told() -> Any:
        return await client.get(f"/images/generations/{image}", cast_to=dict[str, Any])

    async with asyncio.timeout(10):
        while (found := await told())["status"] != "completed":
            await asyncio.sleep(0.02)
    assert (await system.fetch(found["data"][0]["url"]))[0] == "image/png"
    assert len(system.emulator.truth.of("image")) == 1
    assert system.submits() == submits + 1
    assert await system.spent() == (charged + price(VIDEO, 8) + price(IMAGE, 1), 0)
    system.emulator.hold()


async def test_calls_at_once_spread_over_the_accounts(system: FlowSystem) -> None:
    charged, _ = await system.spent()
    system.emulator.truth.clear()
    videos = system.openai.videos
    made = await asyncio.gather(
        *(videos.create(model=VIDEO, prompt=f"ship {number}") for number in range(6))
    )
    uses = Counter(use.account for use in system.emulator.truth.of("submit"))
    assert uses == {"first": MOST, "second": MOST, "third": MOST}
    # One more waits until one of them has made one.
    late = asyncio.create_task(videos.create(model=VIDEO, prompt="the seventh"))
    await system.until(lambda: len(system.server.gateway.queue) == 1)
    assert system.submits() == 6
    assert await system.spent() == (charged, 7 * price(VIDEO, 8))
    system.emulator.finish(system.emulator.truth.open("second")[0].name)
    made.append(await late)
    assert system.emulator.truth.of("submit")[-1].account == "second"
    system.emulator.let_go()
    ended = await asyncio.gather(*(videos.poll(one.id, poll_interval_ms=50) for one in made))
    assert {one.status for one in ended} == {"completed"}
    for name in ("first", "second", "third"):
        assert system.emulator.truth.most_jobs(name) == MOST
    assert await system.spent() == (charged + 7 * price(VIDEO, 8), 0)
    system.emulator.hold()


async def test_nobody_needs_to_call_for_a_dead_account_to_be_noticed(tmp_path: Path) -> None:
    clock = ManualClock()
    emulator = FlowEmulator(
        accounts=["dead", "good"], now=lambda: clock.now() / 1_000_000, held=True
    )
    environ = {"PLUGWAY__PLUGINS__FLOW__CHECK_SECONDS": "60"}
    async with FlowSystem(tmp_path / "home", emulator, clock=clock, environ=environ) as system:
        await system.channel(poll_attempts=3, poll_first=5, poll_seconds=5)
        accounts = system.server.gateway.part(Accounts)
        dead, good = [row.id for row in await system.rows()]

        async def until(holds: Any) -> None:
            """Let time pass in steps, when nobody is at work that the last one has begun."""
            async with asyncio.timeout(30):
                while not await holds():
                    clock.advance(5)
                    await asyncio.sleep(0.02)
                    await system.until(idle)
                    await system.server.gateway.tasks.polling.settle()

        def idle() -> bool:
            return all(use.until is not None for use in emulator.truth.uses)

        async def known() -> bool:
            return all(accounts.known(one) is not None for one in (dead, good))

        async def noticed() -> bool:
            return [row.state for row in await system.rows()] == ["expired", "ready"]

        async def refreshed() -> bool:
            account = accounts.known(good)
            return account is not None and account.credits == 77

        await until(known)
        emulator.accounts["dead"].revoke()
        emulator.accounts["good"].credits = 77
        await until(noticed)
        await until(refreshed)
        # No client has called, and nothing was made; the next one finds the good one at once.
        assert not emulator.truth.of("image")
        await system.openai.images.generate(model=IMAGE, prompt="a ship")
        assert [use.account for use in emulator.truth.of("image")] == ["good"]

        # A video that never ends is asked for a few times, and costs nothing.
        charged, _ = await system.spent()
        video = await system.openai.videos.create(model=VIDEO, prompt="a ship")

        async def ended() -> bool:
            return (await system.openai.videos.retrieve(video.id)).status == "failed"

        await until(ended)
        failed = await system.openai.videos.retrieve(video.id)
        assert failed.error is not None
        assert failed.error.code == "task_expired"
        assert await system.spent() == (charged, 0)
        asked = len(emulator.truth.of("poll"))
        assert asked == 3
        for _ in range(50):
            clock.advance(5)
            await asyncio.sleep(0.005)
        assert len(emulator.truth.of("poll")) == asked
