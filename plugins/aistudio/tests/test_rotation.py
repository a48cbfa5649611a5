"""Several profiles: who takes over, for which models, and until when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest
from aistudio_gateway import MODEL, AIStudioGateway
from aistudio_said import say
from command_line import Ran, Shell

from plugway_aistudio.emulator import AIStudioEmulator

pytestmark = pytest.mark.anyio

OTHER = "gemma-3-27b-it"


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[AIStudioGateway]:
    """Run a gateway with two profiles."""
    emulator = AIStudioEmulator(accounts=("first", "second"))
    async with AIStudioGateway.running(tmp_path / "home", emulator, channel={"wait": 20}) as studio:
        yield studio


def askers(studio: AIStudioGateway) -> list[str]:
    """Return whose questions the upstream got."""
    return [one.account for one in studio.emulator.asked]


async def credentials(studio: AIStudioGateway, folder: Path) -> list[dict[str, Any]]:
    """Return what `plugway credentials list` shows, by name."""
    # States are written beside the requests.
    await studio.rows()
    admin = await studio.server.user("boss", credits_=0, role="admin")
    key = await studio.server.key(admin)
    words = ("--url", studio.server.url, "--admin-key", key, "credentials", "list", "--json")
    ran: Ran = await asyncio.to_thread(Shell(folder / "elsewhere"), *words)
    found: list[dict[str, Any]] = ran.json
    return sorted(found, key=lambda one: str(one["label"]))


async def test_a_quota_moves_the_question_to_the_next_profile_and_only_for_its_model(
    pair: AIStudioGateway, streams: bool, tmp_path: Path
) -> None:
    for name in ("first", "second"):
        pair.emulator.limit(name, MODEL, day=0)
    pair.emulator.accounts["second"].limits.clear()
    said = [(await say(pair, f"{number}", streams=streams)).text for number in range(3)]
    assert [one.split("\n")[0] for one in said] == [f"You said: {number}" for number in range(3)]
    # One question found it out, and nobody was asked in vain again.
    assert askers(pair).count("first") <= 1
    assert askers(pair).count("second") == 3
    while "first" not in askers(pair):
        await say(pair, streams=streams)
    first, second = await credentials(pair, tmp_path)
    assert (first["label"], first["state"], second["state"]) == ("first", "ready", "ready")
    assert list(first["quotas"]) == [MODEL]
    # Another model is asked of both.
    pair.emulator.asked.clear()
    for _ in range(2):
        await say(pair, "Other", OTHER, streams=streams)
    assert "first" in askers(pair)


async def test_when_all_are_used_up_it_says_until_when(pair: AIStudioGateway) -> None:
    for name in ("first", "second"):
        pair.emulator.limit(name, MODEL, day=0)
        pair.emulator.limit(name, OTHER, minute=0)
    zone = ZoneInfo("America/Los_Angeles")
    for streams in (False, True):
        refused = await pair.ask(stream=streams)
        now = datetime.now(zone)
        midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), zone)
        assert (refused.status, refused.error["code"]) == (429, "rate_limit_exceeded")
        left = midnight.timestamp() - now.timestamp()
        assert abs(int(refused.headers["retry-after"]) - left) <= 5
    # Each was asked once, and left alone from then on.
    assert sorted(askers(pair)) == ["first", "second"]
    asked = time.time()
    refused = await pair.ask("Hi", OTHER)
    assert refused.status == 429
    # The window began with the minute in which it was asked.
    assert 1 <= int(refused.headers["retry-after"]) <= 61
    ends = asked + int(refused.headers["retry-after"])
    assert abs(ends / 60 - round(ends / 60)) * 60 <= 15
    assert await pair.charged() == 0


async def test_a_refusal_moves_the_question_to_the_next_profile(
    pair: AIStudioGateway, tmp_path: Path
) -> None:
    pair.emulator.mishap("status", status=403, account="first", times=9)
    for number in range(3):
        assert (await say(pair, f"{number}", streams=False)).text.startswith(f"You said: {number}")
    # The first refusal may be the page's fault, the second one is the account's.
    assert askers(pair).count("first") <= 2
    while askers(pair).count("first") < 2:
        await pair.ask()
    first, second = await credentials(pair, tmp_path)
    assert (first["state"], second["state"]) == ("restricted", "ready")


@pytest.mark.parametrize("state", ["expired", "restricted"])
async def test_a_profile_that_cannot_go_on_leaves_the_question_to_the_next(
    pair: AIStudioGateway,
    tmp_path: Path,
    state: Literal["expired", "restricted"],
) -> None:
    # Both have pages that work; then one is signed out.
    await asyncio.gather(pair.ask("a"), pair.ask("b"))
    pair.emulator.accounts["first"].state = state
    for number in range(3):
        said = await say(pair, f"{number}", streams=bool(number % 2))
        assert said.text.startswith(f"You said: {number}")
    first, second = await credentials(pair, tmp_path)
    assert (first["state"], second["state"]) == (
        "expired" if state == "expired" else "restricted",
        "ready",
    )
    assert first["reason"]
    assert await pair.charged() > 0


@pytest.mark.parametrize("kind", ["cut"])
async def test_what_breaks_off_before_its_first_word_is_asked_again_elsewhere(
    pair: AIStudioGateway, kind: str
) -> None:
    pair.emulator.mishap(kind)
    assert (await say(pair, "Again", streams=True)).text.startswith("You said: Again")
    assert sorted(askers(pair)) == ["first", "second"]
    assert len(await pair.server.usage()) == 1
    assert await pair.charged() == (await pair.server.usage())[0].credits


async def test_without_another_profile_it_says_that_nobody_is_signed_in(tmp_path: Path) -> None:
    emulator = AIStudioEmulator()
    async with AIStudioGateway.running(tmp_path / "home", emulator) as studio:
        emulator.accounts["first"].state = "expired"
        refused = await studio.ask(stream=True)
        assert refused.status == 503, refused.body
        assert "wants somebody to sign in" in refused.error["message"]
        assert int(refused.headers["retry-after"]) >= 1
        (row,) = await studio.rows()
        assert row.state == "expired"
        assert "sign" in row.reason
        assert not emulator.asked
        assert await studio.charged() == 0
