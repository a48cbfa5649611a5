"""What the numbers are, in exactly the old shapes, and the same whoever answers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from business_admin import Administration
from business_gateway import MODEL, Business

import plugway_gemini_business
from plugway.testing import GatewayServer

pytestmark = pytest.mark.anyio

FRONT = {"status", "service", "version", "mode", "uptime"}
TOTALS = {
    *("total_requests", "success_requests", "failed_requests", "success_rate"),
    *("input_tokens", "output_tokens", "total_tokens", "images_generated", "videos_generated"),
    *("current_rpm", "average_rpm"),
}
STATUS = {
    *("ready", "pending", "total", "available_today", "exceeded_today", "total_requests"),
    *("total_success", "total_failed", "success_rate", "daily_limit", "cooldowns", "target"),
    *("min", "is_registering", "register_stats", "mode"),
}
IPS = {
    *("server_time", "unique_ips", "total_requests", "total_success", "total_failed"),
    *("total_input_tokens", "total_output_tokens", "total_tokens", "total_images"),
    *("total_videos", "ips"),
}
IP = {
    *("ip", "total_count", "success_count", "failed_count", "success_rate", "input_tokens"),
    *("output_tokens", "total_tokens", "images", "videos", "rpm", "first_seen", "last_seen"),
    *("models", "user_agents"),
}


async def chat(business: Business, administration: Administration, *said: str) -> list[int]:
    """Chat, and return the statuses."""
    return [await business.meanwhile(administration.chat(one)) for one in said]


async def test_anybody_sees_that_it_runs_and_no_more(administration: Administration) -> None:
    for role in ("", "user", "unknown"):
        seen = await administration.good("GET /", role=role)
        assert set(seen) == FRONT
        assert (seen["status"], seen["service"], seen["mode"]) == ("running", "plugway", "local")
    async with administration.client.head(administration.server.url) as answer:
        assert answer.status == 200
    headers = {"Authorization": "Bearer sk-wrong"}
    async with administration.client.get(administration.server.url, headers=headers) as answer:
        assert set(await answer.json()) == FRONT


async def test_the_front_has_the_numbers_for_those_who_may(
    business: Business, administration: Administration
) -> None:
    assert await chat(business, administration, "Hello", "Hello") == [200, 200]
    business.clock.advance(3_725)
    for role in ("operator", "admin"):
        seen = await administration.good("GET /", role=role)
        assert set(seen) == FRONT | TOTALS | {"pool", "flow_enabled"}
        assert seen["pool"] == {"ready": 2, "pending": 0, "total": 2}
        assert seen["flow_enabled"] is False
        assert (seen["total_requests"], seen["success_rate"]) == (2, "100.00%")
        assert seen["total_tokens"] == seen["input_tokens"] + seen["output_tokens"] > 0
        assert seen["current_rpm"] == 0
        assert seen["uptime"].startswith("1h2m")


async def test_the_status_tells_how_the_pool_is(
    business: Business, administration: Administration
) -> None:
    seen = await administration.good("GET /admin/status", role="operator")
    assert set(seen) == STATUS
    assert seen["register_stats"] == {
        "total": 0,
        "success": 0,
        "failed": 0,
        "last_error": "",
        "updated_at": None,
    }
    # As whole numbers, which is what they were.
    assert (
        b'"cooldowns":{"refresh_sec":240,"use_sec":0}'
        in (await administration.call("GET /admin/status")).body
    )
    assert (seen["ready"], seen["pending"], seen["total"]) == (2, 0, 2)
    assert (seen["success_rate"], seen["is_registering"]) == ("0.00%", False)
    now = business.clock.now()
    first, second = (one.email for one in business.emulator.accounts)
    await administration.put(first, state="expired", cooling_until=now + 1)
    seen = await administration.good("GET /admin/status")
    assert (seen["ready"], seen["pending"], seen["available_today"]) == (1, 1, 1)
    await administration.put(second, state="disabled")
    seen = await administration.good("GET /admin/status")
    assert (seen["ready"], seen["pending"], seen["total"]) == (0, 1, 1)


async def test_what_a_day_has_is_told(bare: Business) -> None:
    await bare.channel("first", "second", daily_text=1, min_count=1, target_count=3)
    async with Administration(bare.server) as administration:
        assert await chat(bare, administration, "Hello") == [200]
        await bare.states()
        seen = await administration.good("GET /admin/status")
    assert (seen["ready"], seen["available_today"], seen["exceeded_today"]) == (2, 1, 1)
    assert (seen["daily_limit"], seen["min"], seen["target"]) == (1, 1, 3)


async def test_the_statistics_are_of_the_day_and_the_last_hours(
    business: Business, administration: Administration
) -> None:
    assert await chat(business, administration, "Hello") == [200]
    business.emulator.mishap("refused", call="ask", code=500, times=9)
    assert (await chat(business, administration, "Hello"))[0] >= 500
    seen = await administration.good("GET /admin/stats", role="operator")
    assert set(seen) == TOTALS | {
        *("uptime", "uptime_seconds", "models", "hourly", "pool", "proxy_pool")
    }
    assert (seen["total_requests"], seen["failed_requests"], seen["success_rate"]) == (
        2,
        1,
        "50.00%",
    )
    assert seen["current_rpm"] == 2
    (model,) = seen["models"].values()
    assert list(seen["models"]) == [MODEL]
    assert set(model) == {
        *("requests", "success", "success_rate", "input_tokens", "output_tokens"),
        *("total_tokens", "images"),
    }
    assert (model["requests"], model["success"]) == (2, 1)
    assert len(seen["hourly"]) == 24
    assert set(seen["hourly"][0]) == {
        "hour",
        "requests",
        "success",
        "input_tokens",
        "output_tokens",
    }
    assert seen["hourly"][-1]["hour"] == "2027-01-15T08:00:00Z"
    assert [hour["requests"] for hour in seen["hourly"]] == [0] * 23 + [2]
    assert set(seen["pool"]) == STATUS
    assert seen["proxy_pool"] == {"idle": 0, "in_use": 0, "total": 0}
    # The clock stands at midnight in Los Angeles; a day later there is nothing yet.
    business.clock.advance(86_400)
    seen = await administration.good("GET /admin/stats")
    assert (seen["total_requests"], seen["models"], seen["average_rpm"]) == (0, {}, 0)
    assert sum(hour["requests"] for hour in seen["hourly"]) == 0


async def test_addresses_are_summed_up(business: Business, administration: Administration) -> None:
    await business.meanwhile(administration.chat(agent="one/1"))
    business.clock.advance(7_200)
    await business.meanwhile(administration.chat(agent="two/2"))
    seen = await administration.good("GET /admin/ip", role="operator")
    assert set(seen) == IPS
    (line,) = seen["ips"]
    assert set(line) == IP
    assert (line["ip"], line["total_count"], line["success_count"]) == ("127.0.0.1", 2, 2)
    assert (line["rpm"], line["models"]) == (1, {MODEL: 2})
    assert line["user_agents"] == {"one/1": 1, "two/2": 1}
    assert (line["first_seen"][:16], line["last_seen"][:16]) == (
        "2027-01-15T08:00",
        "2027-01-15T10:00",
    )
    assert seen["unique_ips"] == 1
    seen = await administration.good("GET /admin/ip", hours=1)
    assert seen["ips"][0]["user_agents"] == {"two/2": 1}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"hours": 0}, "hours"),
        ({"hours": 721}, "hours"),
        ({"limit": 0}, "limit"),
        ({"limit": 1_001}, "limit"),
        ({"limit": "9; DROP TABLE plugway_usage"}, "limit"),
        ({"sort": "ip"}, "sort"),
    ],
)
async def test_questions_for_addresses_are_bounded(
    administration: Administration, query: Any, field: str
) -> None:
    assert await administration.refused("GET /admin/ip", **query) == (400, field)


async def test_two_gateways_on_one_database_tell_the_same(
    business: Business, administration: Administration, tmp_path: Path
) -> None:
    assert await chat(business, administration, "Hello", "Hello") == [200, 200]
    await administration.put(business.emulator.accounts["first"].email, state="quarantined")
    environ = {"PLUGWAY__PLUGINS__GEMINI_BUSINESS__RENEWAL": "off"}
    plugins = {"gemini_business": plugway_gemini_business}
    async with GatewayServer(
        tmp_path / "home", plugins=plugins, environ=environ, clock=business.clock
    ) as other:
        elsewhere = Administration(other)
        elsewhere.keys, elsewhere.client = administration.keys, administration.client
        for place in ("GET /", "GET /admin/status", "GET /admin/stats", "GET /admin/ip"):
            here = await administration.good(place)
            there = await elsewhere.good(place)
            for known in (here, there):
                known.pop("uptime", None)
                known.pop("uptime_seconds", None)
            assert here == there
        assert (await elsewhere.good("GET /"))["pool"] == {"ready": 1, "pending": 1, "total": 2}


async def test_defect_h_two_hundred_questions_at_once_are_answered(
    business: Business, administration: Administration
) -> None:
    assert await chat(business, administration, "Hello") == [200]
    async with asyncio.timeout(60):
        found = await asyncio.gather(*(administration.good("GET /admin/stats") for _ in range(200)))
    assert all(one == found[0] for one in found)
    assert found[0]["total_requests"] == 1


async def test_without_a_channel_there_are_zeros(bare: Business) -> None:
    async with Administration(bare.server) as administration:
        for place in ("GET /", "GET /admin/status", "GET /admin/stats", "GET /admin/ip"):
            assert (await administration.good(place))["total_requests"] == 0
        assert (await administration.good("GET /admin/status"))["total"] == 0
        assert await administration.refused("GET /admin/config/cooldown") == (409, "")
