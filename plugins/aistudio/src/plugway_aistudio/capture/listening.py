"""How a page is listened to, by what its engine can."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from plugway import ConfigurationError
from plugway_aistudio.capture.capture import Capture
from plugway_aistudio.capture.cdp import CdpCapture
from plugway_aistudio.capture.script import ScriptCapture

if TYPE_CHECKING:
    from playwright.async_api import Page

    from plugway import Clock


Kind = Literal["auto", "cdp", "script"]


async def listen(
    page: Page,
    *,
    kind: Kind = "auto",
    clock: Clock,
    models: Callable[[bytes], None],
) -> Capture:
    """Listen to a page, before it goes anywhere.

    Args:
        page: The page.
        kind: `cdp`: by the debugging protocol of a Chromium; `script`: by a script in the page;
            `auto`: the first where the engine has it.
        clock: Tells when an answer was heard of.
        models: Called with the body of each list of models that the page gets.

    Raises:
        ConfigurationError: The engine does not have it.
        playwright.async_api.Error: The page is gone.
    """
    browser = page.context.browser
    # A context without a browser is one of a Chromium with a profile folder.
    chromium = browser is None or browser.browser_type.name == "chromium"
    if kind == "cdp" and not chromium:
        raise ConfigurationError(
            "plugins.aistudio.capture: only Chromium has cdp; set auto or script"
        )
    if kind == "script" or not chromium:
        return await ScriptCapture.listening(page, clock, models)
    return await CdpCapture.listening(page, clock, models)
