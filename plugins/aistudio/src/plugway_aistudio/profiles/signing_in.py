"""Interactive sign-in: a person signs in, in a browser that is seen, and the profile is taken."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from plugway import UpstreamTimeout
from plugway_aistudio.profiles.visit import Visit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import Page

    from plugway import Browser
    from plugway_aistudio.profiles.profile import Profile

#: Seconds that a person gets.
SECONDS = 600.0


async def sign_in(
    browser: Browser,
    base: str,
    name: str,
    *,
    now: Callable[[], float],
    proxy: str | None = None,
    seconds: float = SECONDS,
    visible: bool = True,
    person: Callable[[Page], Awaitable[None]] | None = None,
) -> Profile | None:
    """Let a person sign in, and take the profile as soon as the page lists its models.

    Args:
        browser: This machine's; each sign-in begins without a past.
        base: The channel's base URL.
        name: What the profile is called.
        now: Returns seconds since 1970.
        proxy: As `Browser.open` takes it.
        seconds: That the person gets, above 0.
        visible: Off only where nobody needs to see anything, as in tests.
        person: Does in tests what a person would.

    Returns:
        The profile; None: the window was closed before.

    Raises:
        ConfigurationError: There is no browser, or no display.
        CredentialRestricted: The account may not use AI Studio.
        UpstreamTimeout: Nobody has signed in.
        UpstreamUnreachable: The page cannot be reached.
        UnreadableAnswer: The signed-in browser has no sign-in of Google's.
    """
    acting: asyncio.Task[None] | None = None
    try:
        async with (
            asyncio.timeout(seconds),
            browser.open(proxy=proxy, visible=visible) as context,
        ):
            visit = Visit(context, base)
            await visit.begin()
            if person is not None:
                acting = asyncio.ensure_future(_acting(person, visit.page))
            if not await visit.signed_in():
                return None
            return await visit.profile(name, now())
    except TimeoutError:
        raise UpstreamTimeout(f"Nobody signed in within {seconds:g} s.", acted=False) from None
    finally:
        if acting is not None:
            acting.cancel()
            await asyncio.gather(acting, return_exceptions=True)


async def _acting(person: Callable[[Page], Awaitable[None]], page: Page) -> None:
    await person(page)
