"""Whole answers, as Google's own package reads them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from gemini_front import HELLO, ITS_OWN_WARNING, GeminiFront
from google.genai import types

from plugway import (
    Citation,
    Finish,
    Media,
    Message,
    Reasoning,
    SafetyBlocked,
    Text,
    TextDelta,
    Thought,
    ThoughtDelta,
    TokenCount,
    ToolCall,
    ToolResult,
)

pytestmark = [pytest.mark.anyio, ITS_OWN_WARNING]

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
MP4 = b"\x00\x00\x00\x18ftypmp42" + b"\x01" * 64


async def test_a_text(front: GeminiFront) -> None:
    answer = await front.google.aio.models.generate_content(model="poet", contents="hello you")
    assert answer.text == "hello you"
    assert answer.model_version == "poet"
    assert answer.response_id
    assert answer.candidates
    assert answer.candidates[0].finish_reason is types.FinishReason.STOP
    assert answer.candidates[0].index == 0
    assert front.poet.asked[0].messages == (Message("user", (Text("hello you"),)),)


async def test_a_text_without_a_loop(front: GeminiFront) -> None:
    answer = await asyncio.to_thread(
        front.google.models.generate_content, model="models/poet", contents="hello you"
    )
    assert answer.text == "hello you"


async def test_the_bytes_of_an_answer(front: GeminiFront) -> None:
    front.says(TextDelta("Hi"), TokenCount(input=7, output=5, thought=3, cached=2))
    async with front.post("generateContent") as answer:
        assert answer.status == 200
        assert answer.headers["content-type"] == "application/json; charset=UTF-8"
        told = json.loads(await answer.read())
    answer_id = told.pop("responseId")
    assert len(answer_id) > 10
    assert told == {
        "candidates": [
            {
                "content": {"parts": [{"text": "Hi"}], "role": "model"},
                "finishReason": "STOP",
                "index": 0,
            }
        ],
        "usageMetadata": {
            "promptTokenCount": 7,
            "cachedContentTokenCount": 2,
            "candidatesTokenCount": 2,
            "thoughtsTokenCount": 3,
            "totalTokenCount": 12,
        },
        "modelVersion": "poet",
    }


@pytest.mark.parametrize("base", ["/v1beta", "/v1"])
async def test_both_versions(front: GeminiFront, base: str) -> None:
    status, told = await front.told("generateContent", base=base)
    assert status == 200
    assert told["candidates"][0]["content"]["parts"] == [{"text": "hello you"}]
    status, told = await front.told("countTokens", base=base)
    assert (status, told) == (200, {"totalTokens": 7})


async def test_usage_is_what_is_charged(front: GeminiFront) -> None:
    front.says(TextDelta("Hi"), TokenCount(input=7, output=5, thought=3, cached=2))
    answer = await front.google.aio.models.generate_content(model="poet", contents="hello you")
    usage = answer.usage_metadata
    assert usage is not None
    assert usage.prompt_token_count == 7
    assert usage.candidates_token_count == 2
    assert usage.thoughts_token_count == 3
    assert usage.cached_content_token_count == 2
    assert usage.total_token_count == 12
    assert await front.server.balance(front.user) == (1_000_000 - 7 - 2 * 5, 0)


async def test_own_counts_where_none_come(front: GeminiFront) -> None:
    answer = await front.google.aio.models.generate_content(model="poet", contents="hello you")
    usage = answer.usage_metadata
    assert usage is not None
    assert (usage.prompt_token_count, usage.candidates_token_count) == (7, 3)
    assert usage.thoughts_token_count is None
    assert await front.server.balance(front.user) == (1_000_000 - 7 - 2 * 3, 0)


async def test_an_image_in(front: GeminiFront) -> None:
    parts: list[Any] = [
        types.Part.from_bytes(data=PNG, mime_type="image/png"),
        types.Part.from_uri(file_uri="https://host.example/a.mp4", mime_type="video/mp4"),
        "what is it?",
    ]
    await front.google.aio.models.generate_content(model="poet", contents=parts)
    (message,) = front.poet.asked[0].messages
    assert message.parts == (
        Media(mime_type="image/png", data=PNG),
        Media(mime_type="video/mp4", url="https://host.example/a.mp4"),
        Text("what is it?"),
    )


async def test_images_and_videos_out(front: GeminiFront) -> None:
    front.says(
        TextDelta("Look: "),
        Media(mime_type="image/png", data=PNG),
        Media(mime_type="video/mp4", data=MP4),
        Media(mime_type="video/mp4", url="https://host.example/b.mp4"),
    )
    config = types.GenerateContentConfig(response_modalities=["TEXT", "IMAGE"])
    models = front.google.aio.models
    answer = await models.generate_content(model="poet", contents="draw", config=config)
    assert answer.parts
    text, image, video, elsewhere = answer.parts
    assert text.text == "Look: "
    assert image.inline_data
    assert (image.inline_data.mime_type, image.inline_data.data) == ("image/png", PNG)
    assert video.inline_data
    assert (video.inline_data.mime_type, video.inline_data.data) == ("video/mp4", MP4)
    assert elsewhere.file_data
    assert elsewhere.file_data.file_uri == "https://host.example/b.mp4"
    assert elsewhere.file_data.mime_type == "video/mp4"
    balance, held = await front.server.balance(front.user)
    assert (1_000_000 - balance) // 100 == 21
    assert held == 0


async def test_a_system_instruction(front: GeminiFront) -> None:
    config = types.GenerateContentConfig(system_instruction=["Rhyme.", "Be brief."])
    await front.google.aio.models.generate_content(model="poet", contents="hello", config=config)
    assert front.poet.asked[0].messages == (
        Message("system", (Text("Rhyme."), Text("Be brief."))),
        Message("user", (Text("hello"),)),
    )


async def test_a_chat_of_several_turns(front: GeminiFront) -> None:
    chat = front.google.aio.chats.create(model="poet")
    front.says(TextDelta("one"))
    assert (await chat.send_message("1?")).text == "one"
    front.says(TextDelta("t"), TextDelta("wo"))
    pieces = [piece.text async for piece in await chat.send_message_stream("2?")]
    assert pieces == ["t", "wo", ""]
    await chat.send_message("3?")
    # What came in pieces is one message again.
    messages = [(message.role, message.text) for message in front.poet.asked[-1].messages]
    assert messages == [
        ("user", "1?"),
        ("assistant", "one"),
        ("user", "2?"),
        ("assistant", "two"),
        ("user", "3?"),
    ]


async def test_functions(front: GeminiFront) -> None:
    calls: list[str] = []

    def weather(city: str) -> dict[str, str]:
        """Tell the weather.

        Args:
            city: Where.
        """
        calls.append(city)
        return {"sky": f"grey over {city}"}

    front.says(ToolCall(id="c1", name="weather", arguments='{"city":"Rome"}', signature="s\u00e91"))
    front.says(TextDelta("Take an umbrella."))
    config = types.GenerateContentConfig(
        tools=[weather],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(maximum_remote_calls=3),
    )
    models = front.google.aio.models
    answer = await models.generate_content(model="poet", contents="Rome?", config=config)
    assert answer.text == "Take an umbrella."
    assert calls == ["Rome"]
    first, second = front.poet.asked
    (tool,) = first.tools
    assert (tool.name, tool.parameters["properties"]["city"]["type"]) == ("weather", "string")
    assert second.messages[1:] == (
        Message(
            "assistant",
            (ToolCall(id="c1", name="weather", arguments='{"city":"Rome"}', signature="s\u00e91"),),
        ),
        Message(
            "user",
            (
                ToolResult(
                    id="c1",
                    name="weather",
                    parts=(Text('{"result":{"sky":"grey over Rome"}}'),),
                ),
            ),
        ),
    )


async def test_a_function_call_stops(front: GeminiFront) -> None:
    front.says(ToolCall(id="c1", name="f", arguments="{}"), Finish("tool_calls"))
    body = {**HELLO, "tools": [{"functionDeclarations": [{"name": "f"}]}]}
    _, told = await front.told("generateContent", body)
    (candidate,) = told["candidates"]
    assert candidate["finishReason"] == "STOP"
    assert candidate["content"]["parts"] == [
        {"functionCall": {"id": "c1", "name": "f", "args": {}}}
    ]


async def test_arguments_that_are_no_object(front: GeminiFront) -> None:
    front.says(ToolCall(id="c1", name="f", arguments="[1]"))
    body = {**HELLO, "tools": [{"functionDeclarations": [{"name": "f"}]}]}
    status, told = await front.told("generateContent", body)
    assert (status, told["error"]["status"]) == (502, "UNAVAILABLE")


@pytest.mark.parametrize("shown", [True, False])
async def test_thoughts(front: GeminiFront, shown: bool) -> None:
    front.says(ThoughtDelta("I wonder"), ThoughtDelta(" why", "sig/1"), TextDelta("Because"))
    thinking = types.ThinkingConfig(include_thoughts=shown, thinking_budget=512)
    config = types.GenerateContentConfig(thinking_config=thinking)
    answer = await front.google.aio.models.generate_content(
        model="poet", contents="why", config=config
    )
    assert front.poet.asked[0].reasoning == Reasoning(effort="medium", budget=512, shown=shown)
    assert answer.text == "Because"
    assert answer.parts
    thoughts = [part.text for part in answer.parts if part.thought]
    assert thoughts == (["I wonder why"] if shown else [])
    assert answer.parts[0].thought_signature == b"sig/1"
    # The signature comes back as the model gave it.
    assert answer.candidates
    assert answer.candidates[0].content
    history: list[types.ContentUnion] = [
        types.UserContent("why"),
        answer.candidates[0].content,
        types.UserContent("and?"),
    ]
    await front.google.aio.models.generate_content(model="poet", contents=history)
    assert front.poet.asked[1].messages[1].parts == (
        Thought("I wonder why" if shown else "", "sig/1"),
        Text("Because"),
    )


async def test_thoughts_that_nobody_asked_for(front: GeminiFront) -> None:
    front.says(ThoughtDelta("I wonder"), TextDelta("Because"))
    answer = await front.google.aio.models.generate_content(model="poet", contents="why")
    assert front.poet.asked[0].reasoning is None
    assert answer.parts == [types.Part(text="Because")]


async def test_sources(front: GeminiFront) -> None:
    rome, nile = "https://rome.example/", "https://nile.example/"
    front.says(
        TextDelta("Très "),
        TextDelta("long"),
        Citation(url=rome, title="Rome", start=0, end=4),
        Citation(url=nile, start=5, end=9),
        Citation(url=rome, title="Rome", start=5, end=9),
        Citation(url="https://other.example/", title="Other"),
    )
    config = types.GenerateContentConfig(tools=[types.Tool(google_search=types.GoogleSearch())])
    models = front.google.aio.models
    answer = await models.generate_content(model="poet", contents="?", config=config)
    assert front.poet.asked[0].search is True
    assert answer.candidates
    grounding = answer.candidates[0].grounding_metadata
    assert grounding
    assert grounding.grounding_chunks
    assert [
        (chunk.web.uri, chunk.web.title) for chunk in grounding.grounding_chunks if chunk.web
    ] == [
        (rome, "Rome"),
        (nile, None),
        ("https://other.example/", "Other"),
    ]
    assert grounding.grounding_supports
    # Places are counted in bytes.
    assert [
        (
            one.segment.start_index,
            one.segment.end_index,
            one.segment.text,
            one.grounding_chunk_indices,
        )
        for one in grounding.grounding_supports
        if one.segment
    ] == [(0, 5, "Très", [0]), (6, 10, "long", [1, 0])]


async def test_recitation(front: GeminiFront) -> None:
    front.says(
        TextDelta("To be"),
        Citation(url="https://bard.example/", start=0, end=5),
        Finish("recitation"),
    )
    answer = await front.google.aio.models.generate_content(model="poet", contents="?")
    assert answer.candidates
    assert answer.candidates[0].finish_reason is types.FinishReason.RECITATION
    assert answer.candidates[0].citation_metadata
    assert answer.candidates[0].citation_metadata.citations == [
        types.Citation(uri="https://bard.example/", start_index=0, end_index=5)
    ]


@pytest.mark.parametrize(
    ("finish", "reason"),
    [("length", "MAX_TOKENS"), ("safety", "SAFETY"), ("stop", "STOP")],
)
async def test_reasons(front: GeminiFront, finish: str, reason: str) -> None:
    front.says(TextDelta("Oh"), Finish(finish))  # type: ignore[arg-type]  # one of the reasons
    answer = await front.google.aio.models.generate_content(model="poet", contents="?")
    assert answer.candidates
    assert answer.candidates[0].finish_reason == types.FinishReason(reason)


async def test_limits_that_are_kept_here(front: GeminiFront) -> None:
    front.says(TextDelta("one two three"))
    config = types.GenerateContentConfig(stop_sequences=[" three"], max_output_tokens=100)
    answer = await front.google.aio.models.generate_content(
        model="poet", contents="count", config=config
    )
    assert answer.text == "one two"
    front.says(TextDelta("one two three"))
    config = types.GenerateContentConfig(max_output_tokens=1)
    answer = await front.google.aio.models.generate_content(
        model="poet", contents="count", config=config
    )
    assert answer.text == "one "
    assert answer.candidates
    assert answer.candidates[0].finish_reason is types.FinishReason.MAX_TOKENS


async def test_what_is_ignored_is_told(front: GeminiFront) -> None:
    body = {**HELLO, "generation_config": {"top_p": 0.5, "topK": 3, "temperature": 1, "seed": 4}}
    async with front.post("generateContent", body) as answer:
        assert answer.status == 200
        assert answer.headers["x-plugway-ignored"] == (
            "generation_config.seed, generation_config.topK, generation_config.top_p"
        )


async def test_json(front: GeminiFront) -> None:
    front.says(TextDelta('{"age":3}'))
    config = types.GenerateContentConfig(
        response_mime_type="application/json",
        response_schema={"type": "OBJECT", "properties": {"age": {"type": "INTEGER"}}},
    )
    models = front.google.aio.models
    answer = await models.generate_content(model="poet", contents="?", config=config)
    assert answer.parsed == {"age": 3}
    assert front.poet.asked[0].json_schema == {
        "type": "object",
        "properties": {"age": {"type": "integer"}},
    }


async def test_a_question_that_safety_rules_do_not_allow(front: GeminiFront) -> None:
    front.says(SafetyBlocked("not that"))
    answer = await front.google.aio.models.generate_content(model="poet", contents="?")
    assert not answer.candidates
    assert answer.prompt_feedback
    assert answer.prompt_feedback.block_reason is types.BlockedReason.SAFETY
    assert answer.prompt_feedback.block_reason_message == "not that"


async def test_counting(front: GeminiFront) -> None:
    counted = await front.google.aio.models.count_tokens(model="poet", contents="hello you")
    assert counted.total_tokens == 7
    whole = {"model": "models/poet", **HELLO, "systemInstruction": {"parts": [{"text": "Rhyme"}]}}
    assert await front.told("countTokens", {"generateContentRequest": whole}) == (
        200,
        {"totalTokens": 13},
    )
    assert not front.poet.asked
    assert await front.untouched()
