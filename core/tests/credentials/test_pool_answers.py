"""What a pool makes of calls that end early, and what it tells those who come too soon."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pool_choir import Choir, ChoirHouse

from plugway import ChatEvent, ChatModel, ChatRequest, TextDelta, Turn
from plugway.testing.clock import ManualClock
from plugway.testing.scripted import answer

if TYPE_CHECKING:
    from plugway.storage.models import CredentialRow

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> ManualClock:
    """Stand still."""
    return ManualClock()


@pytest.fixture
async def choir(tmp_path: Path, clock: ManualClock) -> AsyncIterator[ChoirHouse]:
    """Give a gateway that a test opens."""
    house = ChoirHouse(tmp_path / "home", clock)
    yield house
    await house.close()


def _used(row: CredentialRow) -> int:
    uses: dict[str, int] = json.loads(row.quotas).get("uses", {})
    return uses.get("text", 0)


async def test_an_answer_that_the_client_leaves_is_a_use_of_the_day(
    choir: ChoirHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken = asyncio.Event()

    async def begins(
        self: Choir, request: ChatRequest, model: ChatModel, turn: Turn
    ) -> AsyncGenerator[ChatEvent, None]:
        await (await turn.send("POST", "/sing")).read(99)
        yield TextDelta("la")
        spoken.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(Choir, "answer", begins)
    await choir.open(1, daily_text=1, wait=0)
    asking = asyncio.create_task(choir.sing())
    await spoken.wait()
    asking.cancel()
    rows = await choir.rows(until=lambda row: _used(row) == 1)
    assert [row.state for row in rows] == ["ready"]
    monkeypatch.undo()
    assert (await choir.sing())[0] == 429
    assert choir.asked.total() == 1


async def test_a_channel_of_which_nobody_knows_shortens_no_wait(choir: ChoirHouse) -> None:
    choir.voices["all"] = answer("429 No", b"no", "retry-after: 100")
    await choir.open(1, wait=0)
    await choir.server.channel("choir", "http://127.0.0.1:9", name="empty", models=["singer"])
    for _ in range(2):
        status, _, headers = await choir.sing()
        assert (status, headers["retry-after"]) == (429, "100")


async def test_a_429_that_says_0_begins_no_storm(choir: ChoirHouse) -> None:
    choir.voices["all"] = answer("429 No", b"no", "retry-after: 0")
    await choir.open(2, wait=0, use_cooldown=0)
    for _ in range(20):
        assert (await choir.sing())[0] == 429
    assert choir.asked.total() == 2
