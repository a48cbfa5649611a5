"""Bodies that are meant to do harm, and any body at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugway import BadRequest
from plugway_kling.requests import check, kinds, rewrite, schema
from plugway_kling.tariff import models

HOSTILE = [
    b"",
    b"   ",
    b"null",
    b"[]",
    b'"text"',
    b"5",
    b"{",
    b'{"prompt": "a"} {}',
    b'{"prompt": "\xff"}',
    b"\xef\xbb\xbf{}",
    '{"prompt": "a"}'.encode("utf-16"),
    b'{"prompt": "a", "prompt": "b"}',
    b'{"prompt": "a", "later": {"x": 1, "x": 1}}',
    b'{"prompt": "a", "later": NaN}',
    b'{"prompt": "a", "later": -Infinity}',
    b'{"prompt": "a\\u0000"}',
    b'{"prompt": "\\ud800"}',
    b'{"\\u0000": 1, "prompt": "a"}',
    b'{"prompt": "a", "later": ' + b"9" * 5000 + b"}",
    b'{"prompt": "a", "later": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    b'{"prompt": "a", "later": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
    b'{"prompt": "a", "later": ' + b"[" * 33 + b"]" * 33 + b"}",
    b"[" * 1_000_000,
    b'{"prompt": "a", "later": [' + b"0," * 1_000_000 + b"0]}",
    b'{"prompt": "a", "later": [' + b"{}," * 1_000_000 + b"{}]}",
]


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: repr(body[:40]))
def test_a_hostile_body_is_refused(body: bytes) -> None:
    for refuse in (
        lambda: check("text2video", body),
        lambda: rewrite(body, external_task_id="a", callback_url=None),
    ):
        with pytest.raises(BadRequest):
            refuse()


def test_a_name_that_is_no_text_is_not_repeated() -> None:
    with pytest.raises(BadRequest) as caught:
        check("text2video", b'{"\\n<b>": 1, "\\n<b>": 2}')
    assert "<b>" not in caught.value.message


def test_a_long_name_is_cut() -> None:
    name = b'"' + b"a" * 5000 + b'"'
    with pytest.raises(BadRequest) as caught:
        check("text2video", b"{" + name + b": 1, " + name + b": 2}")
    assert len(caught.value.message) < 100


def _names() -> list[str]:
    found = {"settings", "options", "contents", "callback_url", "external_task_id", "later"}
    for kind in kinds():
        struct = schema(kind)
        assert struct is not None
        found.update(struct.__struct_fields__)
    return sorted(found)


WORDS = st.sampled_from(
    [
        *("on", "off", "std", "pro", "5", "9", "true", "null", "https://example.com/1", "data:,"),
        *("simple", "customize", "addition", "first_frame", "base", "series", "auto", "prompt"),
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text()
INNER = ["image", "image_url", "type", "config", "pan", "zoom", "prompt", "duration", "x", "y"]
INNER += ["voice_id", "element_id", "mask", "trajectories", "video_url", "url", "enabled", "text"]
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(INNER) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=250, deadline=None)
@given(
    kind=st.sampled_from(sorted(kinds())),
    fields=st.dictionaries(st.sampled_from(_names()), VALUES, max_size=8),
    strict=st.booleans(),
)
def test_any_object_is_taken_or_refused(kind: str, fields: dict[str, Any], strict: bool) -> None:
    body = json.dumps(fields).encode()
    try:
        checked = check(kind, body, model="kling-3.0", strict_capabilities=strict)
    except BadRequest:
        return
    assert checked.usages
    assert all(1 <= usage.quantity <= 300 for usage in checked.usages)
    assert checked.external_id != ""
    assert checked.callback_url != ""


@settings(max_examples=200, deadline=None)
@given(kind=st.sampled_from(sorted(kinds())), body=st.binary() | st.text().map(str.encode))
def test_any_bytes_are_taken_or_refused(kind: str, body: bytes) -> None:
    with pytest.raises(BadRequest):
        check(kind, body, model="kling-3.0")


def test_models_are_told_apart_to_the_letter() -> None:
    spelt = ["Kling-v1", "kling-v1 ", " kling-v1", "kling\u2010v1", "kling-v１", "KLING-V1"]
    for name in spelt:
        body = json.dumps({"prompt": "a", "model_name": name}).encode()
        checked = check("text2video", body)
        assert checked.model == name
        assert checked.model not in models()
