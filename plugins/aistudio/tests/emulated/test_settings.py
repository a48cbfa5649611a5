"""The run settings of the page."""

from __future__ import annotations

import json

import pytest
from aistudio_emulated import answered, ask, open_chat
from playwright.async_api import Page, expect

from plugway_aistudio.emulator import AIStudioEmulator

pytestmark = pytest.mark.anyio

WEATHER = {
    "name": "weather",
    "description": "Tells the weather",
    "parameters": {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "array", "items": {"type": "integer"}},
        },
        "required": ["city"],
    },
}

TEMPERATURE = 'ms-slider input[type=number][max="2"]'
TOP_P = 'ms-slider input[type=number][max="1"]'
STOP = 'input[aria-label="Add stop token"]'
LENGTH = 'input[aria-label="Maximum output tokens"]'
BUDGET = '[data-test-id="user-setting-budget-animation-wrapper"] input[type=number]'
SEARCH = 'div[data-test-id="searchAsAToolTooltip"] mat-slide-toggle button'
FUNCTIONS = '[data-test-id="functionCallingTooltip"] button[role=switch]'


async def test_numbers_are_put_into_their_range(page: Page, emulator: AIStudioEmulator) -> None:
    await open_chat(page, emulator, "gemini-2.5-flash")
    for selector, given, kept in (
        (TEMPERATURE, "5", "2"),
        (TEMPERATURE, "0.7", "0.7"),
        (TOP_P, "-3", "0"),
        (TOP_P, "0.5", "0.5"),
        (LENGTH, "999999", "65536"),
        (LENGTH, "321", "321"),
    ):
        await page.fill(selector, given)
        await page.press(selector, "Tab")
        await expect(page.locator(selector)).to_have_value(kept)
    await ask(page, "Hello")
    await answered(page)
    (asked,) = emulator.asked
    assert (asked.temperature, asked.top_p, asked.max_tokens) == (0.7, 0.5, 321)


async def test_settings_stay_for_the_next_chat_and_end_with_the_page(
    page: Page, emulator: AIStudioEmulator
) -> None:
    emulator.behaviour.autosave_seconds = 3_600
    await open_chat(page, emulator)
    await page.fill(TEMPERATURE, "0.2")
    for text in ("END", "STOP", "END"):
        await page.fill(STOP, text)
        await page.press(STOP, "Enter")
    await expect(page.locator("mat-chip")).to_have_count(2)
    await ask(page, "Say STOP twice")
    assert await answered(page) == "You said: Say "
    await page.click('button[aria-label="New chat"]')
    await page.click('button:has-text("Discard and continue")')
    await expect(page.locator("mat-chip")).to_have_count(2)
    await expect(page.locator(TEMPERATURE)).to_have_value("0.2")
    await page.click('mat-chip:has-text("STOP") button.remove-button[aria-label*="Remove"]')
    for number in range(4):
        await page.fill(STOP, str(number))
        await page.press(STOP, "Enter")
    await expect(page.locator("mat-chip")).to_have_count(5)
    await expect(page.locator(STOP)).to_be_disabled()
    assert emulator.asked[0].stop == ("END", "STOP")
    await open_chat(page, emulator)
    await expect(page.locator("mat-chip")).to_have_count(0)
    await expect(page.locator(TEMPERATURE)).to_have_value("1")


async def test_system_instructions_have_a_panel(page: Page, emulator: AIStudioEmulator) -> None:
    await open_chat(page, emulator)
    box = page.locator('textarea[aria-label="System instructions"]')
    await expect(box).to_have_count(0)
    await page.click('button[aria-label="System instructions"]')
    await box.fill("Be brief. Ümläut.")
    await page.click('button[aria-label="Close panel"]')
    await expect(box).to_have_count(0)
    await ask(page, "Hello")
    await answered(page)
    assert emulator.asked[0].system == "Be brief. Ümläut."
    await page.click('button[aria-label="System instructions"]')
    await expect(box).to_have_value("Be brief. Ümläut.")


async def test_thinking_is_on_or_off_or_has_a_budget(
    page: Page, emulator: AIStudioEmulator
) -> None:
    await open_chat(page, emulator, "gemini-2.5-flash")
    manual = '[aria-label="Toggle thinking budget between auto and manual"]'
    await expect(page.locator(BUDGET)).to_have_count(0)
    await page.click(manual)
    await page.fill(BUDGET, "1234")
    await ask(page, "Think")
    await answered(page)
    toggle = 'button[role=switch][aria-label="Toggle thinking mode"]'
    await page.click(toggle)
    await expect(page.locator(toggle)).to_have_attribute("aria-checked", "false")
    await expect(page.locator(manual)).to_have_count(0)
    await ask(page, "Do not")
    await expect(page.locator(".chat-turn-container.model")).to_have_count(2)
    await answered(page)
    first, second = emulator.asked
    assert (first.thinking, first.budget) == (True, 1_234)
    assert (second.thinking, second.budget) == (False, 0)
    await expect(page.locator("ms-thought-chunk")).to_have_count(1)


async def test_thinking_has_levels_in_a_list(page: Page, emulator: AIStudioEmulator) -> None:
    await open_chat(page, emulator, "gemini-3-flash-preview")
    select = page.locator('mat-select[aria-label="Thinking Level"]')
    await expect(select).to_have_text("High")
    await select.click()
    assert await page.locator("[role=option]").all_inner_texts() == [
        "Minimal",
        "Low",
        "Medium",
        "High",
    ]
    await page.click('[role=option]:has-text("Low")')
    await expect(page.locator("[role=option]")).to_have_count(0)
    await expect(select).to_have_text("Low")
    await ask(page, "Think")
    await answered(page)
    assert emulator.asked[0].level == "low"
    await open_chat(page, emulator, "gemma-3-27b-it")
    await expect(select).to_have_count(0)
    await expect(page.locator(FUNCTIONS)).to_have_count(0)


async def test_panels_fold(page: Page, emulator: AIStudioEmulator) -> None:
    await open_chat(page, emulator)
    for name, within in (("tools", SEARCH), ("advanced settings", STOP)):
        button = f'button[aria-label="Expand or collapse {name}"]'
        await expect(page.locator(button)).to_have_attribute("aria-expanded", "true")
        await page.click(button)
        await expect(page.locator(within)).to_have_count(0)
    # As the last time.
    await open_chat(page, emulator)
    await expect(page.locator(SEARCH)).to_have_count(0)
    await page.click('button[aria-label="Expand or collapse tools"]')
    await expect(page.locator(SEARCH)).to_be_visible()
    kept = json.loads(await page.evaluate("localStorage.aiStudioUserPreference"))
    assert (kept["areToolsOpen"], kept["isAdvancedOpen"]) == (True, False)


async def test_tools_are_asked_for(page: Page, emulator: AIStudioEmulator) -> None:
    await open_chat(page, emulator)
    for tool in (SEARCH, 'button[aria-label="Browse the url context"]'):
        await page.click(tool)
        await expect(page.locator(tool)).to_have_attribute("aria-checked", "true")
    await page.click('button[aria-label="Code execution"]')
    await ask(page, "Look it up")
    await answered(page)
    await expect(page.locator("ms-grounding-sources a")).to_have_text("A source")
    await expect(page.locator("ms-code-execution-result-chunk code")).to_have_text("42\n")
    (asked,) = emulator.asked
    assert (asked.search, asked.url_context, asked.code_execution) == (True, True, True)


async def test_functions_are_declared_in_a_dialog(page: Page, emulator: AIStudioEmulator) -> None:
    emulator.behaviour.autosave_seconds = 3_600
    await open_chat(page, emulator)
    await page.click(SEARCH)
    edit = page.locator(".edit-function-declarations-button")
    await expect(edit).to_be_disabled()
    await page.click(FUNCTIONS)
    await expect(page.locator(SEARCH)).to_have_attribute("aria-checked", "false")
    await expect(page.locator(SEARCH)).to_be_disabled()
    await edit.click()
    editor = page.locator("ms-text-editor textarea")
    await expect(editor).to_have_count(0)
    await page.click('[role=tab]:has-text("Code Editor")')
    save = 'button[aria-label="Save the current function declarations"]'
    problem = page.locator(".mat-mdc-dialog-inner-container [role=alert]")
    for declared, told in (
        ("nonsense", "Invalid JSON"),
        ([{**WEATHER, "strict": True}], 'unknown field "strict"'),
        ([{"name": "a b"}], "invalid function name"),
        ([{"name": "a", "parameters": {"type": "object", "additionalProperties": False}}], "add"),
        ([{"name": "a", "parameters": {"type": ["string", "null"]}}], ".type: must be one of"),
        (
            [{"name": "a", "parameters": {"type": "object", "properties": {"x": {"anyOf": []}}}}],
            'properties.x: unknown field "anyOf"',
        ),
    ):
        await editor.fill(declared if isinstance(declared, str) else json.dumps(declared))
        await page.click(save)
        await expect(problem).to_contain_text(told)
    await editor.fill(json.dumps([WEATHER]))
    await expect(problem).to_be_hidden()
    await page.click(save)
    await expect(editor).to_have_count(0)
    await ask(page, "call weather now")
    await answered(page)
    block = page.locator("ms-function-call-chunk ms-code-block")
    await expect(block.locator(".title")).to_have_text("weather")
    (asked,) = emulator.asked
    assert asked.functions == (WEATHER,)
    assert not asked.search
    # They stay, until somebody takes them away.
    await page.click('button[aria-label="New chat"]')
    await page.click('button:has-text("Discard and continue")')
    await edit.click()
    await page.click('[role=tab]:has-text("Code Editor")')
    await expect(editor).to_have_value(json.dumps([WEATHER]))
    await page.click('button[aria-label="Reset the current function declarations"]')
    await expect(editor).to_have_value("")
    await page.click(save)
    await ask(page, "call weather now")
    await answered(page)
    assert emulator.asked[-1].functions == ()
