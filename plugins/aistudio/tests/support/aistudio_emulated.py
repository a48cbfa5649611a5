"""The emulated AI Studio in tests: a browser driven by hand, and a client of its methods."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from plugway.testing import ManualClock
from plugway_aistudio.emulated.rpc import SERVICE
from plugway_aistudio.emulated.tokens import made
from plugway_aistudio.emulator import AIStudioEmulator

#: Milliseconds that a test waits for what the page does; generous, for busy machines.
PATIENCE = 30_000

_CONFIG = re.compile(r'<script id="config" type="application/json">(.*?)</script>', re.DOTALL)


def chromium() -> str:
    """Return where a browser is; without one, the test is left out."""
    told = os.environ.get("PLUGWAY_TEST_CHROMIUM")
    for path in (told, *map(shutil.which, ("chromium", "chromium-headless-shell"))):
        if path and Path(path).exists():
            return path
    pytest.skip("no browser: install chromium (apt install chromium), or set PLUGWAY_TEST_CHROMIUM")


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """Run a browser that nobody sees."""
    path = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path,
            # Chromium's sandbox does not work for root, who runs tests in containers.
            args=["--no-sandbox"] if os.getuid() == 0 else [],
        )
        yield browser
        await browser.close()


@asynccontextmanager
async def signed_in(
    browser: Browser, emulator: AIStudioEmulator, account: str = "first", **options: Any
) -> AsyncIterator[Page]:
    """Open a page with an account's profile; it has not gone anywhere yet.

    Args:
        browser: Where.
        emulator: Of the page.
        account: Whose profile.
        options: Of the context.
    """
    given = {"viewport": {"width": 1_440, "height": 900}, **options}
    state = json.loads(emulator.profile(account))
    context = await browser.new_context(storage_state=state, **given)
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page = await context.new_page()
    yield page
    await context.close()


async def open_chat(page: Page, emulator: AIStudioEmulator, model: str = "") -> None:
    """Go to a new chat, and wait until it has its settings.

    Args:
        page: The page.
        emulator: Of the page.
        model: Which model; empty: the page's own choice.
    """
    query = f"?model={model}" if model else ""
    await page.goto(f"{emulator.url}/prompts/new_chat{query}")
    await expect(page.locator("ms-run-settings ms-model-selector")).to_be_visible()


async def ask(page: Page, text: str) -> None:
    """Type a question and click Run, in the page's new layout."""
    await page.fill("textarea.textarea", text)
    await page.click("ms-run-button button[type=submit]:enabled")


async def answered(page: Page) -> str:
    """Wait for the end of the last answer, and return its text."""
    last = page.locator(".chat-turn-container.model").last
    await expect(last.locator("button.toggle-edit-button")).to_be_visible()
    return "".join(await last.locator("ms-cmark-node").all_inner_texts())


class Visitor:
    """Runs an emulator with a clock that stands, and asks it as its page does.

    Attributes:
        emulator: The emulator.
        clock: Its time.
        client: Asks; it sends cookies as given, and never takes any over.
        mark: Of the last load of the page.
    """

    def __init__(self, *accounts: str, **behaviour: Any) -> None:
        """Prepare.

        Args:
            accounts: None: `first`.
            behaviour: Of the emulator.
        """
        self.clock = ManualClock()
        self.emulator = AIStudioEmulator(accounts=accounts or ("first",), now=self.now, **behaviour)
        self.client: aiohttp.ClientSession
        self.mark = ""
        self._sent = 0

    def now(self) -> float:
        """Return seconds since 1970."""
        return self.clock.now() / 1_000_000

    async def __aenter__(self) -> Visitor:
        await self.emulator.start()
        jar = aiohttp.DummyCookieJar()
        self.client = aiohttp.ClientSession(self.emulator.url, cookie_jar=jar)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.client.close()
        await self.emulator.stop()

    def cookies(self, account: str = "first") -> dict[str, str]:
        """Return an account's newest cookies."""
        return self.emulator.accounts[account].cookies()

    async def load(self, account: str = "first") -> dict[str, Any]:
        """Load the page, and return what it is told."""
        headers = cookie_header(self.cookies(account))
        async with self.client.get("/prompts/new_chat", headers=headers) as answer:
            found = _CONFIG.search(await answer.text())
            assert found is not None, answer.status
            told: dict[str, Any] = json.loads(found[1])
            self.mark, self._sent = told["mark"], 0
            return told

    def body(
        self, text: str = "Hello", *, model: str = "gemini-2.5-flash", **places: Any
    ) -> list[Any]:
        """Write a request with a good token.

        Args:
            text: What is said.
            model: Which model.
            places: Others of its places, as `p3=…`.
        """
        self._sent += 1
        contents = places.pop("p1", [[[[None, text]], "user"]])
        token = made(self.mark, self._sent, contents)
        sent: list[Any] = [f"models/{model}", contents, None, None, token, *[None] * 5]
        for name, value in places.items():
            sent[int(name[1:])] = value
        return sent

    async def call(
        self, body: Any, *, method: str = "GenerateContent", account: str = "first", **headers: str
    ) -> tuple[int, str]:
        """Call a method, and return its status and body."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {**cookie_header(self.cookies(account)), **headers}
        async with self.client.post(f"{SERVICE}/{method}", data=data, headers=given) as answer:
            return answer.status, await answer.text()


def cookie_header(cookies: dict[str, str]) -> dict[str, str]:
    """Return cookies as a header."""
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}


def array(text: str) -> Any:
    """Read an array in which nulls may be left out, in the plainest way there is."""
    out, inside, last, at = "", False, "", 0
    while at < len(text):
        sign = text[at]
        if inside and sign == "\\":
            out += text[at : at + 2]
            at += 2
            continue
        if sign == '"':
            inside = not inside
        elif not inside and ((sign == "," and last in "[,") or (sign == "]" and last == ",")):
            out += "null"
        out += sign
        if not inside:
            last = sign
        at += 1
    return json.loads(out)
