"""What holds for any request and any answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from anthropic._streaming import SSEDecoder
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message as AnthropicMessage
from hypothesis import given, settings
from hypothesis import strategies as st

from plugway import (
    BadRequest,
    ChatEvent,
    ChatModel,
    ChatRequest,
    Citation,
    Finish,
    Media,
    Text,
    TextDelta,
    ThoughtDelta,
    TokenCount,
    ToolCall,
)
from plugway.chat.body import read_json
from plugway.chat.completion import Collected, Completion
from plugway.chat.dialects.anthropic.answer import answer
from plugway.chat.dialects.anthropic.asked import Shown, asked
from plugway.chat.dialects.anthropic.body import MessagesBody, dotted
from plugway.chat.dialects.anthropic.event_stream import EventStream
from plugway.chat.encoder import Heading
from plugway.chat.tally import Tally

ALL = frozenset({"text", "image", "video", "audio", "file"})
POET = ChatModel(id="poet")

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)

cached = {"cache_control": st.just({"type": "ephemeral"})}


def block(kind: str, /, **fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Make blocks of a type."""
    return st.fixed_dictionaries({"type": st.just(kind), **fields}, optional=cached)


texts = block("text", text=words)
sources = block("url", url=st.sampled_from(["https://example.com/a", "data:,x"])) | block(
    "base64", media_type=st.sampled_from(["image/png", "image/webp"]), data=st.just("aGk=")
)
images = block("image", source=sources)
found = block("search_result", source=words, title=words, content=st.lists(texts, max_size=2))
documents = block(
    "document",
    title=st.none() | words,
    source=sources
    | block("text", data=words)
    | block("content", content=words | st.lists(texts | images, min_size=1, max_size=2)),
)
results = block(
    "tool_result",
    tool_use_id=st.just("t"),
    content=words | st.lists(texts | images | found | documents, max_size=2),
    is_error=st.booleans(),
)
thoughts = block("thinking", thinking=words, signature=words) | block(
    "redacted_thinking", data=words
)

call = {"type": "tool_use", "id": "t", "name": "f", "input": {"x": 1}}
opening = {"role": "assistant", "content": [call]}


def turn(role: str, blocks: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Make messages of a role."""
    content = words | st.lists(blocks, min_size=1, max_size=3)
    return st.fixed_dictionaries({"role": st.just(role), "content": content})


tools: st.SearchStrategy[dict[str, Any]] = st.just(
    {"name": "f", "input_schema": {"type": "object"}}
) | st.just({"name": "web_search", "type": "web_search_20260318"})


def _named(tool: dict[str, Any]) -> str:
    name: str = tool["name"]
    return name


needed: dict[str, st.SearchStrategy[Any]] = {
    "model": words,
    "max_tokens": st.integers(2000, 5000),
    "messages": st.lists(
        turn("user", texts | images | documents | found | results)
        | turn("assistant", texts | images | thoughts)
        | turn("system", texts),
        max_size=4,
    ).map(lambda turns: [opening, *turns]),
}
wished: dict[str, st.SearchStrategy[Any]] = {
    "system": words | st.lists(texts, max_size=2),
    "tools": st.lists(tools, max_size=2, unique_by=_named),
    "tool_choice": st.just({"type": "none"}),
    "thinking": block("adaptive") | block("enabled", budget_tokens=st.integers(1024, 1999)),
    "output_config": st.just({"effort": "low"}),
    "metadata": st.fixed_dictionaries({"user_id": words}),
    "stop_sequences": st.lists(words.map("x".__add__), max_size=2),
    "top_k": st.integers(0, 9),
}
right = st.fixed_dictionaries(needed, optional=wished)


def places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each place inside JSON: what it is in, and its key or index there."""
    inside = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in list(inside):
        yield data, key
        if isinstance(value, dict | list):
            yield from places(value)


@st.composite
def spoilt(draw: st.DrawFn) -> Any:
    """Make a request with something strange at one place."""
    body = json.loads(json.dumps(draw(right)))
    where, key = draw(st.sampled_from(list(places(body))[::-1]))
    if draw(st.booleans()):
        where[key] = draw(anything)
    elif isinstance(where, dict):
        del where[key]
    return body


def parsed(body: Any) -> ChatRequest:
    """Read a body as the endpoint does."""
    try:
        return asked(read_json(json.dumps(body).encode(), MessagesBody), ALL)
    except BadRequest as error:
        raise dotted(error) from None


@given(body=right)
@settings(max_examples=100, deadline=None)
def test_what_is_right_is_read(body: Any) -> None:
    request = parsed(body)
    assert request.model == body["model"]
    assert request.max_tokens == body["max_tokens"]
    assert len(request.messages) >= 1


@given(body=spoilt() | anything)
@settings(max_examples=300, deadline=None)
def test_any_json_is_read_or_refused(body: Any) -> None:
    fault: BadRequest | None = None
    try:
        request = parsed(body)
    except BadRequest as error:
        fault = error
    if fault is None:
        assert request.messages
        assert request.max_tokens
    elif fault.field is not None:
        assert fault.message.startswith(f"{fault.field}: ")
        assert "[" not in fault.field


@given(
    system=st.lists(words, max_size=3),
    turns=st.lists(
        st.tuples(st.sampled_from(["user", "assistant"]), words | st.lists(words, min_size=1)),
        min_size=1,
        max_size=6,
    ),
)
@settings(max_examples=50, deadline=None)
def test_texts_keep_their_order(
    system: Sequence[str], turns: Sequence[tuple[str, str | list[str]]]
) -> None:
    def content(said: str | list[str]) -> Any:
        return said if isinstance(said, str) else [{"type": "text", "text": text} for text in said]

    request = parsed(
        {
            "model": "poet",
            "max_tokens": 1,
            "system": content(list(system)),
            "messages": [{"role": role, "content": content(said)} for role, said in turns],
        }
    )
    found = [
        (message.role, part.text)
        for message in request.messages
        for part in message.parts
        if isinstance(part, Text)
    ]
    expected = [("system", text) for text in system]
    for role, said in turns:
        expected += [(role, text) for text in ([said] if isinstance(said, str) else said)]
    assert found == expected


events = st.one_of(
    st.builds(TextDelta, words | st.just("")),
    st.builds(ThoughtDelta, words | st.just(""), st.none() | words),
    st.builds(Citation, url=words, title=words | st.just(""), quote=words),
    st.builds(Media, mime_type=st.just("image/png"), data=st.binary(min_size=1, max_size=4)),
    st.builds(
        ToolCall,
        id=words,
        name=words,
        arguments=st.dictionaries(words, words | st.integers(-9, 9), max_size=2).map(json.dumps),
    ),
    st.builds(TokenCount, input=st.integers(0, 99), output=st.integers(0, 99)),
)


def accumulated(content: bytes) -> AnthropicMessage:
    """Put a stream together as the official package does."""
    message: Any = None
    buffers: dict[int, bytes] = {}
    for event in SSEDecoder().iter_bytes(iter([content])):
        message = accumulate_event(event=event.json(), current_snapshot=message, json_bufs=buffers)
    found: AnthropicMessage = message
    return found


@given(
    said=st.lists(events, max_size=12),
    finish=st.builds(Finish, st.sampled_from(["stop", "length", "tool_calls", "safety"])),
    shown=st.sampled_from(["thinking", "signatures", "nothing"]),
)
@settings(max_examples=200, deadline=None)
def test_a_stream_put_together_is_the_whole_answer(
    said: list[ChatEvent], finish: Finish, shown: Shown
) -> None:
    heading = Heading(id="1", model=POET, created=1)
    tally = Tally(ChatRequest(model="poet", messages=()), POET)
    collected = Collected()
    stream = EventStream(shown, 7)
    out = stream.begin(heading)
    for event in [*said, finish]:
        tally.note(event)
        collected.note(event)
        out += stream.event(event)
    out += stream.end(tally)
    whole = answer(
        Completion(
            heading=heading,
            parts=collected.parts(),
            citations=tuple(collected.citations),
            cited=tuple(collected.cited),
            finish=finish,
            tokens=tally.tokens,
            estimated=tally.estimated,
            headers={},
        ),
        shown,
    )
    theirs = AnthropicMessage.model_validate_json(msgspec.json.encode(whole))
    ours = accumulated(out).model_dump()
    for block in ours["content"]:
        block.pop("parsed_output", None)
    assert ours == theirs.model_dump()
