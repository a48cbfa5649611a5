"""The fields of a request: what they become, and how each wrong value is named."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openai_desk import PNG

from plugway import BadRequest, ChatRequest, Media, Message, Text, ToolCall, ToolResult
from plugway.chat.body import read_json
from plugway.chat.dialects.openai.asked import ChatBody, asked_by
from plugway.chat.dialects.openai.markdown import Markdown, parted

HELLO = {"role": "user", "content": "Hello"}
TOOL = {"type": "function", "function": {"name": "add"}}
CALL = {"id": "c", "type": "function", "function": {"name": "add", "arguments": "{}"}}


def asked(**fields: Any) -> ChatRequest:
    body = {"model": "poet", "messages": [HELLO], **fields}
    return asked_by(read_json(json.dumps(body).encode(), ChatBody))


def user(*parts: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(parts)}]}


def assistant(**fields: Any) -> dict[str, Any]:
    return {"messages": [HELLO, {"role": "assistant", **fields}]}


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("model", {"model": 3}),
    ("model", {"model": ""}),
    ("model", {"model": None}),
    ("messages", {"messages": None}),
    ("messages", {"messages": "Hello"}),
    ("messages", {"messages": []}),
    ("messages", {"messages": [{"role": "user", "content": None}]}),
    ("messages[0]", {"messages": ["Hello"]}),
    ("messages[0].role", {"messages": [{"content": "Hello"}]}),
    ("messages[0].role", {"messages": [{"role": "robot", "content": "Hello"}]}),
    ("messages[0].role", {"messages": [{"role": None, "content": "Hello"}]}),
    ("messages[0].content", {"messages": [{"role": "user", "content": 3}]}),
    ("messages[0].content", {"messages": [{"role": "user", "content": {"type": "text"}}]}),
    ("messages[0].content[0]", user("Hello")),
    ("messages[0].content[0].type", user({"text": "Hello"})),
    ("messages[0].content[0].type", user({"type": "smell"})),
    ("messages[0].content[0].text", user({"type": "text"})),
    ("messages[0].content[0].text", user({"type": "text", "text": None})),
    ("messages[0].content[0].image_url", user({"type": "image_url"})),
    ("messages[0].content[0].image_url", user({"type": "image_url", "image_url": 3})),
    ("messages[0].content[0].image_url", user({"type": "image_url", "image_url": "file:///a"})),
    ("messages[0].content[0].image_url.url", user({"type": "image_url", "image_url": {}})),
    (
        "messages[0].content[1].image_url.url",
        user({"type": "text", "text": "x"}, {"type": "image_url", "image_url": {"url": "ftp://a"}}),
    ),
    (
        "messages[0].content[0].image_url.url",
        user({"type": "image_url", "image_url": {"url": "data:image/png;base64"}}),
    ),
    (
        "messages[0].content[0].image_url.url",
        user({"type": "image_url", "image_url": {"url": "data:image/png;base64,!"}}),
    ),
    (
        "messages[0].content[0].image_url.url",
        user({"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}),
    ),
    ("messages[0].content[0].video_url.url", user({"type": "video_url", "video_url": {"url": ""}})),
    ("messages[0].content[0].file", user({"type": "file", "file": {}})),
    ("messages[0].content[0].file.file_id", user({"type": "file", "file": {"file_id": "f"}})),
    ("messages[0].content[0].file.file_data", user({"type": "file", "file": {"file_data": "!"}})),
    ("messages[0].content[0].file.url", user({"type": "file", "file": {"url": "a"}})),
    (
        "messages[0].content[0].input_audio.format",
        user({"type": "input_audio", "input_audio": {"data": "YQ==", "format": "ogg"}}),
    ),
    (
        "messages[0].content[0].input_audio.data",
        user({"type": "input_audio", "input_audio": {"data": "!", "format": "wav"}}),
    ),
    ("messages[1].tool_calls", assistant(tool_calls={})),
    ("messages[1].tool_calls[0].id", assistant(tool_calls=[{**CALL, "id": 3}])),
    ("messages[1].tool_calls[0].type", assistant(tool_calls=[{**CALL, "type": "custom"}])),
    ("messages[1].tool_calls[0].function", assistant(tool_calls=[{**CALL, "function": None}])),
    (
        "messages[1].tool_calls[0].function.arguments",
        assistant(tool_calls=[{**CALL, "function": {"name": "add", "arguments": {}}}]),
    ),
    (
        "messages[1].tool_calls[0].function.arguments",
        assistant(tool_calls=[{**CALL, "function": {"name": "add", "arguments": "[]"}}]),
    ),
    (
        "messages[1].function_call.arguments",
        assistant(function_call={"name": "add", "arguments": "{"}),
    ),
    ("messages[0].tool_call_id", {"messages": [{"role": "tool", "content": "3"}]}),
    ("messages[0].name", {"messages": [{"role": "function", "content": "3"}]}),
    ("stream", {"stream": "yes"}),
    ("stream_options", {"stream_options": {"include_usage": True}}),
    ("stream_options", {"stream": True, "stream_options": True}),
    ("stream_options.include_usage", {"stream": True, "stream_options": {"include_usage": 1}}),
    ("tools", {"tools": TOOL}),
    ("tools[0].type", {"tools": [{"type": "custom", "custom": {"name": "x"}}]}),
    ("tools[1].type", {"tools": [TOOL, {"type": "web_search"}]}),
    ("tools[0].function", {"tools": [{"type": "function"}]}),
    ("tools[0].function.name", {"tools": [{"type": "function", "function": {}}]}),
    ("tools[0].function.name", {"tools": [{"type": "function", "function": {"name": "a b"}}]}),
    ("tools[0].function.name", {"tools": [{"type": "function", "function": {"name": "a" * 65}}]}),
    ("tools[1].function.name", {"tools": [TOOL, TOOL]}),
    (
        "tools[0].function.parameters",
        {"tools": [{"type": "function", "function": {"name": "a", "parameters": []}}]},
    ),
    ("tool_choice", {"tools": [TOOL], "tool_choice": "maybe"}),
    ("tool_choice", {"tools": [TOOL], "tool_choice": 3}),
    ("tool_choice", {"tool_choice": "required"}),
    ("tool_choice.type", {"tools": [TOOL], "tool_choice": {"type": "custom"}}),
    (
        "tool_choice.function.name",
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "sub"}}},
    ),
    (
        "tool_choice.allowed_tools.tools",
        {
            "tools": [TOOL],
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": []},
            },
        },
    ),
    ("parallel_tool_calls", {"parallel_tool_calls": "no"}),
    ("temperature", {"temperature": -0.1}),
    ("temperature", {"temperature": 2.1}),
    ("temperature", {"temperature": "1"}),
    ("temperature", {"temperature": True}),
    ("top_p", {"top_p": 1.1}),
    ("top_p", {"top_p": []}),
    ("max_tokens", {"max_tokens": 0}),
    ("max_tokens", {"max_tokens": 1.5}),
    ("max_tokens", {"max_tokens": 5, "max_completion_tokens": 6}),
    ("max_completion_tokens", {"max_completion_tokens": -1}),
    ("stop", {"stop": ["a", "b", "c", "d", "e"]}),
    ("stop", {"stop": 3}),
    ("stop", {"stop": ""}),
    ("stop[0]", {"stop": [""]}),
    ("stop[1]", {"stop": ["a", None]}),
    ("seed", {"seed": "1"}),
    ("seed", {"seed": 2**63}),
    ("n", {"n": 0}),
    ("n", {"n": "1"}),
    ("aspect", {"aspect": "wide"}),
    ("aspect_ratio", {"aspect": "16:9", "aspect_ratio": "9:16"}),
    ("size", {"size": "1280"}),
    ("resolution", {"resolution": "sharp"}),
    ("seconds", {"seconds": "soon"}),
    ("duration", {"duration": 0}),
    ("duration", {"seconds": 4, "duration": 8}),
    (
        "generationConfig.imageConfig.aspectRatio",
        {"generationConfig": {"imageConfig": {"aspectRatio": "1"}}},
    ),
    (
        "messages[0].content[0].video_url.url",
        user({"type": "video_url", "video_url": {"url": "extend://"}}),
    ),
    ("response_format", {"response_format": "json"}),
    ("response_format.type", {"response_format": {"type": "xml"}}),
    ("response_format.json_schema", {"response_format": {"type": "json_schema"}}),
    (
        "response_format.json_schema.name",
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}},
    ),
    (
        "response_format.json_schema.schema",
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "x", "schema": True},
            }
        },
    ),
    ("reasoning_effort", {"reasoning_effort": "extreme"}),
    ("reasoning_effort", {"reasoning_effort": 1}),
    ("web_search_options", {"web_search_options": True}),
    ("user", {"user": 3}),
    ("functions", {"functions": [{"name": "add"}]}),
    ("logprobs", {"logprobs": True}),
    ("modalities", {"modalities": ["text", "audio"]}),
]


@pytest.mark.parametrize(("field", "body"), WRONG)
def test_a_wrong_value_is_named_as_the_client_spelt_it(field: str, body: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as caught:
        asked(**body)
    assert caught.value.field == field
    assert caught.value.message.startswith(f"{field}: ")


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"items": schema}
    return schema


def test_a_schema_that_is_nested_too_deeply_is_refused_before_anybody_walks_through_it() -> None:
    deep, wide = nested(200), {"items": [nested(40)] * 50}
    for levels, fits in ((wide, True), (deep, False)):
        tool = {"type": "function", "function": {"name": "a", "parameters": levels}}
        wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": levels}}
        if fits:
            found = asked(tools=[tool], response_format=wanted)
            assert found.tools[0].parameters == found.json_schema == levels
            continue
        with pytest.raises(BadRequest, match="nested too deeply"):
            asked(tools=[tool])
        with pytest.raises(BadRequest, match="nested too deeply"):
            asked(response_format=wanted)


def test_fields_that_hold_nothing_are_fields_that_are_not_there() -> None:
    names = set(ChatBody.__struct_fields__) - {"model", "messages"}
    assert asked(**dict.fromkeys(names), unheard_of={"a": [1]}) == asked()
    assert asked(tools=[], stop=[], modalities=["text"], n=1, logprobs=False).given == {
        "model": "model",
        "messages": "messages",
    }


def test_fields_keep_their_meaning_and_the_clients_spelling() -> None:
    found = asked(
        temperature=1,
        top_p=0.5,
        max_completion_tokens=9,
        stop=["a", "b"],
        seed=-5,
        reasoning_effort="minimal",
        response_format={"type": "json_object"},
        web_search_options={"search_context_size": "low"},
        safety_identifier="s",
        user="u",
        stream=True,
        stream_options={"include_obfuscation": False},
    )
    assert (found.temperature, found.top_p, found.max_tokens) == (1.0, 0.5, 9)
    assert (found.stop, found.seed, found.user, found.stream) == (("a", "b"), -5, "s", True)
    assert (found.json_schema, found.search) == ({}, True)
    assert found.reasoning is not None
    assert (found.reasoning.effort, found.reasoning.shown) == ("low", True)
    assert found.given == {
        "model": "model",
        "messages": "messages",
        "stream": "stream",
        "temperature": "temperature",
        "top_p": "top_p",
        "max_tokens": "max_completion_tokens",
        "stop": "stop",
        "seed": "seed",
        "reasoning": "reasoning_effort",
        "json_schema": "response_format",
        "search": "web_search_options",
        "user": "safety_identifier",
    }
    assert asked(max_tokens=7).given["max_tokens"] == "max_tokens"
    assert asked(response_format={"type": "text"}) == asked()


def test_which_functions_may_be_asked_for() -> None:
    tools = [TOOL, {"type": "function", "function": {"name": "sub", "strict": None}}]
    named = asked(tools=tools, tool_choice={"type": "function", "function": {"name": "sub"}})
    assert (named.tool_choice.mode, named.tool_choice.names) == ("required", ("sub",))
    allowed = {
        "type": "allowed_tools",
        "allowed_tools": {"mode": "auto", "tools": [tools[0], tools[1]]},
    }
    some = asked(tools=tools, tool_choice=allowed, parallel_tool_calls=False)
    assert (some.tool_choice.mode, some.tool_choice.names) == ("auto", ("add", "sub"))
    assert not some.tool_choice.parallel
    assert asked(tools=tools, tool_choice="none").tool_choice.mode == "none"
    assert asked(tools=tools, tool_choice="required").tool_choice.mode == "required"


def test_odd_conversations_as_frameworks_write_them() -> None:
    found = asked(
        messages=[
            {"role": "system", "content": ""},
            {"role": "user", "content": []},
            {"role": "user", "name": "bob", "content": [{"type": "text", "text": "a"}]},
            {"role": "user", "content": [{"type": "text", "text": ""}]},
            {"role": "user", "content": "b"},
            {"role": "assistant", "content": None, "tool_calls": [], "refusal": "No."},
            {"role": "assistant", "tool_calls": [CALL], "function_call": None, "audio": None},
            {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "3"}]},
            {"role": "tool", "tool_call_id": "lost", "name": "sub", "content": None},
            {"role": "assistant", "function_call": {"name": "old", "arguments": ""}},
            {"role": "function", "name": "old", "content": "4"},
            {"role": "assistant", "content": [{"type": "refusal", "refusal": "Never."}]},
        ]
    )
    assert found.messages == (
        Message("user", (Text("a"),)),
        Message("user", (Text("b"),)),
        Message("assistant", (Text("No."),)),
        Message("assistant", (ToolCall(id="c", name="add"),)),
        Message("user", (ToolResult(id="c", name="add", parts=(Text("3"),)),)),
        Message("user", (ToolResult(id="lost", name="sub"),)),
        Message("assistant", (ToolCall(id="function_call_old", name="old"),)),
        Message("user", (ToolResult(id="function_call_old", name="old", parts=(Text("4"),)),)),
        Message("assistant", (Text("Never."),)),
    )


def test_sounds() -> None:
    part = {"type": "input_audio", "input_audio": {"data": "YQ", "format": "mp3"}}
    assert asked(**user(part)).messages[0].parts == (Media(mime_type="audio/mpeg", data=b"a"),)


def test_big_media_are_read() -> None:
    data = PNG + b"\0" * 8_000_000
    url = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    [part] = asked(**user({"type": "image_url", "image_url": {"url": url}})).messages[0].parts
    assert isinstance(part, Media)
    assert part.data == data


def test_media_that_an_assistant_made_are_media_again_in_parts_of_a_message_too() -> None:
    text = "A ![image](data:image/png;base64,YQ==) and ![image](data:image/png;base64,Y…)"
    said = [{"type": "text", "text": text}]
    [message] = asked(messages=[{"role": "assistant", "content": said}]).messages
    assert message.parts == (
        Text("A "),
        Media(mime_type="image/png", data=b"a"),
        Text(" and ![image](data:image/png;base64,Y…)"),
    )
    # What a user writes about stays what it is.
    [message] = asked(messages=[{"role": "user", "content": text}]).messages
    assert message.parts == (Text(text),)


def test_reading_a_long_text_takes_no_longer_than_its_length() -> None:
    head = "![image](data:image/png;base64,"
    for text in (head + "A" * 4_000_000, head * 100_000, (head + "A" * 1000) * 4000):
        assert parted(text) == [Text(text)]


def test_a_conversation_of_many_messages() -> None:
    messages = [{"role": "user", "content": f"{number}"} for number in range(20_000)]
    found = asked(messages=messages).messages
    assert [found[0].text, found[-1].text, len(found)] == ["0", "19999", 20_000]


# --- whatever comes ---

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
fields = st.sampled_from(sorted(ChatBody.__struct_fields__))
roles = st.sampled_from(["system", "developer", "user", "assistant", "tool", "function", "x"])
types = st.sampled_from(["text", "image_url", "video_url", "file", "input_audio", "refusal", "x"])
inner_names = st.sampled_from(["text", "refusal", "image_url", "video_url", "file", "input_audio"])
part_like = st.builds(
    lambda kind, rest: {"type": kind, **rest}, types, st.dictionaries(inner_names, anything)
)
message_like = st.builds(
    lambda role, rest: {"role": role, **rest},
    roles,
    st.dictionaries(
        st.sampled_from(["content", "tool_calls", "tool_call_id", "name", "function_call"]),
        anything | st.lists(part_like, max_size=3) | st.text(max_size=8),
    ),
)
bodies = st.dictionaries(fields, anything, max_size=6).flatmap(
    lambda body: st.builds(
        lambda messages: {"model": "m", **body, "messages": messages},
        st.lists(message_like, max_size=4) | anything,
    )
)


@given(st.binary(max_size=64) | (bodies | anything).map(lambda body: json.dumps(body).encode()))
@example(b'{"model":"m","messages":[{"role":"user","content":"\\ud800"}]}')
@example(b'{"model":"m","messages":[{"role":"user","content":"a"}],"seed":1e999}')
@settings(deadline=None)
def test_whatever_comes_is_read_or_refused(body: bytes) -> None:
    try:
        found = asked_by(read_json(body, ChatBody))
    except BadRequest as error:
        assert error.message  # noqa: PT017  # a request may also be good
    else:
        assert found.messages


@given(st.lists(st.tuples(roles.filter(lambda role: role in ("system", "user")), st.text())))
@settings(deadline=None)
def test_text_arrives_as_it_was_written(said: list[tuple[str, str]]) -> None:
    messages = [{"role": role, "content": text} for role, text in [*said, ("user", "end")]]
    found = asked(messages=messages).messages
    assert [message.text for message in found] == [text for _, text in said if text] + ["end"]


@given(
    st.text()
    | st.lists(st.sampled_from(["![image](data:", "image/png;base64,", "YQ==", "Y", ")", "a"]))
)
@example("![image](data:image/png;base64,YQ==)")
@example("![image](data:image/png;base64,Y)")
@example("![image](data:image/png;base64,YYQ==)")
@settings(deadline=None)
def test_what_an_assistant_said_loses_nothing(said: str | list[str]) -> None:
    text = said if isinstance(said, str) else "".join(said)
    page, again = Markdown(), ""
    for part in parted(text):
        if isinstance(part, Text):
            again += part.text
        else:
            again += page.media(part).removeprefix("\n\n")
    assert again == text
