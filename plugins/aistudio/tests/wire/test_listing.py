"""The list of models is read by position."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from aistudio_frames import sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from plugway import UnreadableAnswer
from plugway_aistudio.wire.listing import Listed, listed


def row(**fields: Any) -> list[Any]:
    places = {0: "models/poet", **{int(name[1:]): value for name, value in fields.items()}}
    return [places.get(index) for index in range(90)]


def only(**fields: Any) -> Listed:
    (one,) = listed(sparse([[row(**fields)]]).encode())
    return one


def test_every_position_is_read() -> None:
    one = only(
        _3="Poet",
        _4="Writes.",
        _5=1_048_576,
        _6="65536",
        _7=["generateContent", "countTokens"],
        _8=1,
        _9=0.95,
        _10=64,
        _64=[9, 10, 12, 13, 25, 35, 1, 999],
        _77=2,
    )
    assert one == Listed(
        id="poet",
        title="Poet",
        description="Writes.",
        input_limit=1_048_576,
        output_limit=65_536,
        methods=("generateContent", "countTokens"),
        temperature=1.0,
        top_p=0.95,
        top_k=64,
        code_execution=True,
        functions=True,
        search=True,
        url_context=True,
        thinking=True,
        budget=True,
        paid=True,
    )


def test_most_of_it_may_be_missing() -> None:
    assert listed(b')]}\'\n[[["models/poet"]]]') == (Listed(id="poet"),)


@pytest.mark.parametrize(
    ("said", "levels"),
    [
        ([1, 3], ("low", "high")),
        (["LOW", "THINKING_LEVEL_HIGH", "new"], ("low", "high")),
        ([None, None, None, None, None, 2, [4, 1, 2, 3]], ("minimal", "low", "medium", "high")),
        ([99], ()),
        ("x", ()),
        (None, ()),
    ],
)
def test_levels_are_named(said: Any, levels: tuple[str, ...]) -> None:
    one = only(_64=[52], _71=said)
    # Nothing switches its thinking off.
    assert (one.level, one.thinking, one.levels) == (True, False, levels)


@pytest.mark.parametrize(("code", "paid"), [(2, True), (True, True), (1, False), (None, False)])
def test_paid_models_are_told(code: Any, paid: bool) -> None:
    assert only(_77=code).paid is paid


def test_rows_that_cannot_be_read_are_passed_over() -> None:
    bad = ["x", None, [], ["poet"], ["models/"], [5], row(_3=5), row(_5="many"), row(_8="hot")]
    good = [["models/a"], *bad, ["models/b"], ["models/a", None, None, "Again"]]
    assert [one.id for one in listed(json.dumps([good]).encode())] == ["a", "b"]


@pytest.mark.parametrize("data", [b"[]", b"[[]]", b"[,]"])
def test_the_list_may_be_empty(data: bytes) -> None:
    assert listed(data) == ()


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b"{}", b"5", b'["x"]', b"[[[5]]]", b'[,[7,"No"],[[', b'{"models":[]}']
)
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        listed(data)


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=30,
)


@settings(deadline=None)
@given(rows=st.lists(st.lists(_JUNK, max_size=12).map(lambda rest: ["models/a", *rest])))
def test_whatever_rows_come_only_a_typed_error_does(rows: list[Any]) -> None:
    with suppress(UnreadableAnswer):
        assert all(one.id == "a" for one in listed(json.dumps([rows]).encode()))
