"""What runs beside the requests ends when it is told to, and is not kept when it has ended."""

from __future__ import annotations

import asyncio

import pytest

from plugway.background import Background
from plugway.testing import ManualClock

pytestmark = pytest.mark.anyio


async def test_what_has_ended_by_itself_is_not_kept() -> None:
    background, ended = Background(ManualClock()), asyncio.Event()

    async def short() -> None:
        ended.set()

    for _ in range(3):
        ended.clear()
        background.keep(short(), "short")
        await ended.wait()
    await asyncio.sleep(0)
    assert not background._loops  # noqa: SLF001  # that is what would grow
    await background.stop(1)


async def test_what_nothing_is_lost_with_does_not_hold_up_the_end() -> None:
    background, cancelled = Background(ManualClock()), False

    async def long() -> None:
        nonlocal cancelled
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled = True
            raise

    background.keep(long(), "long")
    await asyncio.sleep(0)
    await background.stop(0)
    assert cancelled
