"""What a frame reports waits for its reader, and the frame with it."""

from __future__ import annotations

import asyncio

import pytest

from plugway.testing import ManualClock
from plugway_aistudio.relay.reports import LIMIT, End, Failed, Piece, Reports, Status

pytestmark = pytest.mark.anyio


def text(size: int, number: int = 1) -> dict[str, object]:
    return {"id": number, "kind": "text", "text": "x" * size}


async def test_reports_come_in_their_order() -> None:
    reports = Reports(1, ManualClock())
    for told in (
        {"id": 1, "kind": "status", "status": 200, "after": ""},
        text(2),
        {"id": 1, "kind": "end"},
        {"id": 1, "kind": "failed"},
    ):
        await reports.take(told)
    found = [await reports.next(1) for _ in range(4)]
    assert found == [Status(1, 200), Piece(1, "xx"), End(1), Failed(1)]


@pytest.mark.parametrize(
    "told",
    [
        None,
        "text",
        [],
        {},
        {"id": 1, "kind": "status"},
        {"id": 1, "kind": "status", "status": "200"},
        {"id": 1, "kind": "status", "status": None, "after": 3},
        {"id": 1, "kind": "text", "text": {"deep": []}},
        {"id": 2, "kind": "text", "text": "of another request"},
        {"id": "1", "kind": "end"},
        {"id": 1, "kind": "gone", "value": "as the gateway itself would say"},
    ],
)
async def test_what_is_no_report_of_this_request_is_passed_over(told: object) -> None:
    reports = Reports(1, ManualClock())
    await reports.take(told)
    await reports.take({"id": 1, "kind": "end"})
    assert await reports.next(1) == End(1)


async def test_a_frame_waits_while_nobody_reads() -> None:
    reports = Reports(1, ManualClock())
    await reports.take(text(LIMIT - 1))
    telling = asyncio.create_task(reports.take(text(10)))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not telling.done()
    assert reports.held == LIMIT + 9
    assert await reports.next(1) == Piece(1, "x" * (LIMIT - 1))
    await telling
    assert reports.held == 10


async def test_nothing_waits_any_more_once_it_is_closed() -> None:
    reports = Reports(1, ManualClock())
    telling = asyncio.create_task(reports.take(text(LIMIT)))
    await asyncio.sleep(0)
    reports.close()
    await telling
    await reports.take(text(5))
    # What came before is read to its end.
    assert await reports.next(1) == Piece(1, "x" * LIMIT)
    assert await reports.next(1) is None


async def test_silence_is_noticed() -> None:
    clock = ManualClock()
    waiting = asyncio.create_task(Reports(1, clock).next(30))
    for _ in range(5):
        await asyncio.sleep(0)
    clock.advance(31)
    with pytest.raises(TimeoutError):
        await waiting
