"""Arguments of calls come out as the JSON that went in."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from aistudio_frames import struct, value
from hypothesis import given, settings
from hypothesis import strategies as st

from plugway import UnreadableAnswer
from plugway_aistudio.wire.struct_value import DEPTH, arguments

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=20,
)
_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=7),
    max_leaves=30,
)


@settings(deadline=None)
@given(plain=st.dictionaries(_TEXT, _PLAIN, max_size=5))
def test_what_a_struct_holds_is_what_was_put_in(plain: dict[str, Any]) -> None:
    assert json.loads(arguments(struct(plain))) == plain


@settings(deadline=None)
@given(junk=_JUNK)
def test_whatever_comes_only_a_typed_error_does(junk: Any) -> None:
    with suppress(UnreadableAnswer):
        assert isinstance(json.loads(arguments(junk)), dict)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (5.0, "5"),
        (5, "5"),
        (-0.0, "0"),
        (0.5, "0.5"),
        (-3.0, "-3"),
        (9007199254740991.0, "9007199254740991"),
        (1e300, "1e300"),
        (10**30, "1e30"),
        (10**400, "null"),
        ("NaN", "null"),
        ("-Infinity", "null"),
    ],
)
def test_whole_numbers_are_written_whole(number: Any, text: str) -> None:
    assert arguments([[["n", [None, number]]]]) == f'{{"n":{text}}}'


@pytest.mark.parametrize(
    ("one", "plain"),
    [
        ([0], None),
        ([], None),
        (None, None),
        ([None, 0], 0),
        ([None, None, ""], ""),
        ([None, None, None, 0], False),
        ([None, None, None, 1], True),
        ([None, None, None, False], False),
        ([None, None, None, None, []], {}),
        ([None, None, None, None, [None]], {}),
        ([None, None, None, None, None, []], []),
        ([None, None, None, None, None, [[[0], [], None]]], [None, None, None]),
        ([0, None, "the last one counts"], "the last one counts"),
        ([None, None, "a", None, None, None, None], "a"),
    ],
)
def test_the_index_tells_the_kind(one: Any, plain: Any) -> None:
    assert json.loads(arguments([[["v", one]]])) == {"v": plain}


@pytest.mark.parametrize(
    "one",
    [
        "text",
        7,
        [None, "5"],
        [None, True],
        [None, None, 5],
        [None, None, None, 2],
        [None, None, None, "true"],
        [None, None, None, None, "x"],
        [None, None, None, None, None, "x"],
        [None, None, None, None, None, ["x"]],
        [None, None, None, None, None, None, "a kind that is not known"],
    ],
)
def test_anything_else_is_refused(one: Any) -> None:
    with pytest.raises(UnreadableAnswer):
        arguments([[["v", one]]])


def test_names_may_be_empty_and_the_last_of_two_counts() -> None:
    assert arguments([[[None, [None, 1]], ["", [None, 2]], ["a"]]]) == '{"":2,"a":null}'
    with pytest.raises(UnreadableAnswer):
        arguments([[[5, [None, 1]]]])


@pytest.mark.parametrize("empty", [None, [], [None], [[]]])
def test_no_struct_is_an_empty_object(empty: Any) -> None:
    assert arguments(empty) == "{}"


def test_what_is_nested_too_deeply_is_refused() -> None:
    plain: dict[str, Any] = {}
    for _ in range(DEPTH):
        plain = {"a": plain}
    with pytest.raises(UnreadableAnswer):
        arguments(struct(plain))
    assert value(plain)
