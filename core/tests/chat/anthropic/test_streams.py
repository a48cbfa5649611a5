"""Answers as they come, with the official package and byte for byte."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import anthropic
import pytest
from anthropic.types import Message
from anthropic_gateway import ASKED, AnthropicGateway
from poet import Line, PoetPlugin

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
    UpstreamInterrupted,
    UpstreamUnreachable,
)
from plugway.testing import ManualClock
from plugway.testing.server import GatewayServer

pytestmark = pytest.mark.anyio

STREAMED: dict[str, Any] = {**ASKED, "stream": True}
THINKING = {"type": "adaptive"}


def events(content: bytes) -> list[tuple[str, Any]]:
    """Read a stream of events strictly: a name, a line of data, an empty line."""
    *blocks, rest = content.decode().split("\n\n")
    assert rest == ""
    found = []
    for block in blocks:
        first, second = block.split("\n")
        assert first.startswith("event: ")
        assert second.startswith("data: ")
        data = json.loads(second.removeprefix("data: "))
        assert data["type"] == first.removeprefix("event: ")
        found.append((data["type"], data))
    return found


async def test_byte_for_byte(house: AnthropicGateway) -> None:
    house.says(
        ThoughtDelta("Hm."),
        ThoughtDelta("", "sig=="),
        TextDelta("It "),
        TextDelta("rains."),
        ToolCall(id="toolu_1", name="umbrella", arguments='{"size": 2}'),
        TokenCount(input=9, output=7, thought=3, cached=4),
        Finish("tool_calls"),
    )
    found = events(await house.bytes_of({**STREAMED, "thinking": THINKING}))
    names, data = [name for name, _ in found], [data for _, data in found]
    assert names == [
        "message_start",
        *("content_block_start", "content_block_delta", "content_block_delta"),
        "content_block_stop",
        *("content_block_start", "content_block_delta", "content_block_delta"),
        "content_block_stop",
        *("content_block_start", "content_block_delta", "content_block_stop"),
        "message_delta",
        "message_stop",
    ]
    message = data[0]["message"]
    assert message.pop("id").startswith("msg_")
    usage = message.pop("usage")
    assert usage["input_tokens"] > 0
    assert usage["output_tokens"] == 0
    assert message == {
        "type": "message",
        "role": "assistant",
        "model": "poet",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
    }
    assert [piece.get("index") for piece in data[1:-2]] == [0] * 4 + [1] * 4 + [2] * 3
    assert data[1]["content_block"] == {"type": "thinking", "thinking": "", "signature": ""}
    assert data[2]["delta"] == {"type": "thinking_delta", "thinking": "Hm."}
    assert data[3]["delta"] == {"type": "signature_delta", "signature": "sig=="}
    assert data[5]["content_block"] == {"type": "text", "text": ""}
    assert data[7]["delta"] == {"type": "text_delta", "text": "rains."}
    assert data[9]["content_block"] == {
        "type": "tool_use",
        "id": "toolu_1",
        "name": "umbrella",
        "input": {},
    }
    assert data[10]["delta"] == {"type": "input_json_delta", "partial_json": '{"size":2}'}
    assert data[12] == {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None, "stop_details": None},
        "usage": {
            "input_tokens": 5,
            "output_tokens": 7,
            "cache_read_input_tokens": 4,
            "cache_creation_input_tokens": 0,
            "output_tokens_details": {"thinking_tokens": 3},
        },
    }
    assert data[13] == {"type": "message_stop"}


SAME: dict[str, list[Line]] = {
    "text": [TextDelta("Good "), TextDelta("day.")],
    "nothing": [Finish()],
    "refused": [Finish("safety")],
    "kinds that alternate": [
        ThoughtDelta("a"),
        TextDelta("b"),
        ThoughtDelta("c", "s1"),
        ThoughtDelta("d", "s2"),
        TextDelta("e"),
        ToolCall(id="t1", name="f", arguments='{"x": [1, {"y": "ü"}]}'),
        ToolCall(id="t2", name="g"),
        TextDelta("h"),
    ],
    "media": [
        TextDelta("Look"),
        Media(mime_type="image/png", data=b"\x89PNG\r\n\x1a\n"),
        Media(mime_type="video/mp4", url="https://example.com/v"),
        TextDelta("!"),
    ],
    "sources": [
        Citation(url="https://example.com/1", title="One", quote="first"),
        TextDelta("a"),
        Citation(url="https://example.com/2"),
        ThoughtDelta("b"),
        Citation(url="https://example.com/3"),
        Progress(text="…"),
        TextDelta("c"),
        ToolCall(id="t", name="f"),
        Citation(url="https://example.com/4", title="Four"),
    ],
    "only a signature": [ThoughtDelta("", "s"), TextDelta("a")],
    "signs that split lines": [TextDelta("a\u2028b\x85c\x0bd\r\n\ne\x1cf\x00")],
    "an end by a stop text": [TextDelta("a"), Finish("stop", "END")],
}


@pytest.mark.parametrize("display", [None, "omitted", "off"])
async def test_put_together_it_is_the_whole_answer(
    house: AnthropicGateway, display: str | None
) -> None:
    thinking = None if display == "off" else {"type": "adaptive", "display": display}
    body: dict[str, Any] = {**ASKED, "extra_body": {"thinking": thinking}}
    tokens = TokenCount(input=50, output=20, thought=5, cached=10)
    for name, lines in SAME.items():
        house.says(tokens, *lines)
        whole: Message = await house.client.messages.create(**body)
        house.says(tokens, *lines)
        async with house.client.messages.stream(**body) as stream:
            together: Message = await stream.get_final_message()
        ours, theirs = together.model_dump(), whole.model_dump()
        assert ours.pop("id") != theirs.pop("id")
        for block in ours["content"]:
            # The package adds it.
            block.pop("parsed_output", None)
        assert ours == theirs, name


async def test_first_words_arrive_while_the_model_still_works(house: AnthropicGateway) -> None:
    go = asyncio.Event()
    house.says(TextDelta("First "), go, TextDelta("last."))
    async with house.client.messages.stream(**ASKED) as stream:
        texts = stream.text_stream
        assert await anext(texts) == "First "
        assert not go.is_set()
        go.set()
        assert [text async for text in texts] == ["last."]


async def test_a_raw_stream_of_the_package(house: AnthropicGateway) -> None:
    stream = await house.client.messages.create(**STREAMED)
    assert [event.type async for event in stream] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


async def test_a_failure_in_the_middle_is_raised(house: AnthropicGateway) -> None:
    house.says(TextDelta("Half a"), UpstreamInterrupted())
    async with house.client.messages.stream(**ASKED) as stream:
        with pytest.raises(anthropic.APIStatusError) as caught:
            await stream.until_done()
    assert caught.value.type == "api_error"
    assert caught.value.api_message == "The upstream broke off its answer."
    assert await house.charged() > 0
    (row,) = await house.server.usage()
    assert row.output_tokens > 0

    house.says(TextDelta("Half a"), QuotaExhausted())
    *_, (name, last) = events(await house.bytes_of(STREAMED))
    assert name == "error"
    assert last.pop("request_id")
    assert last == {
        "type": "error",
        "error": {
            "type": "rate_limit_error",
            "message": "The upstream's quota is used up for now.",
        },
    }


async def test_a_failure_before_the_first_word_has_its_own_status(house: AnthropicGateway) -> None:
    house.poet.script.extend([[UpstreamUnreachable(acted=False)]] * 8)
    with pytest.raises(anthropic.InternalServerError) as caught:
        await house.client.messages.create(**STREAMED)
    assert caught.value.status_code == 502
    assert await house.charged() == 0


async def test_arguments_that_are_no_json_break_the_stream(house: AnthropicGateway) -> None:
    house.says(TextDelta("So:"), ToolCall(id="t", name="f", arguments="{"))
    names = [name for name, _ in events(await house.bytes_of(STREAMED))]
    assert names[-1] == "error"
    assert "message_stop" not in names


async def test_a_client_that_leaves_stops_the_model(house: AnthropicGateway) -> None:
    never = asyncio.Event()
    house.says(TextDelta("Four"), never)
    async with house.client.messages.stream(**ASKED) as stream:
        assert await anext(stream.text_stream) == "Four"
    async with asyncio.timeout(10):
        while not house.poet.left or not await house.server.usage():
            await asyncio.sleep(0.01)
    assert house.poet.left == 1
    (row,) = await house.server.usage()
    assert row.output_tokens == 1
    assert await house.charged() == row.input_tokens + 2 * row.output_tokens


async def test_silence_is_filled_with_pings(tmp_path: Path) -> None:
    clock = ManualClock()
    plugin = PoetPlugin()
    async with GatewayServer(tmp_path / "home", plugins={"poet": plugin}, clock=clock) as server:
        house = AnthropicGateway(server, plugin)
        await house.prepare()
        go = asyncio.Event()
        house.says(Progress(text="Thinking"), go, TextDelta("Done."))

        async def listen() -> list[str]:
            found: list[str] = []
            async with (
                aiohttp.ClientSession(headers={"x-api-key": house.key}) as session,
                session.post(server.url + "/v1/messages", json=STREAMED) as response,
            ):
                async for line in response.content:
                    if line.startswith(b"event: "):
                        found.append(line[7:-1].decode())
                    if line == b"event: ping\n":
                        go.set()
            return found

        listening = asyncio.create_task(listen())
        async with asyncio.timeout(10):
            while not go.is_set():
                if house.poet.asked:
                    clock.advance(11)
                await asyncio.sleep(0.01)
            found = await listening
        await house.close()
    assert found[:2] == ["message_start", "ping"]
    assert found[-1] == "message_stop"
