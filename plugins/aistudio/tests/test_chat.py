"""Chats through a real page, as clients of OpenAI's API see them."""

from __future__ import annotations

from typing import Any

import pytest
from aistudio_gateway import CHATS, MODEL, AIStudioGateway, body
from aistudio_said import chunks, price, say, settings_of

from plugway_aistudio.emulated.answer import Answer as Written
from plugway_aistudio.emulated.answer import answer
from plugway_aistudio.emulated.parts import FINISH, feedback, text, thought, usage

pytestmark = pytest.mark.anyio


async def test_an_answer_has_what_the_page_said_and_costs_what_it_counted(
    studio: AIStudioGateway, streams: bool
) -> None:
    before = await studio.charged()
    said = await say(studio, "Hello there", streams=streams)
    assert said.text.startswith("You said: Hello there\n")
    asked = studio.emulator.asked[-1]
    assert (asked.model, asked.text, asked.temporary) == (MODEL, "Hello there", True)
    assert said.finish == "stop"
    row = (await studio.server.usage())[-1]
    assert said.usage is not None
    assert not row.estimated
    assert "estimated" not in said.usage
    assert (row.input_tokens, row.output_tokens) == (
        said.usage["prompt_tokens"],
        said.usage["completion_tokens"],
    )
    assert await studio.charged() - before == row.credits
    assert row.credits == price(MODEL, row.input_tokens, row.output_tokens) > 0


async def test_what_it_used_is_what_the_upstream_counted(
    studio: AIStudioGateway, streams: bool
) -> None:
    counted = usage(1_234, 567, tools=8, thinking=90)
    studio.emulator.script(answer(thought("Hm."), text("Hi"), tokens=counted))
    before = await studio.charged()
    used = (await say(studio, streams=streams)).usage
    assert used is not None
    assert (used["prompt_tokens"], used["completion_tokens"], used["total_tokens"]) == (
        1_242,
        657,
        1_899,
    )
    assert used["completion_tokens_details"]["reasoning_tokens"] == 90
    assert await studio.charged() - before == price(MODEL, 1_242, 657) == 1_296


async def test_a_stream_says_what_it_used_only_when_it_is_asked_to(
    studio: AIStudioGateway,
) -> None:
    async with studio.client.post(CHATS, json=body("Hi", stream=True)) as response:
        found = chunks(await response.read())
    assert all("usage" not in one and one["choices"] for one in found)
    assert found[-1]["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", "stop"),
        ("max_tokens", "length"),
        ("safety", "content_filter"),
        ("recitation", "content_filter"),
        ("prohibited", "content_filter"),
        ("spii", "content_filter"),
    ],
)
async def test_why_an_answer_ended_is_told(
    studio: AIStudioGateway, streams: bool, finish: str, reason: str
) -> None:
    studio.emulator.script(answer(text("One "), text("two"), finish=FINISH[finish]))
    said = await say(studio, streams=streams)
    assert (said.text, said.finish) == ("One two", reason)


async def test_a_blocked_question_is_refused(studio: AIStudioGateway) -> None:
    before = await studio.charged()
    for streams in (False, True):
        studio.emulator.script(Written(frames=(feedback(4, "Not that."),)))
        refused = await studio.ask("Something", stream=streams)
        assert refused.status == 400
        assert refused.error["code"] == "content_policy_violation"
        assert "Not that." in refused.error["message"]
    assert await studio.charged() == before


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
async def test_an_answer_ends_at_the_most_tokens(
    studio: AIStudioGateway, streams: bool, name: str
) -> None:
    fields: dict[str, Any] = {name: 5}
    said = await say(studio, "A text of more than one word", streams=streams, **fields)
    assert studio.emulator.asked[-1].max_tokens == 5
    assert (said.text, said.finish) == ("You said: A text of ", "length")
    assert said.usage is not None
    # Thoughts are no part of the limit, and no part of the text.
    assert said.usage["completion_tokens"] == 5 + 12


async def test_a_limit_above_the_model_s_own_is_the_model_s_own(studio: AIStudioGateway) -> None:
    await studio.ask("Hi", "gemma-3-27b-it", max_tokens=1_000_000)
    assert studio.emulator.asked[-1].max_tokens == 8_192


async def test_settings_reach_the_upstream_and_none_is_left_over(
    studio: AIStudioGateway, streams: bool
) -> None:
    plain = settings_of((await say(studio, "Plain", streams=streams)).text)
    everything: dict[str, Any] = {
        "temperature": 0.25,
        "top_p": 0.5,
        "max_tokens": 1_000,
        "stop": ["ENDE", "FIN"],
        "reasoning_effort": "low",
        "web_search_options": {},
    }
    system = {"role": "system", "content": "Be brief."}
    said = [system, {"role": "user", "content": "All of it"}]
    await say(studio, said, streams=streams, **everything)
    asked = studio.emulator.asked[-1]
    assert (asked.temperature, asked.top_p, asked.max_tokens) == (0.25, 0.5, 1_000)
    assert (asked.stop, asked.budget, asked.search) == (("ENDE", "FIN"), 4_096, True)
    assert (asked.system, asked.text) == ("Be brief.", "All of it")
    again = settings_of((await say(studio, "Plain", streams=streams)).text)
    assert again == plain
    assert "system" not in again
    assert {"stop", "budget", "search", "functions", "files"}.isdisjoint(again)
    assert (again["temperature"], again["top_p"], again["max_tokens"]) == (1, 0.95, 65_536)


@pytest.mark.parametrize(("temperature", "top_p"), [(0, 1), (2, 0), (0.7, 0.33), (1.05, 0.9)])
async def test_numbers_arrive_as_they_were_given(
    studio: AIStudioGateway, temperature: float, top_p: float
) -> None:
    await studio.ask("Hi", temperature=temperature, top_p=top_p)
    asked = studio.emulator.asked[-1]
    assert (asked.temperature, asked.top_p) == (temperature, top_p)


async def test_search_names_its_sources(studio: AIStudioGateway, streams: bool) -> None:
    said = await say(studio, "What is new?", streams=streams, web_search_options={})
    assert studio.emulator.asked[-1].search
    (source,) = {
        (one["url_citation"]["url"], one["url_citation"]["title"]) for one in said.annotations
    }
    assert source == ("https://example.com/source", "A source")
    await say(studio, "And without?", streams=streams)
    assert not studio.emulator.asked[-1].search


async def test_the_first_words_come_while_the_page_still_speaks(studio: AIStudioGateway) -> None:
    pieces = ["One ", "two ", "three"]
    studio.emulator.script(answer(*map(text, pieces), stepped=True))
    studio.emulator.step()
    async with studio.stream() as events:
        assert (await anext(events))["choices"][0]["delta"]["role"] == "assistant"
        for piece in pieces:
            assert (await anext(events))["choices"][0]["delta"]["content"] == piece
            studio.emulator.step()
        assert (await anext(events))["choices"][0]["finish_reason"] == "stop"


async def test_a_conversation_is_one_text_with_system_text_in_its_own_box(
    studio: AIStudioGateway, streams: bool
) -> None:
    said = [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": [{"type": "text", "text": "Bye"}]},
    ]
    await say(studio, said, streams=streams)
    asked = studio.emulator.asked[-1]
    assert asked.system == "Be brief.\n\nBe kind."
    assert asked.text == "User: Hi\n\nAssistant: Hello\n\nUser: Bye\n\nAssistant:"
    assert len(asked.turns) == 1
