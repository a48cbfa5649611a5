"""The page, driven as a person would: chats, models, layouts."""

from __future__ import annotations

import hashlib
import re
from importlib import resources
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from aistudio_emulated import answered, ask, open_chat, signed_in
from playwright.async_api import Browser, FilePayload, Page, expect

from plugway_aistudio.emulated.answer import answer
from plugway_aistudio.emulated.behaviour import Purpose
from plugway_aistudio.emulated.parts import call, media, png, text
from plugway_aistudio.emulator import AIStudioEmulator

pytestmark = pytest.mark.anyio


async def test_a_question_is_asked_and_said_again(page: Page, emulator: AIStudioEmulator) -> None:
    await open_chat(page, emulator, "gemini-2.5-pro")
    await ask(page, "Who keeps the lighthouse?")
    assert (await answered(page)).startswith("You said: Who keeps the lighthouse?\n")
    await expect(page.locator("ms-thought-chunk")).to_contain_text("Reading the question")
    (asked,) = emulator.asked
    assert (asked.account, asked.model, asked.status, asked.ended) == (
        "first",
        "gemini-2.5-pro",
        200,
        "whole",
    )
    assert (asked.temperature, asked.top_p, asked.max_tokens) == (1, 0.95, 65_536)
    # The second turn of the chat brings the first along, answer included.
    await ask(page, "And now?")
    await expect(page.locator(".chat-turn-container.model")).to_have_count(2)
    await answered(page)
    assert [role for role, _ in emulator.asked[-1].turns] == ["user", "model", "user"]


async def test_run_is_disabled_without_a_question(page: Page, emulator: AIStudioEmulator) -> None:
    await open_chat(page, emulator)
    run = page.locator("ms-run-button button[type=submit]")
    await expect(run).to_be_disabled()
    await page.fill("textarea.textarea", "Hello")
    await expect(run).to_be_enabled()
    await page.fill("textarea.textarea", "")
    await expect(run).to_be_disabled()
    # As scripts fill it, rather than people.
    await page.evaluate(
        """() => { const box = document.querySelector("textarea.textarea"); box.value = "Hello";
        box.dispatchEvent(new Event("input", {bubbles: true})) }"""
    )
    await page.keyboard.press("Tab")
    await page.locator("textarea.textarea").press("Control+Enter")
    assert (await answered(page)).startswith("You said: Hello")


async def test_the_same_button_stops(page: Page, emulator: AIStudioEmulator) -> None:
    await open_chat(page, emulator)
    emulator.script(answer(text("One "), text("two "), stepped=True))
    await ask(page, "Count")
    emulator.step()
    await expect(page.locator("ms-cmark-node")).to_have_text("One ")
    await page.click('ms-run-button button[aria-label="Stop generating"]')
    await expect(page.locator('button[aria-label="Run"]')).to_be_disabled()
    await expect(page.locator("button.toggle-edit-button")).to_be_visible()
    for _ in range(500):
        if emulator.asked[0].ended:
            break
        await page.wait_for_timeout(20)
    assert (emulator.asked[0].ended, emulator.asked[0].frames) == ("left", 1)


async def test_a_chat_gets_an_address_unless_it_is_temporary(
    page: Page, emulator: AIStudioEmulator
) -> None:
    emulator.behaviour.autosave_seconds = 0.0
    await open_chat(page, emulator, "gemini-2.5-flash")
    emulator.script(answer(text("Saved."), stepped=True))
    await ask(page, "Keep this")
    # Amid the answer.
    await page.wait_for_url(lambda url: "/new_chat" not in url)
    emulator.step(2)
    assert await answered(page) == "Saved."
    await page.click('button[data-test-clear="outside"][aria-label="New chat"]')
    await page.wait_for_url("**/prompts/new_chat?model=gemini-2.5-flash")
    await expect(page.locator("ms-zero-state")).to_be_visible()
    await page.click("button[data-test-incognito-toggle]")
    await expect(page.locator("ms-incognito-mode-indicator")).to_be_visible()
    await ask(page, "Forget this")
    await answered(page)
    await page.wait_for_timeout(50)
    assert "/new_chat" in page.url
    assert [each.temporary for each in emulator.asked] == [False, True]
    # It would be lost: the page asks, and again when the answer was no.
    await page.click('button[aria-label="New chat"]')
    await page.click(".mat-mdc-dialog-inner-container button:has-text('Cancel')")
    await expect(page.locator(".chat-turn-container")).to_have_count(2)
    await page.click('button[aria-label="New chat"]')
    await page.click('button.ms-button-primary:has-text("Discard and continue")')
    await expect(page.locator("ms-zero-state")).to_be_visible()
    await expect(page.locator("ms-incognito-mode-indicator")).to_have_count(0)


async def test_temporary_chats_can_be_in_the_menu_and_stay(
    page: Page, emulator: AIStudioEmulator
) -> None:
    emulator.behaviour.temporary_in = "menu"
    emulator.behaviour.temporary_stays = True
    await open_chat(page, emulator)
    await expect(page.locator("button[data-test-incognito-toggle]")).to_have_count(0)
    await page.click('button[aria-label="View more actions"]')
    await page.click("button[data-test-incognito-toggle]")
    await expect(page.locator("ms-incognito-mode-indicator")).to_be_visible()
    await page.click('button[aria-label="New chat"]')
    await expect(page.locator("ms-incognito-mode-indicator")).to_be_visible()
    await page.click('button[aria-label="View more actions"]')
    await expect(page.locator("[data-test-incognito-checkmark]")).to_be_visible()


async def test_the_address_or_the_last_time_chooses_the_model(
    page: Page, emulator: AIStudioEmulator
) -> None:
    name = page.locator('[data-test-id="model-name"]')
    await open_chat(page, emulator, "gemini-3-flash-preview")
    await expect(name).to_have_text("gemini-3-flash-preview")
    await open_chat(page, emulator)
    await expect(name).to_have_text("gemini-3-flash-preview")
    await open_chat(page, emulator, "gemini-0-nothing")
    await expect(name).to_have_text("gemini-2.5-flash")
    await expect(page.locator("div.toast.warning")).to_contain_text("gemini-0-nothing")
    emulator.mishap("wrong_model")
    await open_chat(page, emulator, "gemini-2.5-pro")
    await expect(name).to_have_text("gemini-2.5-flash")


async def test_a_narrow_page_has_no_run_settings(
    browser: Browser, emulator: AIStudioEmulator
) -> None:
    async with signed_in(browser, emulator, viewport={"width": 460, "height": 800}) as page:
        await page.goto(f"{emulator.url}/prompts/new_chat")
        await page.fill("textarea.textarea", "Hello")
        await expect(page.locator("ms-run-button button")).to_be_enabled()
        assert await page.locator("ms-run-settings").count() == 0
        await page.set_viewport_size({"width": 1_440, "height": 900})
        await expect(page.locator("ms-run-settings")).to_be_visible()


async def test_the_old_layout_has_older_names(page: Page, emulator: AIStudioEmulator) -> None:
    emulator.layout = "old"
    await page.goto(f"{emulator.url}/prompts/new_chat?model=gemini-2.5-pro")
    await expect(page.locator(".model-selector-card .title")).to_have_text("Gemini 2.5 Pro")
    for newer in ("textarea.textarea", "ms-prompt-box", "ms-run-button", "ms-slider input[max]"):
        assert await page.locator(newer).count() == 0
    await page.fill("ms-autosize-textarea textarea", "Hello")
    await page.fill('input.slider-number-input[aria-valuemax="2"]', "0.3")
    await page.click('button[aria-label="Run"].run-button')
    assert (await answered(page)).startswith("You said: Hello")
    assert emulator.asked[0].temperature == 0.3


async def test_an_element_can_have_a_name_that_nobody_knows(
    page: Page, emulator: AIStudioEmulator
) -> None:
    emulator.renamed = {"run", "temperature", "toast", "upload_item"}
    emulator.mishap("toast")
    await open_chat(page, emulator)
    for known in ("ms-run-button", 'button[type="submit"]', '[aria-label="Run"]'):
        await expect(page.locator(known)).to_have_count(0)
    await expect(page.locator('ms-slider input[type=number][max="2"]')).to_have_count(0)
    await page.click('button[data-test-id="add-media-button"]')
    await expect(page.locator("[role=menuitem]")).to_have_text(["My Drive", "From this device"])
    await page.keyboard.press("Escape")
    await page.fill("textarea.textarea", "Hello")
    await page.click("button.x-unknown:enabled:has-text('Run')")
    await expect(page.locator(".x-toast")).to_be_visible()
    await expect(page.locator(".toast")).to_have_count(0)
    with pytest.raises(msgspec.ValidationError, match="runn"):
        emulator.renamed = {"runn"}


def test_every_purpose_has_its_names() -> None:
    names = resources.files("plugway_aistudio.emulated") / "website" / "names.js"
    known = re.findall(r"^  (\w+): (?:\{|both)", names.read_text(), re.MULTILINE)
    assert sorted(known) == sorted(get_args(Purpose))


async def test_files_are_sent(page: Page, emulator: AIStudioEmulator, tmp_path: Path) -> None:
    await open_chat(page, emulator)
    emulator.behaviour.upload_seconds = 0.2
    await page.click('button[data-test-id="add-media-button"]')
    async with page.expect_file_chooser() as chooser:
        await page.click('[role="menuitem"]:has-text("Upload a file")')
    image = tmp_path / "a.png"
    image.write_bytes(png(1, 2, 3))
    await (await chooser.value).set_files(image)
    await expect(page.locator('.thumb[data-state="ready"]')).to_have_text("a.png×")
    # And as a script does, after somebody has agreed.
    emulator.mishap("consent")
    await page.click('button[data-test-id="add-media-button"]')
    note: FilePayload = {
        "name": "note.txt",
        "mimeType": "text/plain",
        "buffer": "wörds".encode(),
    }
    await page.set_input_files('[role="menuitem"] input[type=file]', [note])
    await page.click(".mat-mdc-dialog-inner-container button:has-text('Agree')")
    await expect(page.locator('.thumb[data-state="ready"]')).to_have_count(2)
    await ask(page, "What is it?")
    await answered(page)
    sent = [(each.mime_type, each.size, each.sha256) for each in emulator.asked[0].files]
    assert sent == [
        (kind, len(data), hashlib.sha256(data).hexdigest())
        for kind, data in (("image/png", png(1, 2, 3)), ("text/plain", "wörds".encode()))
    ]
    await expect(page.locator(".thumb")).to_have_count(0)


async def test_calls_media_and_sources_are_shown(page: Page, emulator: AIStudioEmulator) -> None:
    await open_chat(page, emulator)
    emulator.script(
        answer(call("weather", {"city": "Paris", "days": [1, True, None], "at": {"x": 1.5}})),
        answer(text("Look:"), media("image/png", png(9, 9, 9))),
    )
    await ask(page, "Call")
    await answered(page)
    block = page.locator("ms-function-call-chunk ms-code-block")
    await expect(block.locator(".title")).to_have_text("weather")
    assert '"days": [\n    1,\n    true,\n    null\n  ]' in await block.locator("code").inner_text()
    await ask(page, "Draw")
    await expect(page.locator("ms-image-chunk img")).to_be_visible()
    assert await page.locator("ms-image-chunk img").evaluate("image => image.naturalWidth") == 8


async def test_an_answer_can_be_edited(page: Page, emulator: AIStudioEmulator) -> None:
    await open_chat(page, emulator)
    emulator.script(answer(text("Plain")))
    await ask(page, "Say it")
    await answered(page)
    await page.click("button.toggle-edit-button")
    await expect(page.locator('button[aria-label="Stop editing"]')).to_be_visible()
    await expect(page.locator(".chat-turn-container.model textarea")).to_have_value("Plain")
