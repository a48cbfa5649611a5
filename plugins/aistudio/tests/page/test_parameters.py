"""Settings of a question: set, read back, refused by name, and gone with the next question."""

from __future__ import annotations

from typing import Any

import pytest
from aistudio_page import FLASH, LEVELS, PLAIN, Desk

from plugway import BadRequest
from plugway_aistudio.question import Question, Thinking

pytestmark = pytest.mark.anyio

EVERYTHING: dict[str, Any] = {
    "system": "Answer in French.\nBriefly.",
    "temperature": 0.35,
    "top_p": 0.5,
    "max_tokens": 1234,
    "stop": ("END", "two words"),
    "thinking": Thinking(budget=2_048),
    "search": True,
    "url_context": True,
    "code_execution": True,
}


async def test_everything_reaches_the_service_and_is_gone_with_the_next(either: Desk) -> None:
    await either.ask("First", **EVERYTHING)
    asked = either.asked
    for name in ("system", "temperature", "top_p", "max_tokens", "stop", "search"):
        assert getattr(asked, name) == EVERYTHING[name], name
    assert asked.url_context
    assert asked.code_execution
    assert (asked.thinking, asked.budget) == (True, 2_048)
    await either.ask("Second")
    asked = either.asked
    assert (asked.text, asked.system, asked.stop) == ("Second", "", ())
    assert (asked.temperature, asked.top_p, asked.max_tokens) == (1, 0.95, 65_536)
    assert (asked.search, asked.url_context, asked.code_execution) == (False, False, False)
    assert (asked.thinking, asked.budget) == (True, None)


async def test_thinking_is_turned_off_and_on_again(either: Desk) -> None:
    await either.ask(thinking=Thinking(on=False))
    assert either.asked.thinking is False
    await either.ask(thinking=Thinking(on=True))
    assert (either.asked.thinking, either.asked.budget) == (True, None)


async def test_a_budget_may_follow_a_question_without_thinking(either: Desk) -> None:
    await either.ask(thinking=Thinking(on=False))
    await either.ask(thinking=Thinking(budget=512))
    assert (either.asked.thinking, either.asked.budget) == (True, 512)
    await either.ask(thinking=Thinking(on=False))
    assert either.asked.thinking is False


async def test_levels_are_chosen_and_put_back(either: Desk) -> None:
    await either.ask(model=LEVELS, thinking=Thinking(level="minimal"))
    assert either.asked.level == "minimal"
    await either.ask(model=LEVELS)
    assert either.asked.level == "high"


async def test_a_level_that_the_model_has_not_is_refused(studio: Desk) -> None:
    with pytest.raises(BadRequest, match="levels Low, High, not medium") as caught:
        await studio.submit(model="gemini-3-pro-preview", thinking=Thinking(level="medium"))
    assert caught.value.field == "thinking"
    await studio.ask(model="gemini-3-pro-preview", thinking=Thinking(level="low"))
    assert studio.asked.level == "low"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"search": True}, "search"),
        ({"url_context": True}, "url_context"),
        ({"code_execution": True}, "code_execution"),
        ({"functions": '[{"name": "f"}]'}, "functions"),
        ({"thinking": Thinking(budget=100)}, "thinking"),
        ({"thinking": Thinking(level="low")}, "thinking"),
        ({"thinking": Thinking(on=False)}, "thinking"),
    ],
)
async def test_what_the_model_has_not_is_refused_by_name(
    studio: Desk, fields: dict[str, Any], field: str
) -> None:
    before = len(studio.emulator.asked)
    with pytest.raises(BadRequest, match=f"^{field}: .*does not offer") as caught:
        await studio.submit(model=PLAIN, **fields)
    assert caught.value.field == field
    assert len(studio.emulator.asked) == before
    assert studio.driver.health().ready


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"max_tokens": 100_000}, "max_tokens", "makes 65536 of 100000"),
        ({"thinking": Thinking(budget=99_999)}, "thinking", "makes 32768 of 99999"),
        ({"stop": ("a\nb",)}, "stop", "several lines"),
        ({"stop": tuple("abcdef")}, "stop", "does not take these"),
        ({"search": True, "functions": '[{"name": "f"}]'}, "search", "together with"),
    ],
)
async def test_values_that_the_page_does_not_keep_are_refused_by_name(
    studio: Desk, fields: dict[str, Any], field: str, said: str
) -> None:
    with pytest.raises(BadRequest, match=said) as caught:
        await studio.submit(**fields)
    assert caught.value.field == field
    # The next question has nothing of it.
    await studio.ask("After")
    asked = studio.asked
    assert (asked.text, asked.max_tokens, asked.stop) == ("After", 65_536, ())
    assert (asked.budget, asked.functions, asked.search) == (None, (), False)


async def test_a_question_says_nothing_of_another_models_settings(studio: Desk) -> None:
    await studio.ask(model=PLAIN, max_tokens=100, temperature=0.0)
    assert (studio.asked.max_tokens, studio.asked.temperature) == (100, 0)
    await studio.ask(model=FLASH)
    assert (studio.asked.max_tokens, studio.asked.temperature) == (65_536, 1)
    await studio.ask(model=PLAIN)
    assert (studio.asked.model, studio.asked.max_tokens) == (PLAIN, 8_192)


async def test_system_text_is_long_and_of_any_script(studio: Desk) -> None:
    text = "Größe \U0001f600 日本\n" * 1_000
    await studio.ask(system=text)
    assert studio.asked.system == text


async def test_a_question_of_a_megabyte_is_asked(studio: Desk) -> None:
    text = "0123456789 äöü 😀\n" * 50_000
    await studio.driver.open()
    await studio.driver.submit(Question(model=FLASH, text=text))
    assert [event async for event in studio.driver.stream()]
    assert studio.asked.text == text
