"""What `/health` says of a browser that ended, and of one that does not start."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aistudio_gateway import AIStudioGateway

from plugway_aistudio.emulator import AIStudioEmulator
from plugway_aistudio.page.driver import PageDriver

pytestmark = pytest.mark.anyio


async def health(studio: AIStudioGateway) -> tuple[int, str]:
    async with studio.client.get("/health") as answer:
        return answer.status, (await answer.json())["message"]


async def test_a_browser_that_ended_is_started_for_the_next_call(tmp_path: Path) -> None:
    async with AIStudioGateway.running(tmp_path / "home", AIStudioEmulator()) as studio:
        assert (await studio.ask()).status == 200
        studio.emulator.mishap("status", status=500, times=9)
        assert (await studio.ask()).status == 502
        driver = studio.driver
        assert isinstance(driver, PageDriver)
        assert driver.page is not None
        assert driver.page.context.browser is not None
        await driver.page.context.browser.close()
        async with asyncio.timeout(30):
            while studio.studio.browsers.health().running:
                await asyncio.sleep(0.01)
        # Who sends no calls where health is bad would never send one again.
        assert await health(studio) == (200, "AI Studio can be asked.")


async def test_a_browser_that_does_not_start_is_told(tmp_path: Path) -> None:
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o700)
    async with AIStudioGateway.running(
        tmp_path / "home", AIStudioEmulator(), program=str(program)
    ) as studio:
        assert (await health(studio))[0] == 200
        assert (await studio.ask()).status >= 500
        status, message = await health(studio)
        assert (status, "cannot be started" in message) == (503, True)
