"""Accounts: profiles, the sign-in, and cookies that are renewed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from aistudio_emulated import answered, ask, open_chat, signed_in
from playwright.async_api import Browser, Page, expect

from plugway_aistudio.emulated.accounts import COOKIES
from plugway_aistudio.emulator import AIStudioEmulator

pytestmark = pytest.mark.anyio


@pytest.fixture
async def stranger(browser: Browser) -> AsyncIterator[Page]:
    """Open a page without cookies."""
    context = await browser.new_context()
    yield await context.new_page()
    await context.close()


async def cookies(page: Page) -> dict[str, Any]:
    """Return the cookies of a page by name."""
    return {each["name"]: each for each in await page.context.cookies()}


async def test_a_secret_is_there_before_the_start(browser: Browser) -> None:
    emulator = AIStudioEmulator()
    secret = json.loads(emulator.secret)
    assert {each["name"] for each in secret["cookies"]} == set(COOKIES)
    assert secret["origins"] == []
    await emulator.start()
    context = await browser.new_context(storage_state=secret)
    page = await context.new_page()
    await page.goto(f"{emulator.url}/")
    await expect(page.locator("ms-run-settings")).to_be_visible()
    assert urlsplit(page.url).path == "/prompts/new_chat"
    await context.close()
    await emulator.stop()


async def test_each_account_has_its_profile(browser: Browser, emulator: AIStudioEmulator) -> None:
    async with signed_in(browser, emulator, "second") as page:
        await open_chat(page, emulator)
        await expect(page.locator(".account")).to_have_text("second@studio.example")
        assert json.loads(await page.evaluate("localStorage.aiStudioUserPreference"))[
            "areToolsOpen"
        ]
        await ask(page, "Hello")
        await answered(page)
        # Scripts of the page see those that they need, and no others.
        seen = {
            each.partition("=")[0] for each in (await page.evaluate("document.cookie")).split("; ")
        }
        assert seen == {"APISID", "SAPISID", "SIDCC"}
    assert emulator.asked[0].account == "second"


async def test_every_visit_renews_a_cookie(page: Page, emulator: AIStudioEmulator) -> None:
    old = json.loads(emulator.profile("first"))
    emulator.accounts["first"].keeps = 3
    await open_chat(page, emulator)
    first = (await cookies(page))["SIDCC"]["value"]
    await ask(page, "Hello")
    await answered(page)
    second = (await cookies(page))["SIDCC"]["value"]
    assert len({first, second, *(each["value"] for each in old["cookies"])}) == 2 + len(COOKIES)
    # A browser that nobody saved comes back with one that is too old.
    browser = page.context.browser
    assert browser is not None
    context = await browser.new_context(storage_state=old)
    stale = await context.new_page()
    await stale.goto(f"{emulator.url}/prompts/new_chat")
    assert urlsplit(stale.url).path == "/v3/signin/identifier"
    await context.close()
    await open_chat(page, emulator)


async def test_a_stranger_signs_in_in_two_steps(stranger: Page, emulator: AIStudioEmulator) -> None:
    await stranger.goto(f"{emulator.url}/prompts/new_chat?model=gemini-2.5-pro")
    assert urlsplit(stranger.url).hostname == "localhost"
    assert await stranger.title() == "Sign in - Google Accounts"
    alert = stranger.locator("[role=alert]")
    await stranger.fill("input[type=email]", "nobody@studio.example")
    await stranger.click("text=Next")
    await expect(alert).to_have_text("Couldn't find your Google Account")
    await stranger.fill("input[type=email]", "First@studio.example")
    await stranger.click("text=Next")
    await stranger.fill("input[type=password]", "wrong")
    await stranger.click("text=Next")
    await expect(alert).to_have_text("Wrong password. Try again.")
    before = emulator.accounts["first"].cookies()
    await stranger.fill("input[type=password]", emulator.accounts["first"].password)
    await stranger.click("text=Next")
    await expect(stranger.locator('[data-test-id="model-name"]')).to_have_text("gemini-2.5-pro")
    kept = await cookies(stranger)
    assert set(kept) == set(COOKIES)
    assert kept["SID"]["value"] != before["SID"]
    assert kept["__Secure-1PSID"]["httpOnly"]
    assert kept["__Secure-1PSID"]["secure"]


async def test_an_expired_account_is_led_to_the_sign_in(
    page: Page, emulator: AIStudioEmulator
) -> None:
    await open_chat(page, emulator)
    emulator.accounts["first"].state = "expired"
    # Amid its work.
    await page.fill("textarea.textarea", "Hello")
    await page.click("ms-run-button button:enabled")
    await page.wait_for_url("**/v3/signin/identifier**")
    assert emulator.asked[0].status == 401
    emulator.accounts["first"].sign_in()
    assert [each.state for each in emulator.accounts] == ["good", "good"]
    # What it had before holds no longer.
    await page.goto(f"{emulator.url}/prompts/new_chat")
    assert urlsplit(page.url).hostname == "localhost"


async def test_other_states(page: Page, emulator: AIStudioEmulator) -> None:
    account = emulator.accounts["first"]
    account.state = "challenge"
    await page.goto(f"{emulator.url}/prompts/new_chat")
    await expect(page.locator("h1")).to_have_text("Verify it's you")
    assert urlsplit(page.url).path.startswith("/v3/signin/")
    account.state = "migrated"
    await page.goto(f"{emulator.url}/prompts/new_chat")
    await expect(page.locator("h1")).to_have_text("This account has moved")
    account.state = "restricted"
    await page.goto(f"{emulator.url}/prompts/new_chat")
    await expect(page.locator("div.toast.error")).to_contain_text("permission")
    await expect(page.locator("ms-run-button button")).to_be_disabled()


async def test_a_page_belongs_to_the_account_that_loaded_it(
    page: Page, emulator: AIStudioEmulator
) -> None:
    await open_chat(page, emulator)
    await page.context.clear_cookies()
    await page.context.add_cookies(json.loads(emulator.profile("second"))["cookies"])
    await ask(page, "Hello")
    await expect(page.locator("div.toast.error")).to_contain_text("does not have permission")
    assert [(each.account, each.status) for each in emulator.asked] == [("second", 403)]
