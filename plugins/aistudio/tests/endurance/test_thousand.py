"""Many requests on one page leave nothing behind: in the gateway, its driver or the page.

`PLUGWAY_ENDURANCE=1000` asks so many, and `-o log_cli=true -o log_cli_level=INFO` shows what
was counted.
"""

from __future__ import annotations

import logging
import os
import sys

import pytest
from aistudio_gateway import AIStudioGateway
from aistudio_growth import Kept, differences

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc"),
]

log = logging.getLogger(__name__)

#: Requests in all, and those after which is counted for the first time.
REQUESTS = max(40, int(os.environ.get("PLUGWAY_ENDURANCE", "60")))
FIRST = max(20, REQUESTS // 10)


async def test_many_requests_on_one_page_leave_nothing(studio: AIStudioGateway) -> None:
    async def ask(number: int) -> None:
        if number % 10 == 3:
            async with studio.stream(f"Question {number}") as events:
                # A client that leaves amid an answer.
                await anext(events)
            return
        answer = await studio.ask(
            f"Question {number}",
            temperature=number % 3 / 2,
            max_tokens=1_000 + number % 5,
            stop=["END"] if number % 4 == 0 else None,
        )
        assert f"Question {number}\n" in answer.message["content"]

    for number in range(FIRST):
        await ask(number)
    before = await Kept.now(studio)
    for number in range(FIRST, REQUESTS):
        await ask(number)
    # As the last one before: what its page shows counts too.
    after = await Kept.now(studio)
    log.info("after %d: %s", FIRST, before)
    log.info("after %d: %s", REQUESTS, after)
    grown, asked = differences(before, after), REQUESTS - FIRST
    assert after.driver == before.driver
    # Connections of the browser to the upstream, in this process, have a task and a handle each.
    for name in ("tasks", "handles", "driver_handles"):
        assert grown[name] <= 12, (name, before, after)
    assert grown["processes"] <= 2
    assert after.network <= before.network + 4
    assert grown["plugin"] <= 10
    assert grown["listeners"] == 0
    assert grown["objects"] <= 1_500 + asked
    assert grown["page_documents"] <= 1
    assert grown["page_nodes"] <= 150
    assert grown["page_listeners"] <= 30
    assert grown["page_heap"] <= 400_000 + 100 * asked
    # The driver collects its garbage late; a thousand requests were 200 MB once.
    assert grown["driver_resident"] <= 40_000 + 30 * asked
    assert grown["resident"] <= 10_000 + 5 * asked
    studio_pages = studio.studio.pages.status()
    assert studio_pages.open == 1
    assert studio.studio.browsers.restarts == 0
