"""People who sign in, for tests; a real one uses the window."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from plugway_gemini_business.emulator import GeminiBusinessEmulator

if TYPE_CHECKING:
    from playwright.async_api import Page

Person: TypeAlias = "Callable[[Page], Awaitable[None]]"


def owner(emulator: GeminiBusinessEmulator, account: str = "first") -> Person:
    """Return who owns an account: mistypes the code once, then gets in."""

    async def sign_in(page: Page) -> None:
        known = emulator.accounts[account]
        await page.fill("#email", known.email)
        await page.click("button")
        await page.fill("#code", "wrong")
        await page.click("button")
        await page.get_by_role("alert").wait_for()
        await page.fill("#code", known.code)
        await page.click("button")

    return sign_in


async def nobody(page: Page) -> None:
    """Look at the page and do nothing."""
    await page.locator("#email").wait_for()


async def leaver(page: Page) -> None:
    """Begin, think better of it and close the window."""
    await page.fill("#email", "somebody@business.example")
    await page.close()
