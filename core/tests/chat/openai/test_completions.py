"""Whole answers, asked for with the official package."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from openai_desk import MP4, PNG, OpenAIDesk, user_says

from plugway import (
    Citation,
    Finish,
    FinishReason,
    Media,
    Message,
    Text,
    TextDelta,
    Thought,
    ThoughtDelta,
    TokenCount,
    ToolCall,
    ToolResult,
)

pytestmark = pytest.mark.anyio

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tells the weather.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        "strict": True,
    },
}


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


async def test_text(desk: OpenAIDesk) -> None:
    answer = await desk.client.chat.completions.create(
        model="parrot", messages=user_says("Hello you")
    )
    assert answer.id.startswith("chatcmpl-")
    assert (answer.object, answer.model) == ("chat.completion", "parrot")
    assert abs(answer.created - desk.server.gateway.clock.now() / 1_000_000) < 60
    [choice] = answer.choices
    assert (choice.index, choice.finish_reason, choice.message.role) == (0, "stop", "assistant")
    assert (choice.message.content, choice.message.refusal) == ("Hello you", None)
    assert choice.message.tool_calls is None
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (7, 3)
    assert answer.usage.total_tokens == 10
    assert answer.usage.model_extra == {"estimated": True}
    assert await desk.spent() == 7 + 2 * 3


async def test_what_the_upstream_counted_is_told_and_charged(desk: OpenAIDesk) -> None:
    desk.says(
        ThoughtDelta("Hm, "),
        ThoughtDelta("yes."),
        TextDelta("Yes"),
        TokenCount(input=50, output=20, thought=12, cached=30),
        Finish("length"),
    )
    answer = await desk.client.chat.completions.create(
        model="poet", messages=user_says("?"), reasoning_effort="xhigh"
    )
    [choice] = answer.choices
    assert choice.finish_reason == "length"
    assert choice.message.content == "Yes"
    assert choice.message.model_extra == {"reasoning_content": "Hm, yes."}
    usage = answer.usage
    assert usage is not None
    assert usage.prompt_tokens_details is not None
    assert usage.completion_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens == 30
    assert usage.completion_tokens_details.reasoning_tokens == 12
    assert usage.model_extra == {}
    assert await desk.spent() == 50 + 2 * 20
    reasoning = desk.poet.asked[0].reasoning
    assert reasoning is not None
    assert reasoning.effort == "high"


async def test_a_system_prompt_and_several_turns_with_functions(desk: OpenAIDesk) -> None:
    desk.says(ToolCall(id="c1", name="weather", arguments='{"city": "Rome"}'), Finish("tool_calls"))
    messages: list[Any] = [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": "Be kind."},
        {"role": "user", "content": "Weather?"},
    ]
    tools: Any = [WEATHER]
    first = await desk.client.chat.completions.create(model="poet", messages=messages, tools=tools)
    said = first.choices[0].message
    assert first.choices[0].finish_reason == "tool_calls"
    assert said.content is None
    assert said.tool_calls is not None
    [call] = said.tool_calls
    assert call.type == "function"
    assert (call.id, call.function.name) == ("c1", "weather")
    assert call.function.arguments == '{"city": "Rome"}'

    # The message goes back as it came, as clients do it.
    messages += [said, {"role": "tool", "tool_call_id": "c1", "content": "Sunny"}]
    desk.says(TextDelta("Sunny."))
    second = await desk.client.chat.completions.create(
        model="poet", messages=messages, tools=tools, tool_choice="auto", parallel_tool_calls=False
    )
    assert second.choices[0].message.content == "Sunny."
    asked = desk.poet.asked[-1]
    assert asked.messages == (
        Message("system", (Text("Be brief."),)),
        Message("system", (Text("Be kind."),)),
        Message("user", (Text("Weather?"),)),
        Message("assistant", (ToolCall(id="c1", name="weather", arguments='{"city": "Rome"}'),)),
        Message("user", (ToolResult(id="c1", name="weather", parts=(Text("Sunny"),)),)),
    )
    [tool] = asked.tools
    assert (tool.name, tool.description, tool.strict) == ("weather", "Tells the weather.", True)
    assert dict(tool.parameters)["properties"] == {"city": {"type": "string"}}
    assert (asked.tool_choice.mode, asked.tool_choice.parallel) == ("auto", False)
    assert asked.spelt("tools") == "tools"


async def test_a_call_that_ends_with_stop_still_says_that_functions_are_asked_for(
    desk: OpenAIDesk,
) -> None:
    desk.says(TextDelta("Let me see."), ToolCall(id="c", name="weather"), Finish("stop"))
    tools: Any = [WEATHER]
    answer = await desk.client.chat.completions.create(
        model="poet", messages=user_says("?"), tools=tools
    )
    assert answer.choices[0].finish_reason == "tool_calls"
    assert answer.choices[0].message.content == "Let me see."


async def test_signatures_go_out_and_come_back_where_google_puts_them(desk: OpenAIDesk) -> None:
    desk.says(ToolCall(id="c", name="weather", signature="s1"), Finish("tool_calls"))
    tools: Any = [WEATHER]
    messages = user_says("?")
    answer = await desk.client.chat.completions.create(model="poet", messages=messages, tools=tools)
    said = answer.choices[0].message
    messages += [said, {"role": "tool", "tool_call_id": "c", "content": []}]
    await desk.client.chat.completions.create(model="poet", messages=messages, tools=tools)
    called, returned = desk.poet.asked[-1].messages[1:]
    assert called.parts == (ToolCall(id="c", name="weather", signature="s1"),)
    assert returned.parts == (ToolResult(id="c", name="weather"),)


async def test_images_and_other_media_in(desk: OpenAIDesk) -> None:
    content: Any = [
        {"type": "text", "text": "Compare"},
        {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{encoded(PNG)}"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
        {"type": "image_url", "image_url": "https://example.com/b.png"},
        {"type": "video_url", "video_url": {"url": f"data:video/mp4;base64,{encoded(MP4)}"}},
        {"type": "file", "file": {"file_data": encoded(b"%PDF-1"), "filename": "a.pdf"}},
        {"type": "file", "file": {"file_data": "data:text/csv;base64,YQ==", "filename": "a"}},
        {"type": "file", "file": {"file_data": "YQ==", "filename": "a.csv"}},
        {"type": "file", "file": {"url": "https://example.com/c", "mime_type": "Text/Plain"}},
    ]
    await desk.client.chat.completions.create(
        model="poet", messages=[{"role": "user", "content": content}]
    )
    [message] = desk.poet.asked[0].messages
    assert message.parts == (
        Text("Compare"),
        # What bytes show counts more than what the client calls them.
        Media(mime_type="image/png", data=PNG),
        Media(url="https://example.com/a.png"),
        Media(url="https://example.com/b.png"),
        Media(mime_type="video/mp4", data=MP4),
        Media(mime_type="application/pdf", data=b"%PDF-1", name="a.pdf"),
        Media(mime_type="text/csv", data=b"a", name="a"),
        Media(mime_type="text/csv", data=b"a", name="a.csv"),
        Media(mime_type="text/plain", url="https://example.com/c"),
    )


async def test_images_and_videos_out_and_back_again(desk: OpenAIDesk) -> None:
    desk.says(
        TextDelta("Look:"),
        Media(mime_type="image/png", data=PNG),
        Media(mime_type="video/mp4", data=MP4),
        Media(mime_type="image/png", url="https://example.com/a (1).png"),
        TextDelta("Nice?"),
    )
    messages = user_says("Draw")
    answer = await desk.client.chat.completions.create(model="poet", messages=messages)
    said = answer.choices[0].message
    assert said.content == (
        f"Look:\n\n![image](data:image/png;base64,{encoded(PNG)})"
        f"\n\n[video](data:video/mp4;base64,{encoded(MP4)})"
        "\n\n![image](https://example.com/a%20%281%29.png)"
        "\n\nNice?"
    )
    usage = (await desk.server.usage())[-1]
    assert (usage.images, usage.videos) == (2, 1)

    # Clients hand back what they were given; the model must not read it as text.
    messages += [said, {"role": "user", "content": "Bigger"}]
    await desk.client.chat.completions.create(model="poet", messages=messages)
    assert desk.poet.asked[-1].messages[1].parts == (
        Text("Look:\n\n"),
        Media(mime_type="image/png", data=PNG),
        Text("\n\n"),
        Media(mime_type="video/mp4", data=MP4),
        Text("\n\n![image](https://example.com/a%20%281%29.png)\n\nNice?"),
    )


async def test_sources_are_annotations_that_point_into_the_content(desk: OpenAIDesk) -> None:
    desk.says(
        TextDelta("Roses are red."),
        Media(mime_type="image/png", data=PNG),
        TextDelta("Violets are blue."),
        Citation(url="https://example.com/r", title="Roses", start=0, end=14),
        Citation(url="https://example.com/v", title="Violets", start=14, end=31),
        Citation(url="https://example.com/all"),
    )
    answer = await desk.client.chat.completions.create(
        model="poet", messages=user_says("?"), web_search_options={}
    )
    said = answer.choices[0].message
    assert said.content is not None
    assert said.annotations is not None
    found = [
        (one.url_citation.title, said.content[one.url_citation.start_index :][:7])
        for one in said.annotations[:2]
    ]
    assert found == [("Roses", "Roses a"), ("Violets", "Violets")]
    ends = [one.url_citation.end_index for one in said.annotations]
    assert said.content[: ends[0]].endswith("red.")
    assert ends[1] == len(said.content)
    assert ends[2] == 0
    assert desk.poet.asked[0].search is True


async def test_why_it_ended(desk: OpenAIDesk) -> None:
    reasons: dict[FinishReason, str] = {
        "stop": "stop",
        "length": "length",
        "tool_calls": "tool_calls",
        "safety": "content_filter",
        "recitation": "content_filter",
    }
    for reason, shown in reasons.items():
        desk.says(TextDelta("x"), Finish(reason))
        answer = await desk.client.chat.completions.create(model="poet", messages=user_says("?"))
        assert answer.choices[0].finish_reason == shown


async def test_an_empty_answer_has_empty_content(desk: OpenAIDesk) -> None:
    desk.says(Finish("safety"))
    answer = await desk.client.chat.completions.create(model="poet", messages=user_says("?"))
    assert answer.choices[0].message.content == ""


async def test_stop_and_limit_are_kept(desk: OpenAIDesk) -> None:
    create = desk.client.chat.completions.create
    answer = await create(model="parrot", messages=user_says("one two three"), stop=" two")
    assert answer.choices[0].message.content == "one"
    answer = await create(
        model="parrot", messages=user_says("one two three"), max_completion_tokens=1
    )
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == (
        "one ",
        "length",
    )


async def test_what_the_model_does_not_follow_is_named_as_the_client_spelt_it(
    desk: OpenAIDesk,
) -> None:
    answer = await desk.client.chat.completions.with_raw_response.create(
        model="parrot",
        messages=user_says("?"),
        temperature=0.5,
        reasoning_effort="low",
        web_search_options={},
        max_tokens=5,
    )
    assert (
        answer.headers["x-plugway-ignored"] == "reasoning_effort, web_search_options, temperature"
    )


async def test_thoughts_that_come_back_are_thoughts(desk: OpenAIDesk) -> None:
    messages: Any = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b", "reasoning_content": "hm"},
        {"role": "user", "content": "c"},
    ]
    await desk.client.chat.completions.create(model="poet", messages=messages)
    assert desk.poet.asked[0].messages[1] == Message("assistant", (Thought("hm"), Text("b")))


async def test_the_answer_can_be_parsed_into_a_model_of_ones_own(desk: OpenAIDesk) -> None:
    from pydantic import BaseModel

    class Flower(BaseModel):
        name: str

    desk.says(TextDelta('{"name": "Rose"}'))
    answer = await desk.client.chat.completions.parse(
        model="poet", messages=user_says("A flower"), response_format=Flower
    )
    assert answer.choices[0].message.parsed == Flower(name="Rose")
    schema = desk.poet.asked[0].json_schema
    assert schema is not None
    assert schema["required"] == ["name"]
    assert desk.poet.asked[0].spelt("json_schema") == "response_format"
