"""Answers as they come: the official package, and what goes over the wire."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionChunk
from openai_desk import MP4, OpenAIDesk, user_says

from plugway import (
    Citation,
    Finish,
    Media,
    Progress,
    QuotaExhausted,
    TextDelta,
    ThoughtDelta,
    TokenCount,
    ToolCall,
    UpstreamError,
)
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio


def data(event: bytes) -> Any:
    return json.loads(event.removeprefix(b"data: "))


def deltas(events: list[bytes]) -> list[Any]:
    assert events[-1] == b"data: [DONE]"
    return [data(event)["choices"][0]["delta"] for event in events[:-1]]


async def read(stream: openai.AsyncStream[ChatCompletionChunk], said: list[str | None]) -> None:
    async for chunk in stream:
        said.append(chunk.choices[0].delta.content)  # noqa: PERF401  # a failure keeps what came


async def test_the_first_words_come_while_the_model_is_still_at_it(desk: OpenAIDesk) -> None:
    gate = asyncio.Event()
    desk.says(TextDelta("First"), gate, TextDelta(" last"))
    stream = await desk.client.chat.completions.create(
        model="poet", messages=user_says("?"), stream=True
    )
    said = ""
    async for chunk in stream:
        said += chunk.choices[0].delta.content or ""
        if said == "First" and not gate.is_set():
            assert await desk.server.usage() == []
            gate.set()
    assert said == "First last"


async def test_the_official_package_without_a_loop(desk: OpenAIDesk) -> None:
    desk.says(TextDelta("One "), TextDelta("two"))

    def talk() -> list[str | None]:
        with openai.OpenAI(
            base_url=f"{desk.server.url}/v1", api_key=desk.key, max_retries=0
        ) as client:
            stream = client.chat.completions.create(
                model="poet", messages=user_says("?"), stream=True
            )
            return [chunk.choices[0].delta.content for chunk in stream]

    assert await asyncio.to_thread(talk) == ["", "One ", "two", None]


async def test_every_chunk_byte_for_byte(desk: OpenAIDesk) -> None:
    desk.says(TextDelta("Grüß\n"), TokenCount(input=3, output=2))
    events = await desk.chunks(stream_options={"include_usage": True})
    first = data(events[0])
    assert set(first) == {
        "id",
        "object",
        "created",
        "model",
        "system_fingerprint",
        "choices",
        "usage",
    }
    assert first["id"].startswith("chatcmpl-")
    stem = {name: first[name] for name in ("id", "object", "created", "model")}
    assert (stem["object"], stem["model"]) == ("chat.completion.chunk", "poet")
    choice = {"index": 0, "logprobs": None, "finish_reason": None}
    assert [data(event) for event in events[:-1]] == [
        {
            **stem,
            "system_fingerprint": None,
            "choices": [{**choice, "delta": {"role": "assistant", "content": "", "refusal": None}}],
            "usage": None,
        },
        {
            **stem,
            "system_fingerprint": None,
            "choices": [{**choice, "delta": {"content": "Grüß\n"}}],
            "usage": None,
        },
        {
            **stem,
            "system_fingerprint": None,
            "choices": [{**choice, "delta": {}, "finish_reason": "stop"}],
            "usage": None,
        },
        {
            **stem,
            "system_fingerprint": None,
            "choices": [],
            "usage": {
                "prompt_tokens": 3,
                "completion_tokens": 2,
                "total_tokens": 5,
                "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
                "completion_tokens_details": {
                    "reasoning_tokens": 0,
                    "audio_tokens": 0,
                    "accepted_prediction_tokens": 0,
                    "rejected_prediction_tokens": 0,
                },
            },
        },
    ]
    assert events[-1] == b"data: [DONE]"


async def test_usage_comes_only_where_it_was_asked_for(desk: OpenAIDesk) -> None:
    asked: list[dict[str, Any]] = [
        {},
        {"stream_options": {"include_usage": False}},
        {"stream_options": {}},
    ]
    for options in asked:
        events = await desk.chunks(**options)
        assert all("usage" not in data(event) for event in events[:-1])
    stream = await desk.client.chat.completions.create(
        model="parrot",
        messages=user_says("Hello you"),
        stream=True,
        stream_options={"include_usage": True},
    )
    *_, last = [chunk async for chunk in stream]
    assert last.choices == []
    assert last.usage is not None
    assert (last.usage.prompt_tokens, last.usage.completion_tokens) == (7, 3)
    assert last.usage.model_extra == {"estimated": True}


async def test_thoughts_and_progress_are_reasoning(desk: OpenAIDesk) -> None:
    desk.says(
        ThoughtDelta("Hm"),
        ThoughtDelta("", signature="s"),
        Progress(percent=5),
        Progress(text="Painting", percent=50),
        TextDelta("Done"),
    )
    assert deltas(await desk.chunks())[1:] == [
        {"reasoning_content": "Hm"},
        {"reasoning_content": "Painting\n"},
        {"content": "Done"},
        {},
    ]


async def test_functions_are_put_together_by_the_official_package(desk: OpenAIDesk) -> None:
    desk.says(
        TextDelta("Both."),
        ToolCall(id="c1", name="add", arguments='{"a":1}'),
        ToolCall(id="c2", name="sub", arguments="{}", signature="s"),
        Finish("tool_calls"),
    )
    tools: Any = [
        {"type": "function", "function": {"name": name, "parameters": {}}}
        for name in ("add", "sub")
    ]
    async with desk.client.chat.completions.stream(
        model="poet", messages=user_says("?"), tools=tools
    ) as stream:
        kinds = [event.type async for event in stream]
        whole = await stream.get_final_completion()
    assert "tool_calls.function.arguments.done" in kinds
    message = whole.choices[0].message
    assert (message.content, whole.choices[0].finish_reason) == ("Both.", "tool_calls")
    assert message.tool_calls is not None
    assert [
        (call.id, call.function.name, call.function.arguments) for call in message.tool_calls
    ] == [
        ("c1", "add", '{"a":1}'),
        ("c2", "sub", "{}"),
    ]


async def test_media_and_sources(desk: OpenAIDesk) -> None:
    desk.says(
        Media(mime_type="video/mp4", data=MP4),
        TextDelta("Nice"),
        TextDelta("?"),
        Citation(url="https://example.com", title="T", start=0, end=4),
    )
    video, *rest = deltas(await desk.chunks())[1:]
    assert video["content"].startswith("[video](data:video/mp4;base64,")
    at = len(video["content"]) + 2
    source = {"url": "https://example.com", "title": "T", "start_index": at, "end_index": at + 4}
    assert rest == [
        {"content": "\n\nNice"},
        {"content": "?"},
        {"annotations": [{"url_citation": source, "type": "url_citation"}]},
        {},
    ]


async def test_an_answer_without_words_says_who_speaks_all_the_same(desk: OpenAIDesk) -> None:
    desk.says(Finish("safety"))
    events = await desk.chunks()
    assert deltas(events)[0]["role"] == "assistant"
    assert data(events[-2])["choices"][0]["finish_reason"] == "content_filter"


async def test_a_failure_in_the_middle_is_raised_by_the_official_package(desk: OpenAIDesk) -> None:
    for error, code, kind in (
        (UpstreamError("it broke"), "upstream_error", "server_error"),
        (QuotaExhausted("used up"), "rate_limit_exceeded", "rate_limit_error"),
    ):
        desk.says(TextDelta("Half a "), error)
        stream = await desk.client.chat.completions.create(
            model="poet", messages=user_says("?"), stream=True
        )
        said: list[str | None] = []
        with pytest.raises(openai.APIError) as caught:
            await read(stream, said)
        assert said == ["", "Half a "]
        assert caught.value.message == error.message
        assert (caught.value.code, caught.value.type) == (code, kind)
    desk.says(TextDelta("Half"), UpstreamError("it broke"))
    *_, last = await desk.chunks()
    assert data(last) == {
        "error": {
            "message": "it broke",
            "type": "server_error",
            "param": None,
            "code": "upstream_error",
        }
    }
    # What came is charged: 5 for the request, 2 for the words.
    assert (await desk.calls(3))[-1] == (502, 5 + 2 * 1, "upstream_error")


async def test_an_answer_that_was_cut_off_is_an_error_not_an_end(desk: OpenAIDesk) -> None:
    desk.poet.whole = False
    desk.says(TextDelta("Half"))
    *_, last = await desk.chunks()
    assert data(last)["error"]["code"] == "upstream_interrupted"


async def test_a_failure_before_the_first_word_has_its_own_status(desk: OpenAIDesk) -> None:
    for _ in range(3):
        desk.says(QuotaExhausted("used up", retry_after=7))
    with pytest.raises(openai.RateLimitError) as caught:
        await desk.client.chat.completions.create(
            model="poet", messages=user_says("?"), stream=True
        )
    assert caught.value.response.headers["retry-after"] == "7"
    assert await desk.spent() == 0


async def test_a_client_that_leaves_ends_the_model_and_pays_for_what_came(
    desk: OpenAIDesk,
) -> None:
    desk.says(TextDelta("Twelve signs"), asyncio.Event(), TextDelta("never said"))
    stream = await desk.client.chat.completions.create(
        model="poet", messages=user_says("Hi"), stream=True
    )
    async for chunk in stream:
        if chunk.choices[0].delta.content:
            break
    await stream.close()
    # 5 for the request, 3 for the words at 2 each.
    assert await desk.calls(1) == [(499, 5 + 2 * 3, "client_departed")]
    assert desk.poet.left == 1
    assert await desk.spent() == 5 + 2 * 3


async def test_silence_is_filled_with_comments_that_clients_pass_over(tmp_path: Path) -> None:
    clock = ManualClock()
    async with OpenAIDesk(tmp_path / "home", clock=clock) as desk:
        gate = asyncio.Event()
        desk.says(TextDelta("First"), gate, TextDelta(" last"))
        url = f"{desk.server.url}/v1/chat/completions"
        body = {"model": "poet", "messages": user_says("?"), "stream": True}
        headers = {"authorization": f"Bearer {desk.key}"}
        async with asyncio.timeout(20), desk.raw.post(url, json=body, headers=headers) as answer:
            await answer.content.readuntil(b"First")
            await answer.content.readuntil(b"\n\n")
            clock.advance(11)
            assert await answer.content.readuntil(b"\n\n") == b": keep-alive\n\n"
            gate.set()
            assert (await answer.read()).endswith(b"data: [DONE]\n\n")
