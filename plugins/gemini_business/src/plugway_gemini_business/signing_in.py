"""Interactive sign-in: a person signs in, in a browser that is seen, and the account is taken."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from plugway import UpstreamTimeout
from plugway_gemini_business.visit import Place, Visit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import Page

    from plugway import Browser
    from plugway_gemini_business.account import Account

#: Seconds that a person gets.
SECONDS = 600.0


async def sign_in(
    browser: Browser,
    place: Place,
    *,
    now: Callable[[], float],
    proxy: str | None = None,
    seconds: float = SECONDS,
    visible: bool = True,
    person: Callable[[Page], Awaitable[None]] | None = None,
) -> Account | None:
    """Let a person sign in one account, and take it as soon as its page uses a bearer.

    Args:
        browser: This machine's; each sign-in begins without a past.
        place: Where the upstream is.
        now: Returns seconds since 1970.
        proxy: As `Browser.open` takes it.
        seconds: That the person gets, above 0.
        visible: Off only where nobody needs to see anything, as in tests.
        person: Does in tests what a person would.

    Returns:
        The account, with the e-mail address that its page shows, if it shows one; None: the
        window was closed before.

    Raises:
        ConfigurationError: There is no browser, or no display.
        CredentialRestricted: The account may not be used.
        UpstreamTimeout: Nobody has signed in.
        UpstreamUnreachable: The page cannot be reached.
        UnreadableAnswer: The signed-in page does not tell what an account needs.
    """
    acting: asyncio.Task[None] | None = None
    try:
        async with (
            asyncio.timeout(seconds),
            browser.open(proxy=proxy, visible=visible) as context,
        ):
            visit = Visit(context, place)
            await visit.begin()
            if person is not None:
                acting = asyncio.ensure_future(_acting(person, visit.page))
            if not await visit.signed_in():
                return None
            account = await visit.account(None, now=now())
            return msgspec.structs.replace(account, email=await visit.address())
    except TimeoutError:
        raise UpstreamTimeout(f"Nobody signed in within {seconds:g} s.", acted=False) from None
    finally:
        if acting is not None:
            acting.cancel()
            await asyncio.gather(acting, return_exceptions=True)


async def _acting(person: Callable[[Page], Awaitable[None]], page: Page) -> None:
    await person(page)
