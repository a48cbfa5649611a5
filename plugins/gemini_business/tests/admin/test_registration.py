"""One person signs in at the gateway's machine; nothing is made in bulk."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest
from business_admin import Administration
from business_gateway import Business
from machine_browser import descendants, gone, machine_browser
from person import Person, leaver, owner

from plugway import Conflict
from plugway_gemini_business.admin.registration import RegisterStats, Registration

pytestmark = pytest.mark.anyio

PLACE = "POST /admin/register"


@pytest.fixture
def environ() -> dict[str, str]:
    """Let nothing be renewed, and name the browser."""
    return {"PLUGWAY__BROWSER__PATH": os.environ.get("PLUGWAY_TEST_CHROMIUM", "")}


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the display away."""
    if sys.platform != "linux":
        pytest.skip("elsewhere there always is a display")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


async def ended(registration: Registration) -> RegisterStats:
    """Wait for a sign-in to end, and return how they went."""
    async with asyncio.timeout(60):
        while registration.running:
            await asyncio.sleep(0.01)
    return registration.stats


async def enter(bare: Business, person: Person) -> RegisterStats:
    """Sign in to the only channel."""
    machine_browser()
    (channel,) = bare.server.gateway.channels.all()
    registration = Registration(bare.server.gateway, visible=False, person=person)
    registration.check()
    registration.start(channel)
    with pytest.raises(Conflict, match="already"):
        registration.check()
    return await ended(registration)


async def test_bulk_is_refused_in_words(administration: Administration) -> None:
    for count in (0, 2, 10_000, -1):
        answer = await administration.call(PLACE, {"count": count})
        assert (answer.status, answer.json["error"]["field"]) == (400, "count")
        assert "not made in bulk" in answer.error
    assert await administration.refused(PLACE, {"count": "1"}) == (400, "count")
    assert await administration.audited() == []


async def test_without_a_display_it_is_said_how_to_sign_in(
    administration: Administration, nowhere: None
) -> None:
    machine_browser()
    answer = await administration.call(PLACE, {})
    assert answer.status == 409
    assert "no display" in answer.error
    assert "plugway gemini-business login" in answer.error
    assert (await administration.good("GET /admin/status"))["is_registering"] is False


async def test_a_channel_must_be_known(bare: Business) -> None:
    async with Administration(bare.server) as administration:
        assert await administration.refused(PLACE) == (409, "channel")
        await bare.channel("first")
        await bare.channel("second", name="spare")
        assert await administration.refused(PLACE) == (409, "channel")
        assert await administration.refused(PLACE, {"channel": "none"}) == (409, "channel")


async def test_who_signs_in_is_in_the_pool(bare: Business) -> None:
    await bare.channel()
    before = descendants()
    stats = await enter(bare, owner(bare.emulator))
    assert (stats.total, stats.success, stats.failed, stats.last_error) == (1, 1, 0, "")
    assert stats.updated_at == "2027-01-15T08:00:00Z"
    assert (await bare.row("first")).state == "ready"
    assert (await bare.ask()).status == 200
    assert await gone(before)


async def test_who_leaves_changes_nothing(bare: Business) -> None:
    await bare.channel("second")
    stats = await enter(bare, leaver)
    assert (stats.total, stats.success, stats.failed) == (1, 0, 1)
    assert stats.last_error == "the window was closed"
    assert len(bare.server.gateway.credentials.all(1)) == 1
