"""Reasoning through a real page, as clients of OpenAI's API see it."""

from __future__ import annotations

from typing import Any

import pytest
from aistudio_gateway import AIStudioGateway
from aistudio_said import say

from plugway_aistudio.emulated.answer import answer
from plugway_aistudio.emulated.parts import text, thought

pytestmark = pytest.mark.anyio

THOUGHTS = "**Reading the question** It is short enough to say again.\n"


@pytest.mark.parametrize(
    ("model", "effort", "set_to"),
    [
        ("gemini-2.5-flash", None, {"thinking": True, "budget": None}),
        ("gemini-2.5-flash", "none", {"thinking": False}),
        ("gemini-2.5-flash", "minimal", {"thinking": True, "budget": 4_096}),
        ("gemini-2.5-flash", "low", {"thinking": True, "budget": 4_096}),
        ("gemini-2.5-flash", "medium", {"thinking": True, "budget": 12_288}),
        ("gemini-2.5-flash", "high", {"thinking": True, "budget": 24_576}),
        ("gemini-2.5-pro", "low", {"budget": 4_096}),
        ("gemini-2.5-pro", None, {"budget": None}),
        ("gemini-3-pro-preview", "low", {"level": "low"}),
        ("gemini-3-pro-preview", "medium", {"level": "high"}),
        ("gemini-3-pro-preview", "high", {"level": "high"}),
        ("gemini-3-flash-preview", "low", {"level": "low"}),
        ("gemini-3-flash-preview", "medium", {"level": "medium"}),
        ("gemini-3-flash-preview", "high", {"level": "high"}),
    ],
)
async def test_how_much_to_think_is_set_as_the_model_has_it(
    studio: AIStudioGateway, model: str, effort: str | None, set_to: dict[str, Any]
) -> None:
    fields = {} if effort is None else {"reasoning_effort": effort}
    said = await say(studio, "Think", model, streams=True, **fields)
    asked = studio.emulator.asked[-1]
    assert {name: getattr(asked, name) for name in set_to} == set_to
    assert said.thoughts == ("" if effort == "none" else THOUGHTS)
    assert "Reading the question" not in said.text
    assert said.usage is not None
    assert said.usage["completion_tokens_details"]["reasoning_tokens"] == (
        0 if effort == "none" else 12
    )


async def test_thoughts_are_no_part_of_the_text(studio: AIStudioGateway, streams: bool) -> None:
    said = await say(studio, "Think", streams=streams)
    assert said.thoughts == THOUGHTS
    assert said.text.startswith("You said: Think")
    assert "<think>" not in said.text


async def test_thoughts_after_text_are_told_too(studio: AIStudioGateway, streams: bool) -> None:
    parts = [thought("Hm. "), text("One "), thought("Hm again."), text("two", signature="c2ln")]
    studio.emulator.script(answer(*parts))
    said = await say(studio, streams=streams)
    assert (said.thoughts, said.text) == ("Hm. Hm again.", "One two")


async def test_thoughts_that_took_all_tokens_are_told(
    studio: AIStudioGateway, streams: bool
) -> None:
    studio.emulator.script(answer(thought("Hm, "), thought("hm."), finish=2))
    said = await say(studio, streams=streams, max_tokens=10)
    assert (said.thoughts, said.text, said.finish) == ("Hm, hm.", "", "length")


@pytest.mark.parametrize(
    ("model", "effort", "words"),
    [
        ("gemma-3-27b-it", "low", "does not think"),
        ("gemini-2.5-pro", "none", "always thinks"),
        ("gemini-3-pro-preview", "none", "always thinks"),
    ],
)
async def test_what_a_model_cannot_think_is_refused(
    studio: AIStudioGateway, model: str, effort: str, words: str
) -> None:
    asked = len(studio.emulator.asked)
    for fields in ({}, {"stream": True}):
        refused = await studio.ask("Think", model, reasoning_effort=effort, **fields)
        assert (refused.status, refused.error["param"]) == (400, "reasoning_effort")
        assert words in refused.error["message"]
    assert len(studio.emulator.asked) == asked


async def test_a_model_that_does_not_think_need_not_be_told(studio: AIStudioGateway) -> None:
    said = await say(studio, "Hi", "gemma-3-27b-it", streams=False, reasoning_effort="none")
    assert (said.thoughts, said.finish) == ("", "stop")
    assert studio.emulator.asked[-1].thinking is None


async def test_thoughts_of_earlier_turns_are_not_said_again(studio: AIStudioGateway) -> None:
    said = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello", "reasoning_content": "Secret thoughts."},
        {"role": "user", "content": "Bye"},
    ]
    await say(studio, said, streams=False)
    assert "Secret" not in studio.emulator.asked[-1].text
