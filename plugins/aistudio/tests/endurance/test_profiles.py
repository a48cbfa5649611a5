"""Several profiles, several pages: who gets which, and when they are closed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from aistudio_gateway import AIStudioGateway, named

from plugway.channels import store as channel_store
from plugway.channels.store import ChannelDraft
from plugway.credentials import store as credential_store
from plugway_aistudio.emulated.asked import Asked
from plugway_aistudio.emulator import AIStudioEmulator

pytestmark = pytest.mark.anyio

NAMES = ("first", "second", "third")
MODELS = ("gemini-flash-latest", "gemini-2.5-pro")


async def until(happened: Callable[[], object]) -> None:
    """Wait until something has happened."""
    async with asyncio.timeout(120):
        while not happened():
            await asyncio.sleep(0.005)


def running(emulator: AIStudioEmulator) -> list[Asked]:
    """Return the questions that are being answered."""
    return [one for one in emulator.asked if not one.ended]


async def release(emulator: AIStudioEmulator) -> None:
    """Let go on what waits, also what is about to wait."""
    while True:
        emulator.release()
        await asyncio.sleep(0.01)


async def test_thirty_questions_on_three_pages(tmp_path: Path) -> None:
    emulator = AIStudioEmulator(accounts=NAMES, pause=0.01)
    async with AIStudioGateway.running(tmp_path / "home", emulator, *NAMES) as studio:
        most, over = Counter[str](), 0

        async def watch() -> None:
            nonlocal over
            while True:
                now = Counter(one.account for one in running(emulator))
                over = max(over, len(now))
                for name, count in now.items():
                    most[name] = max(most[name], count)
                await asyncio.sleep(0.001)

        watching = asyncio.create_task(watch())
        emulator.mishap("slow_start", times=3)
        asking = [
            asyncio.create_task(studio.ask(f"Question {number}.", MODELS[number % 2]))
            for number in range(30)
        ]
        # None of the first three answers before all of them are asked.
        await until(lambda: over == 3)
        releasing = asyncio.create_task(release(emulator))
        for number, one in enumerate(asking):
            answer = await one
            assert f"Question {number}.\n" in answer.message["content"]
            assert f'"model": "{MODELS[number % 2]}"' in answer.message["content"]
        watching.cancel()
        releasing.cancel()
        shares = Counter(one.account for one in emulator.asked)
        assert set(shares) == set(NAMES)
        assert sum(shares.values()) == 30
        # One at a time for each, and all at once.
        assert dict(most) == dict.fromkeys(NAMES, 1)
        assert over == 3
        assert min(shares.values()) >= 3
        usage = await studio.server.usage()
        assert await studio.charged() == sum(row.credits for row in usage) > 0
        assert len(usage) == 30
        assert studio.studio.pages.status().open == 3


async def test_a_user_with_many_questions_does_not_delay_another(tmp_path: Path) -> None:
    emulator = AIStudioEmulator()
    async with AIStudioGateway.running(tmp_path / "home", emulator) as studio:
        await studio.ask("Warm")
        emulator.mishap("slow_start")
        many = [asyncio.create_task(studio.ask(f"Many {number}")) for number in range(20)]
        await until(lambda: len(studio.server.gateway.queue) == 20)
        bob = await studio.server.user("bob", credits_=10**12)
        async with studio.caller(await studio.server.key(bob)) as client:
            body = {"model": MODELS[0], "messages": [{"role": "user", "content": "Single"}]}
            single = asyncio.create_task(client.post("/v1/chat/completions", json=body))
            await until(lambda: len(studio.server.gateway.queue) == 21)
            releasing = asyncio.create_task(release(emulator))
            response = await single
            assert response.status == 200
            await response.read()
        for one in many:
            assert (await one).status == 200
        releasing.cancel()
        texts = [one.text for one in emulator.asked]
        # Behind what ran already, and one more of the other's at the most.
        assert texts.index("Single") <= 3


async def test_no_more_pages_are_open_than_may_be(tmp_path: Path) -> None:
    emulator = AIStudioEmulator(accounts=NAMES)
    async with AIStudioGateway.running(
        tmp_path / "home", emulator, *NAMES, pages=2, page_requests=2
    ) as studio:
        seen = 0
        for number in range(9):
            assert (await studio.ask(f"Question {number}")).status == 200
            seen = max(seen, studio.studio.pages.status().open)
            assert studio.studio.browsers.health().contexts <= 2
        assert 1 <= seen <= 2
        loads = [one for one in emulator.seen if one.path == "/prompts/new_chat"]
        # Each page is opened anew after two questions.
        assert len(loads) >= 9 // 2
        one, two, three = await asyncio.gather(*(studio.ask(f"Together {n}") for n in range(3)))
        assert {one.status, two.status, three.status} == {200}
        assert studio.studio.pages.status().open <= 2


async def test_a_profile_that_the_operator_replaces_gets_a_new_page(tmp_path: Path) -> None:
    emulator = AIStudioEmulator()
    async with AIStudioGateway.running(tmp_path / "home", emulator) as studio:
        await studio.ask("One")
        # The cookies before hold no longer.
        emulator.accounts["first"].sign_in()
        gateway = studio.server.gateway
        (row,) = await studio.rows()
        await credential_store.replace(
            gateway.database,
            gateway.vault,
            gateway.registry.credential_kinds["aistudio_profile"],
            row.id,
            named(emulator, "first"),
            gateway.clock,
        )
        await gateway.snapshots.refresh()
        assert (await studio.ask("Two")).status == 200
        assert [one.status for one in emulator.asked] == [200, 200]
        assert studio.studio.browsers.health().contexts == 1


async def test_a_channel_that_is_disabled_has_no_page_for_long(tmp_path: Path) -> None:
    emulator = AIStudioEmulator()
    async with AIStudioGateway.running(tmp_path / "home", emulator, idle_seconds=0.1) as studio:
        await studio.ask("One")
        gateway = studio.server.gateway
        await channel_store.change(
            gateway.database,
            gateway.vault,
            gateway.registry.providers,
            "main",
            ChannelDraft(enabled=False),
            gateway.clock,
        )
        await gateway.snapshots.refresh()
        await until(lambda: studio.studio.browsers.health().contexts == 0)
        assert studio.studio.pages.status().open == 0
