"""Pauses are changed for good, at once, and in every process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from business_admin import Administration
from business_gateway import Business

import plugway_gemini_business
from plugway.storage.models import ChannelRow
from plugway.testing import GatewayServer

pytestmark = pytest.mark.anyio

PLACE = "/admin/config/cooldown"


async def test_a_pause_counts_from_the_next_claim_on(bare: Business) -> None:
    await bare.channel("first")
    async with Administration(bare.server) as administration:
        for _ in range(2):
            assert (await bare.ask()).status == 200
        changed = await administration.good(f"POST {PLACE}", {"use_cooldown_sec": 600})
        assert set(changed) == {"message", "refresh_cooldown_sec", "use_cooldown_sec"}
        assert (changed["use_cooldown_sec"], changed["refresh_cooldown_sec"]) == (600, 240)
        assert (await bare.ask()).status == 200
        # It rests now, and nobody waits as long.
        refused = await bare.ask()
        assert refused.status in (429, 503)
        assert 500 < int(refused.headers["retry-after"]) <= 600
        bare.clock.advance(600)
        assert (await bare.ask()).status == 200
        assert await administration.audited() == [("a admin/key", "gemini_business.cooldown")]


async def test_a_bearer_is_used_as_long_as_is_said(
    business: Business, administration: Administration
) -> None:
    def minted() -> int:
        return sum(seen.path == "/auth/getoxsrf" for seen in business.emulator.seen)

    await administration.good(f"POST {PLACE}", {"refresh_cooldown_sec": 30})
    for _ in range(2):
        await business.ask()
        await business.ask()
    before = minted()
    business.clock.advance(31)
    await business.ask()
    await business.ask()
    assert minted() == before + 2


async def test_other_settings_stay_and_other_processes_follow(
    bare: Business, tmp_path: Path
) -> None:
    await bare.channel("first", proxy="http://me:canary@127.0.0.1:1", language="de-DE")
    environ = {"PLUGWAY__PLUGINS__GEMINI_BUSINESS__RENEWAL": "off"}
    plugins = {"gemini_business": plugway_gemini_business}
    async with (
        Administration(bare.server) as administration,
        GatewayServer(
            tmp_path / "home", plugins=plugins, environ=environ, clock=bare.clock
        ) as other,
    ):
        changed = await administration.call(f"POST {PLACE}", {"use_cooldown_sec": 1.5})
        assert b"canary" not in changed.body
        await other.gateway.snapshots.refresh()
        (settings,) = (one.settings for one in other.gateway.channels.all())
        assert (settings.proxy, settings.language) == ("http://me:canary@127.0.0.1:1", "de-DE")  # type: ignore[attr-defined]  # the plugin's
        assert settings.use_cooldown == 1.5  # type: ignore[attr-defined]  # the plugin's
        elsewhere = Administration(other)
        elsewhere.keys, elsewhere.client = administration.keys, administration.client
        assert await elsewhere.good(f"GET {PLACE}") == {
            "refresh_cooldown_sec": 240,
            "use_cooldown_sec": 1.5,
        }
        row = await bare.server.gateway.database.run(lambda: ChannelRow.get(name="main"))
        assert row.settings["use_cooldown"] == 1.5


async def test_all_channels_change_or_the_one_that_is_named(bare: Business) -> None:
    await bare.channel("first")
    await bare.channel("second", name="spare")
    async with Administration(bare.server) as administration:
        body = {"use_cooldown_sec": 7, "channel": "spare"}
        assert (await administration.good(f"POST {PLACE}", body))["use_cooldown_sec"] == 7
        assert (await administration.good(f"GET {PLACE}"))["use_cooldown_sec"] == 0
        shown = await administration.good(f"GET {PLACE}", channel="spare")
        assert shown["use_cooldown_sec"] == 7
        await administration.good(f"POST {PLACE}", {"use_cooldown_sec": 9})
        for name in ("main", "spare"):
            shown = await administration.good(f"GET {PLACE}", channel=name)
            assert shown["use_cooldown_sec"] == 9


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "use_cooldown_sec"),
        ({"use_cooldown_sec": -1}, 400, "use_cooldown_sec"),
        ({"use_cooldown_sec": 86_401}, 400, "use_cooldown_sec"),
        ({"use_cooldown_sec": "15"}, 400, "use_cooldown_sec"),
        ({"refresh_cooldown_sec": 0}, 400, "refresh_cooldown_sec"),
        ({"refresh_cooldown_sec": 241}, 400, "refresh_cooldown_sec"),
        ({"use_cooldown_sec": 1, "refresh_cooldown_sec": 300}, 400, "refresh_cooldown_sec"),
        ({"use_cooldown_sec": 1, "channel": "nowhere"}, 409, ""),
        ([], 400, ""),
    ],
)
async def test_what_cannot_be_changes_nothing(
    administration: Administration, body: Any, status: int, field: str
) -> None:
    assert await administration.refused(f"POST {PLACE}", body) == (status, field)
    assert await administration.good(f"GET {PLACE}") == {
        "refresh_cooldown_sec": 240,
        "use_cooldown_sec": 0,
    }
