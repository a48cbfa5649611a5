"""A request's body as the upstream gets it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugway import BadRequest
from plugway_kling.requests import rewrite

#: JSON as other programs write it: numbers that a parser would change, and their neighbours.
NUMBERS = st.sampled_from(
    ["1.0", "0.50", "1e2", "-0", "1E-7", "829836802793406551", "12345678901234567890123", "0"]
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
LITERALS: st.SearchStrategy[str] = st.recursive(
    NUMBERS | TEXTS.map(json.dumps) | st.sampled_from(["true", "false", "null", "[]", "{}"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: f"[{' , '.join(parts)}]")
        | inner.map(lambda part: f'{{ "inner" : {part} }}')
    ),
    max_leaves=6,
)
KEYS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8
).filter(lambda key: key not in {"external_task_id", "callback_url", "options", "model_name"})


def raw(body: bytes) -> dict[str, str]:
    """Return each field's value as it is written."""
    return {
        name: bytes(value).decode()
        for name, value in msgspec.json.decode(body, type=dict[str, msgspec.Raw]).items()
    }


def written(fields: dict[str, str]) -> bytes:
    return (
        "{" + ", ".join(f"{json.dumps(key)}: {it}" for key, it in fields.items()) + "}"
    ).encode()


@settings(max_examples=300, deadline=None)
@given(
    fields=st.dictionaries(KEYS, LITERALS, max_size=6),
    name=st.none() | TEXTS,
    url=st.none() | st.just("https://example.com/kling?x=1&y=é"),
    before=st.none() | LITERALS,
)
def test_all_else_stays_as_it_is_written(
    fields: dict[str, str], name: str | None, url: str | None, before: str | None
) -> None:
    given_fields = dict(fields) if before is None else {"external_task_id": before, **fields}
    sent = raw(rewrite(written(given_fields), external_task_id=name, callback_url=url))
    for field, value in (("external_task_id", name), ("callback_url", url)):
        text = sent.pop(field, None)
        assert (None if text is None else json.loads(text)) == value
    assert sent == fields
    assert list(sent) == list(fields)


def test_a_field_that_was_there_keeps_its_place() -> None:
    body = b'{"callback_url": "https://mine.example", "prompt": "a", "external_task_id": "mine"}'
    sent = rewrite(body, external_task_id="ours", callback_url="https://ours.example")
    assert list(raw(sent)) == ["callback_url", "prompt", "external_task_id"]
    assert json.loads(sent)["external_task_id"] == "ours"
    assert list(raw(rewrite(body, external_task_id=None, callback_url=None))) == ["prompt"]


def test_numbers_and_unknown_fields_stay_to_the_digit() -> None:
    body = b'{"cfg_scale":0.50,"element_list":[{"element_id":829836802793406551}],"later":[1.0]}'
    sent = rewrite(body, external_task_id=None, callback_url=None)
    assert sent == body


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"prompt":"a"}', {"external_task_id": "x", "callback_url": "https://u.example"}),
        (
            b'{"options":{"watermark_info":{"enabled":true},"external_task_id":"mine"}}',
            {
                "watermark_info": {"enabled": True},
                "external_task_id": "x",
                "callback_url": "https://u.example",
            },
        ),
        (b'{"options":null}', {"external_task_id": "x", "callback_url": "https://u.example"}),
    ],
)
def test_the_newer_generation_has_them_in_its_options(
    body: bytes, expected: dict[str, Any]
) -> None:
    sent = rewrite(
        body,
        external_task_id="x",
        callback_url="https://u.example",
        kind="new/text-to-video",
    )
    assert json.loads(sent)["options"] == expected
    assert "external_task_id" not in json.loads(sent)


def test_the_newer_generation_without_either_has_no_options() -> None:
    for body in (b'{"prompt":"a"}', b'{"prompt":"a","later":1.0}'):
        sent = rewrite(body, external_task_id=None, callback_url=None, kind="new/text-to-video")
        assert sent == body


def test_options_that_are_none_are_refused() -> None:
    with pytest.raises(BadRequest) as caught:
        rewrite(b'{"options": [1]}', external_task_id="x", callback_url=None, kind="new/omni-video")
    assert caught.value.field == "options"


@pytest.mark.parametrize(
    ("spelt", "sent"),
    [
        ("kling-v1.5", "kling-v1-5"),
        ("v1.5", "kling-v1-5"),
        ("kling-v1-5", "kling-v1-5"),
        ("Kling-v1.5", "Kling-v1.5"),
    ],
)
def test_an_older_spelling_of_a_model_becomes_the_official_one(spelt: str, sent: str) -> None:
    body = json.dumps({"model_name": spelt, "prompt": "a"}).encode()
    rewritten = rewrite(body, external_task_id=None, callback_url=None)
    assert json.loads(rewritten)["model_name"] == sent
