"""People who sign in to the emulator, for tests; a real one uses the window."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from plugway_aistudio.emulator import AIStudioEmulator

if TYPE_CHECKING:
    from playwright.async_api import Page

Person: TypeAlias = "Callable[[Page], Awaitable[None]]"


def owner(emulator: AIStudioEmulator, account: str = "first") -> Person:
    """Return who owns an account: mistypes the password once, then gets in."""

    async def sign_in(page: Page) -> None:
        known = emulator.accounts[account]
        await page.get_by_label("Email or phone").fill(known.email)
        await page.get_by_role("button").click()
        await page.get_by_label("Enter your password").fill("wrong")
        await page.get_by_role("button").click()
        await page.get_by_text("Wrong password").wait_for()
        await page.get_by_label("Enter your password").fill(known.password)
        await page.get_by_role("button").click()

    return sign_in


async def nobody(page: Page) -> None:
    """Look at the page and do nothing."""
    await page.get_by_label("Email or phone").wait_for()


async def leaver(page: Page) -> None:
    """Begin, think better of it and close the window."""
    await page.get_by_label("Email or phone").fill("somebody@studio.example")
    await page.close()
