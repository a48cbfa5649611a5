"""Streams, as Google's own package reads them and as bytes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from gemini_front import HELLO, ITS_OWN_WARNING, GeminiFront
from google.genai import errors, types
from poet import PoetPlugin

from plugway import (
    Citation,
    Finish,
    Media,
    Progress,
    SafetyBlocked,
    TextDelta,
    ThoughtDelta,
    TokenCount,
    ToolCall,
    UpstreamInterrupted,
    UpstreamTimeout,
)
from plugway.testing.clock import ManualClock
from plugway.testing.server import GatewayServer

pytestmark = [pytest.mark.anyio, ITS_OWN_WARNING]

SSE = "streamGenerateContent?alt=sse"
ARRAY = "streamGenerateContent"


def events(content: bytes) -> list[Any]:
    """Return what a stream of events holds, which is made of nothing else."""
    *lines, end = content.split(b"\r\n\r\n")
    assert end == b""
    assert all(line.startswith(b"data: ") for line in lines)
    return [json.loads(line.removeprefix(b"data: ")) for line in lines]


async def pieces(front: GeminiFront, config: Any = None) -> list[types.GenerateContentResponse]:
    """Return the pieces that Google's client gets."""
    stream = await front.google.aio.models.generate_content_stream(
        model="poet", contents="hello you", config=config
    )
    return [piece async for piece in stream]


async def test_first_words_come_while_the_model_still_speaks(front: GeminiFront) -> None:
    more = asyncio.Event()
    front.says(TextDelta("Once"), more, TextDelta(" more"))
    stream = await front.google.aio.models.generate_content_stream(model="poet", contents="?")
    first = await anext(stream)
    assert first.text == "Once"
    assert first.candidates
    assert first.candidates[0].finish_reason is None
    assert not more.is_set()
    more.set()
    second, last = [piece async for piece in stream]
    assert (second.text, last.text) == (" more", "")
    assert last.candidates
    assert last.candidates[0].finish_reason is types.FinishReason.STOP
    assert last.usage_metadata
    assert last.usage_metadata.total_token_count == 5 + 3
    assert len({piece.response_id for piece in (first, second, last)}) == 1
    assert front.poet.asked[0].stream is True


async def test_without_a_loop(front: GeminiFront) -> None:
    front.says(TextDelta("one"), TextDelta(" two"))

    def read() -> list[str | None]:
        stream = front.google.models.generate_content_stream(model="poet", contents="?")
        return [piece.text for piece in stream]

    assert await asyncio.to_thread(read) == ["one", " two", ""]


async def test_the_bytes_of_events(front: GeminiFront) -> None:
    front.says(TextDelta("a\r\n\u2028b"), TokenCount(input=1, output=2), TextDelta("c"))
    async with front.post(SSE) as answer:
        assert answer.status == 200
        assert answer.headers["content-type"] == "text/event-stream"
        assert "x-plugway-overhead-ms" in answer.headers
        first, second, last = events(await answer.read())
    told = {"modelVersion": "poet", "responseId": first["responseId"]}
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3}
    assert first == {
        "candidates": [
            {"content": {"parts": [{"text": "a\r\n\u2028b"}], "role": "model"}, "index": 0}
        ],
        **told,
    }
    assert second == {
        "candidates": [{"content": {"parts": [{"text": "c"}], "role": "model"}, "index": 0}],
        "usageMetadata": usage,
        **told,
    }
    assert last == {
        "candidates": [
            {
                "content": {"parts": [{"text": ""}], "role": "model"},
                "finishReason": "STOP",
                "index": 0,
            }
        ],
        # What came after the last count is counted here.
        "usageMetadata": {**usage, "candidatesTokenCount": 3, "totalTokenCount": 4},
        **told,
    }


async def test_the_bytes_of_an_array_come_piece_by_piece(front: GeminiFront) -> None:
    more = asyncio.Event()
    front.says(TextDelta("Once"), more, TextDelta(" more"))
    async with front.post(ARRAY) as answer:
        assert answer.headers["content-type"] == "application/json; charset=UTF-8"
        content = b""
        while not content.endswith(b"}"):
            content += await answer.content.readany()
        assert content.startswith(b"[{")
        assert json.loads(content + b"]")[0]["candidates"][0]["content"]["parts"] == [
            {"text": "Once"}
        ]
        assert not more.is_set()
        more.set()
        content += await answer.content.read()
    texts = [one["candidates"][0]["content"]["parts"][0]["text"] for one in json.loads(content)]
    assert texts == ["Once", " more", ""]
    assert b"},\r\n{" in content


@pytest.mark.parametrize("method", [SSE, ARRAY])
async def test_an_answer_that_says_nothing(front: GeminiFront, method: str) -> None:
    front.says(Progress(text="hm"), ThoughtDelta("hm"), Finish("length"))
    async with front.post(method) as answer:
        content = await answer.read()
    (last,) = json.loads(content) if method == ARRAY else events(content)
    assert last["candidates"][0]["finishReason"] == "MAX_TOKENS"


async def test_everything_that_can_be_said(front: GeminiFront) -> None:
    front.says(
        ThoughtDelta("I wonder"),
        ThoughtDelta("", "sig"),
        TextDelta("It is"),
        Progress(text="drawing", percent=10),
        Media(mime_type="image/png", data=b"png"),
        ToolCall(id="c1", name="f", arguments='{"a":[1]}'),
        Citation(url="https://host.example/", title="Host", start=0, end=5),
    )
    config = types.GenerateContentConfig(
        thinking_config=types.ThinkingConfig(include_thoughts=True)
    )
    said = await pieces(front, config)
    parts = [part for piece in said for part in piece.parts or ()]
    assert parts == [
        types.Part(text="I wonder", thought=True),
        types.Part(text="", thought=True, thought_signature=b"sig"),
        types.Part(text="It is"),
        types.Part(inline_data=types.Blob(mime_type="image/png", data=b"png")),
        types.Part(function_call=types.FunctionCall(id="c1", name="f", args={"a": [1]})),
        types.Part(text=""),
    ]
    assert said[-1].candidates
    grounding = said[-1].candidates[0].grounding_metadata
    assert grounding
    assert grounding.grounding_chunks
    assert grounding.grounding_chunks[0].web == types.GroundingChunkWeb(
        uri="https://host.example/", title="Host"
    )
    assert grounding.grounding_supports
    assert grounding.grounding_supports[0].segment == types.Segment(
        start_index=0, end_index=5, text="It is"
    )


async def test_thoughts_that_nobody_asked_for(front: GeminiFront) -> None:
    front.says(ThoughtDelta("I wonder"), ThoughtDelta(" why", "sig"), TextDelta("It is"))
    parts = [part for piece in await pieces(front) for part in piece.parts or ()]
    assert parts == [
        types.Part(text="", thought_signature=b"sig"),
        types.Part(text="It is"),
        types.Part(text=""),
    ]


async def test_what_is_ignored_is_told(front: GeminiFront) -> None:
    async with front.post(SSE, {**HELLO, "generationConfig": {"topK": 3}}) as answer:
        assert answer.headers["x-plugway-ignored"] == "generationConfig.topK"


# What goes wrong.


async def test_a_failure_on_the_way_is_raised(front: GeminiFront) -> None:
    front.says(TextDelta("Once"), UpstreamTimeout("too slow"))
    stream = await front.google.aio.models.generate_content_stream(model="poet", contents="?")
    assert (await anext(stream)).text == "Once"
    with pytest.raises(errors.ServerError) as caught:
        await anext(stream)
    assert (caught.value.code, caught.value.status) == (504, "DEADLINE_EXCEEDED")
    assert caught.value.message == "too slow"


async def test_a_failure_on_the_way_is_raised_without_a_loop(front: GeminiFront) -> None:
    front.says(TextDelta("Once"), UpstreamInterrupted("cut"))
    said: list[str | None] = []

    def read() -> None:
        stream = front.google.models.generate_content_stream(model="poet", contents="?")
        said.extend(piece.text for piece in stream)

    with pytest.raises(errors.ServerError) as caught:
        await asyncio.to_thread(read)
    assert said == ["Once"]
    assert (caught.value.code, caught.value.status) == (502, "UNAVAILABLE")


async def test_a_failure_on_the_way_ends_an_array(front: GeminiFront) -> None:
    front.says(TextDelta("Once"), UpstreamInterrupted("cut"))
    async with front.post(ARRAY) as answer:
        first, failure = json.loads(await answer.read())
    assert first["candidates"][0]["content"]["parts"] == [{"text": "Once"}]
    assert list(failure) == ["error"]
    assert failure["error"]["code"] == 502


async def test_a_failure_before_the_first_word_has_its_own_status(front: GeminiFront) -> None:
    front.says(UpstreamTimeout("too slow"))
    with pytest.raises(errors.ServerError) as caught:
        await pieces(front)
    assert caught.value.code == 504
    assert await front.server.balance(front.user) == (1_000_000, 0)


@pytest.mark.parametrize("method", [SSE, ARRAY])
async def test_safety_rules_before_the_first_word(front: GeminiFront, method: str) -> None:
    front.says(SafetyBlocked("not that"))
    async with front.post(method) as answer:
        assert answer.status == 200
        content = await answer.read()
    (told,) = json.loads(content) if method == ARRAY else events(content)
    assert told["promptFeedback"] == {
        "blockReason": "SAFETY",
        "blockReasonMessage": "not that",
    }
    assert "candidates" not in told
    assert await front.server.balance(front.user) == (1_000_000, 0)


async def test_safety_rules_on_the_way(front: GeminiFront) -> None:
    front.says(TextDelta("Once"), SafetyBlocked("not that"))
    first, last = await pieces(front)
    assert first.text == "Once"
    assert last.candidates
    assert last.candidates[0].finish_reason is types.FinishReason.SAFETY


async def test_a_form_that_there_is_not(front: GeminiFront) -> None:
    status, told = await front.told("streamGenerateContent?alt=proto")
    assert (status, told["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert await front.untouched()


# Silence, and clients that leave.


@pytest.mark.parametrize("method", [SSE, ARRAY])
async def test_silence_is_filled_with_what_clients_pass_over(tmp_path: Path, method: str) -> None:
    plugin, clock = PoetPlugin(), ManualClock()
    plugins = {"poet": plugin}
    async with (
        GatewayServer(tmp_path / "home", plugins=plugins, clock=clock) as server,
        aiohttp.ClientSession() as http,
    ):
        front = GeminiFront(server, plugin.poet, http)
        await front.prepare()
        more = asyncio.Event()
        front.says(more, TextDelta("At last"), TextDelta("!"))
        asking = asyncio.create_task(front.post(method).__aenter__())
        while not front.poet.asked:
            await asyncio.sleep(0.01)
        clock.advance(10.0)
        async with await asking as answer:
            content = b""
            while content.count(b"\r\n") < 6:
                clock.advance(10.0)
                await asyncio.sleep(0.01)
                content += await answer.content.readany()
            assert content.removeprefix(b"[").strip() == b""
            more.set()
            content += await answer.content.read()
        said = json.loads(content) if method == ARRAY else events(content.lstrip())
        assert [one["candidates"][0]["content"]["parts"][0]["text"] for one in said] == [
            "At last",
            "!",
            "",
        ]

        # Google's own clients, of both kinds, do not see it.
        for form in ("loop", "thread"):
            more = asyncio.Event()
            asked = len(front.poet.asked)
            front.says(TextDelta("Once"), more, TextDelta("again"))
            if form == "loop":
                reading = asyncio.create_task(pieces(front))
            else:
                reading = asyncio.create_task(asyncio.to_thread(_read, front))
            while len(front.poet.asked) == asked:
                await asyncio.sleep(0.01)
            for _ in range(4):
                clock.advance(10.0)
                await asyncio.sleep(0.02)
            more.set()
            assert [piece.text for piece in await reading] == ["Once", "again", ""]
        await front.close()


def _read(front: GeminiFront) -> list[types.GenerateContentResponse]:
    return list(front.google.models.generate_content_stream(model="poet", contents="?"))


async def test_a_client_that_leaves_stops_the_model_and_pays_for_what_came(
    front: GeminiFront,
) -> None:
    never = asyncio.Event()
    front.says(TextDelta("four"), never, TextDelta("never"))

    async def read(came: asyncio.Event) -> None:
        stream = await front.google.aio.models.generate_content_stream(model="poet", contents="?")
        async for piece in stream:
            assert piece.text == "four"
            came.set()

    came = asyncio.Event()
    reading = asyncio.create_task(read(came))
    await came.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    while not front.poet.left:
        await asyncio.sleep(0.01)
    while not (usage := await front.server.usage()):
        await asyncio.sleep(0.01)
    assert (usage[0].input_tokens, usage[0].output_tokens) == (5, 1)
    assert await front.server.balance(front.user) == (1_000_000 - 5 - 2, 0)
