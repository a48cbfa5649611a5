"""What goes wrong on demand, as a browser sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from aistudio_emulated import PATIENCE, answered, ask, open_chat
from playwright.async_api import Page, Request, expect

from plugway_aistudio.emulated.answer import answer
from plugway_aistudio.emulated.parts import text
from plugway_aistudio.emulator import AIStudioEmulator

pytestmark = pytest.mark.anyio

RUN = 'ms-run-button button[type="submit"]'
ENTRY = "textarea.textarea"
DIALOG = ".mat-mdc-dialog-inner-container"


async def until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    for _ in range(PATIENCE // 20):
        if holds():
            return
        await page.wait_for_timeout(20)
    raise AssertionError("it did not come to hold")


async def test_run_can_stay_disabled_until_the_page_is_loaded_anew(
    page: Page, emulator: AIStudioEmulator
) -> None:
    await open_chat(page, emulator)
    emulator.mishap("stuck_run")
    await page.fill(ENTRY, "Hello")
    await until(page, lambda: not emulator.mishaps.waiting)
    await page.wait_for_timeout(100)
    await expect(page.locator(RUN)).to_be_disabled()
    await page.click('button[aria-label="New chat"]')
    await page.fill(ENTRY, "Hello again")
    await page.wait_for_timeout(100)
    await expect(page.locator(RUN)).to_be_disabled()
    await open_chat(page, emulator)
    await ask(page, "Hello")
    await answered(page)


async def test_run_can_stay_disabled_for_a_while(page: Page, emulator: AIStudioEmulator) -> None:
    emulator.mishap("stuck_run", at="load", seconds=0.3)
    await open_chat(page, emulator)
    await ask(page, "Hello")
    await answered(page)


async def test_a_click_on_run_can_be_ignored(page: Page, emulator: AIStudioEmulator) -> None:
    await open_chat(page, emulator)
    emulator.mishap("run_ignored")
    await ask(page, "Hello")
    await until(page, lambda: not emulator.mishaps.waiting)
    await expect(page.locator(ENTRY)).to_have_value("Hello")
    await expect(page.locator(RUN)).to_be_enabled()
    assert not emulator.asked
    await page.click(RUN)
    await answered(page)


async def test_run_can_ask_first_or_show_an_error(page: Page, emulator: AIStudioEmulator) -> None:
    await open_chat(page, emulator)
    emulator.mishap("toast", text="Something is not right")
    emulator.mishap("confirm", times=2)
    await ask(page, "Hello")
    await expect(page.locator("div.toast.error")).to_have_text("Something is not right")
    await page.click(RUN)
    await page.click(f'{DIALOG} button:has-text("Continue")')
    await answered(page)
    assert len(emulator.asked) == 1


async def test_overlays_cover_the_page(page: Page, emulator: AIStudioEmulator) -> None:
    for kind in ("dialog", "survey", "welcome"):
        emulator.mishap(kind)
    await open_chat(page, emulator)
    await page.fill(ENTRY, "Hello")
    for part in (f"{DIALOG} >> text=Got it", f"{DIALOG} >> text=I accept", "#google-hats-survey"):
        await expect(page.locator(part)).to_be_visible()
    # Nothing below them takes a click.
    hit = """() => { const box = document.querySelector("ms-run-button button")
        .getBoundingClientRect(); return document.elementFromPoint(box.x + 5, box.y + 5).id }"""
    assert await page.evaluate(hit) == "google-hats-survey"
    await page.evaluate("document.getElementById('google-hats-survey').remove()")
    # Escape closes the dialog, and not the terms.
    await page.click(f"{DIALOG} >> text=I accept")
    await page.keyboard.press("Escape")
    await expect(page.locator(DIALOG)).to_have_count(0)
    emulator.mishap("welcome", at="answer", after=1, text="One more thing")
    await page.click(RUN)
    await answered(page)
    await page.keyboard.press("Escape")
    await expect(page.locator(DIALOG)).to_contain_text("One more thing")


@pytest.mark.parametrize("kind", ["navigate", "reload"])
async def test_the_page_goes_elsewhere_amid_an_answer(
    page: Page, emulator: AIStudioEmulator, kind: str
) -> None:
    await open_chat(page, emulator)
    emulator.script(answer(text("One "), text("two "), stepped=True))
    emulator.mishap(kind, after=1)
    await ask(page, "Count")
    emulator.step()
    await until(page, lambda: [each.ended for each in emulator.asked] == ["left"])
    await expect(page.locator("ms-zero-state")).to_be_visible()
    assert emulator.asked[0].frames == 1


async def test_an_answer_can_be_done_and_not_look_so(
    page: Page, emulator: AIStudioEmulator
) -> None:
    await open_chat(page, emulator)
    emulator.mishap("no_end")
    await ask(page, "Hello")
    await until(page, lambda: bool(emulator.asked) and emulator.asked[0].ended == "whole")
    await expect(page.locator("ms-cmark-node")).to_contain_text("}")
    await page.wait_for_timeout(200)
    await expect(page.locator('button[aria-label="Stop generating"]')).to_be_enabled()
    await expect(page.locator("button.toggle-edit-button")).to_have_count(0)


@pytest.mark.parametrize("kind", ["truncated", "cut", "garbage"])
async def test_an_answer_can_be_spoilt(page: Page, emulator: AIStudioEmulator, kind: str) -> None:
    await open_chat(page, emulator)
    failed: list[Request] = []
    page.on("requestfailed", lambda request: failed.append(request))
    emulator.script(answer(text("One "), text("two "), text("three")))
    emulator.mishap(kind, after=2)
    await ask(page, "Count")
    await expect(page.locator("div.toast.error")).to_be_visible()
    shown = page.locator("ms-cmark-node")
    if kind == "cut":
        await until(page, lambda: bool(failed))
        # A connection that is cut may take its last bytes along, or all of them.
        assert "".join(await shown.all_text_contents()) in ("", "One ", "One two ")
    else:
        await expect(shown).to_have_text("One two ")
        assert kind == "garbage" or not failed
    assert emulator.asked[0].frames == 2 or kind == "garbage"


async def test_an_answer_can_be_late_and_fall_silent(
    page: Page, emulator: AIStudioEmulator
) -> None:
    await open_chat(page, emulator)
    emulator.script(answer(text("One "), text("two ")))
    emulator.mishap("slow_start")
    emulator.mishap("silence", after=1)
    await ask(page, "Count")
    await until(page, lambda: len(emulator.asked) == 1)
    await page.wait_for_timeout(100)
    assert emulator.asked[0].status == 0
    emulator.release()
    await expect(page.locator("ms-cmark-node")).to_have_text("One ")
    assert emulator.asked[0].ended == ""
    emulator.release()
    assert await answered(page) == "One two "


@pytest.mark.parametrize("layout", ["new", "old"])
async def test_a_quota_is_shown(page: Page, emulator: AIStudioEmulator, layout: str) -> None:
    emulator.layout = layout
    emulator.limit("first", minute=0)
    await page.goto(f"{emulator.url}/prompts/new_chat")
    await page.fill("textarea", "Hello")
    await page.click('button[aria-label="Run"]:enabled')
    shown = {
        "new": ("ms-callout.error-callout .message", "user has exceeded quota"),
        "old": ("ms-callout.warning-callout", "out of free generations"),
    }
    selector, said = shown[layout]
    await expect(page.locator(selector)).to_contain_text(said)
    assert emulator.asked[0].status == 429


@pytest.mark.parametrize("status", [403, 429, 500, 503])
async def test_an_answer_can_be_refused(
    page: Page, emulator: AIStudioEmulator, status: int
) -> None:
    await open_chat(page, emulator)
    emulator.mishap("status", status=status, model="gemini-2.5-flash", text="No <way>")
    emulator.mishap("status", status=status, account="second")
    await ask(page, "Hello")
    await expect(page.locator("div.toast.error")).to_contain_text("No <way>")
    await ask(page, "Hello")
    await expect(page.locator(".chat-turn-container.model")).to_have_count(2)
    await answered(page)
    assert [each.status for each in emulator.asked] == [status, 200]
    assert len(emulator.mishaps.waiting) == 1


async def test_the_page_can_be_late_and_load_itself_anew(
    page: Page, emulator: AIStudioEmulator
) -> None:
    emulator.mishap("slow_page")
    emulator.mishap("reload", at="load")
    loads: list[str] = []
    page.on("domcontentloaded", lambda _: loads.append(page.url))
    going = asyncio.ensure_future(page.goto(f"{emulator.url}/prompts/new_chat"))
    await until(page, lambda: not emulator.mishaps.waiting)
    assert not loads
    emulator.release()
    await going
    await until(page, lambda: len(loads) == 2)


async def test_a_fast_answer_tells_when_each_frame_went_out(
    page: Page, emulator: AIStudioEmulator
) -> None:
    await open_chat(page, emulator)
    emulator.script(answer(stamped=200, pause=0.005))
    await ask(page, "Fast")
    told = await answered(page)
    stamps = [float(each) for each in told.split()]
    assert len(stamps) == 200
    assert stamps == sorted(stamps)
    assert stamps[-1] - stamps[0] >= 0.9
