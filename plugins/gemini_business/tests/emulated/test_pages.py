"""The pages of the sign-in, in a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from gemini_business_emulated import Visitor
from playwright.async_api import (
    Browser,
    BrowserContext,
    Page,
    Request,
    async_playwright,
    expect,
)
from playwright.async_api import TimeoutError as PageTimeout

from plugway_gemini_business.emulated.accounts import OSES, SES

pytestmark = pytest.mark.anyio


def chromium(own: str) -> str:
    """Return where a browser is: told, installed by the system, or else Playwright's own."""
    told = os.environ.get("PLUGWAY_TEST_CHROMIUM")
    for path in (told, shutil.which("chromium"), shutil.which("google-chrome"), own):
        if path and Path(path).exists():
            return path
    pytest.skip("there is no Chromium: install one, or say where in PLUGWAY_TEST_CHROMIUM")


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    """Run an emulator with two accounts."""
    async with Visitor("demo", "other") as visitor:
        yield visitor


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Run a browser that nobody sees."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium(playwright.chromium.executable_path),
            # Chromium's sandbox does not work for root, who runs tests in containers.
            args=["--no-sandbox"] if os.getuid() == 0 else [],
        )
        yield browser
        await browser.close()


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """Open a profile without cookies."""
    context = await browser.new_context()
    context.set_default_timeout(20_000)
    yield context
    await context.close()


async def carry(context: BrowserContext, visitor: Visitor, account: str = "demo") -> None:
    """Put an account's cookies into a browser, as a renewal does."""
    pair = visitor.emulator.accounts[account].sign_ins[-1]
    # A `__Host-` cookie has no domain, and an address over TLS.
    url = visitor.emulator.url.replace("http:", "https:")
    await context.add_cookies(
        [{"name": name, "value": value, "url": url} for name, value in _values(pair)]
    )


def _values(pair: Any) -> list[tuple[str, str]]:
    return [(SES, pair.ses), (OSES, pair.oses)]


async def kept(context: BrowserContext) -> dict[str, str]:
    """Return the cookies of a browser."""
    return {each["name"]: each["value"] for each in await context.cookies()}


async def enter(page: Page, visitor: Visitor, email: str) -> None:
    """Begin to sign in."""
    await page.goto(visitor.emulator.url)
    await page.fill("#email", email)
    await page.click("button")


async def test_good_cookies_lead_to_a_bearer_and_new_cookies(
    visitor: Visitor, context: BrowserContext
) -> None:
    await carry(context, visitor)
    account = visitor.emulator.accounts["demo"]
    old = await kept(context)
    page = await context.new_page()
    signed: list[Request] = []
    page.on("request", lambda each: signed.append(each) if _bearer(each) else None)
    await page.goto(visitor.emulator.url)
    await expect(page).to_have_title("Gemini Business")
    assert page.url.endswith(f"/home/cid/{account.config_id}?csesidx={account.csesidx}")
    assert _bearer(signed[0]).startswith("Bearer ey")
    assert signed[0].url.endswith("/widgetListSessions")
    await expect(page.locator("#sessions")).to_have_text("Conversations: 0")
    new = await kept(context)
    assert new == dict(_values(account.sign_ins[-1])) != old
    # Both pairs hold.
    assert [pair.revoked for pair in account.sign_ins] == [False, False]
    assert visitor.emulator.truth.counts("demo") == {"page": 2, "mint": 1, "sessions": 1}


def _bearer(request: Request) -> str:
    return request.headers.get("authorization", "")


async def test_a_renewal_may_end_the_old_cookies(visitor: Visitor, context: BrowserContext) -> None:
    visitor.emulator.behaviour.renewal_revokes = True
    old = visitor.cookies()
    await carry(context, visitor)
    page = await context.new_page()
    await page.goto(visitor.emulator.url)
    await expect(page).to_have_title("Gemini Business")
    assert (await visitor.mint(headers=old))[0] == 401
    assert (await visitor.mint())[0] == 200


async def test_new_cookies_last_anew(visitor: Visitor, context: BrowserContext) -> None:
    await carry(context, visitor)
    visitor.clock.advance(43_000)
    page = await context.new_page()
    await page.goto(visitor.emulator.url)
    await expect(page).to_have_title("Gemini Business")
    visitor.clock.advance(43_000)
    assert (await visitor.mint())[0] == 200


@pytest.mark.parametrize("signed_in", [False, True])
async def test_the_sign_in_leads_home(
    visitor: Visitor, context: BrowserContext, signed_in: bool
) -> None:
    if signed_in:
        # Cookies, but of yesterday.
        await carry(context, visitor)
        visitor.clock.advance(43_200)
    visitor.emulator.accounts["demo"].state = "expired"
    page = await context.new_page()
    visitor.emulator.behaviour.show_code = False
    await enter(page, visitor, "nobody@business.example")
    await expect(page.get_by_role("alert")).to_contain_text("Couldn’t find an account")
    await page.fill("#email", "Demo@Business.example")
    await page.click("button")
    await page.fill("#code", "wrong")
    await page.click("button")
    await expect(page.get_by_role("alert")).to_contain_text("wrong")
    assert await page.locator("#mailed").count() == 0
    await page.fill("#code", visitor.emulator.accounts["demo"].code.lower())
    await page.click("button")
    await expect(page).to_have_title("Gemini Business")
    account = visitor.emulator.accounts["demo"]
    assert await kept(context) == dict(_values(account.sign_ins[-1]))
    assert (account.state, (await visitor.mint())[0]) == ("good", 200)


async def test_the_code_is_shown_for_the_demo(visitor: Visitor, context: BrowserContext) -> None:
    page = await context.new_page()
    await enter(page, visitor, "other@business.example")
    await page.fill("#code", await page.locator("#mailed").inner_text())
    await page.click("button")
    await expect(page.get_by_role("heading")).to_have_text("Hello, other@business.example")


@pytest.mark.parametrize(
    ("kind", "title"), [("challenge", "Verify it’s you"), ("restricted", "Access restricted")]
)
async def test_a_browser_is_led_elsewhere(
    visitor: Visitor, context: BrowserContext, kind: str, title: str
) -> None:
    await visitor.control("PUT", "account", {"name": "demo", "page": kind})
    page = await context.new_page()
    await enter(page, visitor, "demo@business.example")
    await expect(page).to_have_title(title)
    assert page.url == f"{visitor.emulator.url}/{kind}"
    assert await kept(context) == {}
    await carry(context, visitor)
    await page.goto(visitor.emulator.url)
    await expect(page).to_have_title(title)
    assert len(visitor.emulator.accounts["demo"].sign_ins) == 1


async def test_a_restricted_account_is_told(visitor: Visitor, context: BrowserContext) -> None:
    visitor.emulator.accounts["demo"].state = "restricted"
    await carry(context, visitor)
    page = await context.new_page()
    answer = await page.goto(visitor.emulator.url)
    assert answer is not None
    assert answer.status == 403
    await expect(page).to_have_title("Access restricted")


async def test_a_page_never_ends(visitor: Visitor, context: BrowserContext) -> None:
    visitor.emulator.accounts["demo"].page = "endless"
    await carry(context, visitor)
    page = await context.new_page()
    await page.goto(visitor.emulator.url, wait_until="commit")
    with pytest.raises(PageTimeout):
        await page.wait_for_load_state(timeout=200)
    visitor.emulator.release()
    await page.wait_for_load_state()


async def test_a_page_asks_for_nothing(visitor: Visitor, context: BrowserContext) -> None:
    visitor.emulator.accounts["demo"].page = "idle"
    await carry(context, visitor)
    page = await context.new_page()
    await page.goto(visitor.emulator.url, wait_until="networkidle")
    await expect(page.locator("#sessions")).to_have_text("Loading…")
    assert visitor.emulator.truth.counts("demo") == {"page": 2}
    assert len(visitor.emulator.accounts["demo"].sign_ins) == 1


async def test_a_page_is_a_balancers(visitor: Visitor, context: BrowserContext) -> None:
    visitor.emulator.mishap("html", call="page")
    page = await context.new_page()
    answer = await page.goto(visitor.emulator.url)
    assert answer is not None
    assert answer.status == 502


async def test_words_of_others_do_no_harm(visitor: Visitor) -> None:
    path = "/verify-oob-code?email=%3Cscript%3E"
    async with visitor.client.get(path, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, "/login?continueUrl=/")
    forged = "/home/cid/another?csesidx=1"
    headers = visitor.cookies()
    async with visitor.client.get(forged, headers=headers, allow_redirects=False) as answer:
        assert answer.status == 302
