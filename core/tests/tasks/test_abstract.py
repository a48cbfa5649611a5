"""What of a request is kept with its task."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from plugway.tasks.abstract import abstract

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=20,
)


@given(JSON)
def test_what_is_short_is_kept_as_it_is(value: Any) -> None:
    assert json.loads(abstract(json.dumps(value).encode())) == value


def test_what_is_long_is_cut_wherever_it_is() -> None:
    body = {"images": [{"image": "A" * 9999}], "prompt": "p" * 4096}
    kept = json.loads(abstract(json.dumps(body).encode()))
    assert kept == {"images": [{"image": f"{'A' * 64}… (9999 characters)"}], "prompt": "p" * 4096}


def test_of_what_is_much_only_the_size_is_kept() -> None:
    body = json.dumps(["p" * 4000] * 100).encode()
    assert json.loads(abstract(body)) == {"bytes": len(body)}


@given(st.binary(max_size=200))
def test_what_is_no_json_is_never_an_error(body: bytes) -> None:
    json.loads(abstract(body))


def test_what_is_deep_is_never_an_error() -> None:
    json.loads(abstract(b"[" * 100_000 + b"]" * 100_000))
