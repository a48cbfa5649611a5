"""A check of the page in a browser of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plugway import UnreadableAnswer, UpstreamTimeout
from plugway_aistudio.page.chat import Chat
from plugway_aistudio.page.check import Check, Finding, shoot
from plugway_aistudio.page.patience import within
from plugway_aistudio.page.selectors import Selectors
from plugway_aistudio.page.window import Window

if TYPE_CHECKING:
    from plugway import Browser, Clock

#: Seconds for all of it, once the browser is open.
SECONDS = 180.0


async def checked(
    browser: Browser,
    state: Mapping[str, Any],
    base: str,
    *,
    clock: Clock,
    selectors: Selectors,
    model: str = "",
    proxy: str | None = None,
    screenshot: Path | None = None,
    size: tuple[int, int] = (1_440, 900),
) -> list[Finding]:
    """Open AI Studio with a profile, and look for every part of its page.

    No model is asked anything, so it uses up no quota.

    Args:
        browser: This machine's.
        state: The profile: `storage_state` of Playwright.
        base: Scheme and host of AI Studio.
        clock: The time.
        selectors: The parts.
        model: The one to open the page with; empty: the page's own choice.
        proxy: As `Browser.way` takes it.
        screenshot: Where a picture of the page goes, also when it is not the one that is known.
        size: Width and height of the page, pixels.

    Raises:
        CredentialExpired: The profile is not signed in any more.
        ChallengeRequired: The upstream wants a person.
        CredentialRestricted: The account may not use AI Studio.
        UpstreamUnreachable: The network does not let it.
        UpstreamTimeout: It took too long.
        ConfigurationError: There is no browser, or a selector is none.
        Unavailable: The browser failed.
    """
    base = base.rstrip("/")
    async with browser.way(proxy) as way, browser.run() as running:
        context = await running.new_context(
            # The driver's type is known to checkers only.
            storage_state=dict(state),  # type: ignore[arg-type]
            proxy=way,
            viewport={"width": size[0], "height": size[1]},
        )
        window = await Window.opened(
            context,
            base=base,
            selectors=selectors,
            capture="auto",
            clock=clock,
            models=lambda _: None,
        )
        try:
            return await within(_walk(window, base, model, screenshot), SECONDS, clock)
        except TimeoutError:
            raise UpstreamTimeout("The check took too long.", acted=False) from None
        finally:
            await window.close()


async def _walk(window: Window, base: str, model: str, screenshot: Path | None) -> list[Finding]:
    chat = Chat(window.dom, base, window.visit, {})
    try:
        # Without a prompt too there may be other parts to look for.
        with contextlib.suppress(UnreadableAnswer):
            await chat.first(model)
        return await Check(window.dom, chat).walk()
    finally:
        if screenshot is not None and window.alive:
            await shoot(window.dom, screenshot)
