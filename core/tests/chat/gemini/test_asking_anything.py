"""Requests of chance: nothing but a bad request is raised, and texts are kept."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from gemini_bodies import hello
from hypothesis import given
from hypothesis import strategies as st

from plugway import BadRequest, Message, Text
from plugway.chat.body import read_json
from plugway.chat.dialects.gemini.asking import read_count, read_request

# fmt: off
#: Names of the protocol, so that chance gets somewhere.
NAMES = [
    "contents", "parts", "role", "text", "inlineData", "data", "mimeType", "fileData",
    "fileUri", "functionCall", "name", "args", "functionResponse", "response", "thought",
    "thoughtSignature", "tools", "functionDeclarations", "parameters", "googleSearch",
    "toolConfig", "functionCallingConfig", "mode", "allowedFunctionNames", "generationConfig",
    "topP", "top_p", "topK", "maxOutputTokens", "stopSequences", "responseMimeType",
    "responseSchema", "thinkingConfig", "thinkingLevel", "systemInstruction", "executableCode",
    "code", "generateContentRequest", "type", "properties", "items", "any_of", "nullable",
    "seed", "temperature", "candidateCount", "id",
]
# fmt: on
VALUES = ["user", "model", "ANY", "f", "OBJECT", "application/json", "LOW", "aGk=", "https://h/"]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(VALUES),
    st.text(max_size=8),
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=40,
)


@given(anything)
def test_nothing_but_a_bad_request_is_raised(data: Any) -> None:
    for read in (read_request, read_count):
        try:
            asked = read(data, "m")
        except BadRequest:
            continue
        assert asked.messages


@given(st.dictionaries(st.sampled_from(NAMES), anything, max_size=8))
def test_nor_where_a_conversation_is_fine(data: dict[str, Any]) -> None:
    for body in (hello(**{**data, "contents": hello()["contents"]}), hello(generationConfig=data)):
        try:
            asked = read_request(body, "m")
        except BadRequest:
            continue
        assert asked.messages[-1] == Message("user", (Text("Hi"),))


@given(st.lists(st.tuples(st.sampled_from(["user", "model"]), st.text()), min_size=1, max_size=6))
def test_texts_are_kept(turns: list[tuple[str, str]]) -> None:
    body = {"contents": [{"role": role, "parts": [{"text": text}]} for role, text in turns]}
    if all(role == "model" and not text for role, text in turns):
        return
    content = json.dumps(body, ensure_ascii=False).encode()
    messages = read_request(read_json(content, dict[str, Any]), "m").messages
    assert "".join(one.text for one in messages) == "".join(text for _, text in turns)
    for role, name in (("user", "user"), ("model", "assistant")):
        own = "".join(one.text for one in messages if one.role == name)
        assert own == "".join(text for who, text in turns if who == role)


@given(st.binary(max_size=400))
def test_bytes_are_a_body_or_a_bad_request(content: bytes) -> None:
    with suppress(BadRequest):
        read_request(read_json(content, dict[str, Any]), "m")


@pytest.mark.parametrize("opening", [b'{"contents":[', b'{"contents":', b"[", b'{"a":'])
def test_nesting_without_end(opening: bytes) -> None:
    with pytest.raises(BadRequest):
        read_request(read_json(opening * 20_000, dict[str, Any]), "m")
