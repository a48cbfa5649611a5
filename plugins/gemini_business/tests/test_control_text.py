"""Control text does not reach clients (complaint 9)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway_gemini_business.control_text import ControlText


def through(pieces: list[str]) -> str:
    text = ControlText()
    return "".join([text.push(piece) for piece in pieces]) + text.rest()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Plain.", "Plain."),
        ("<ctrl46>Image size: 1024x1024", ""),
        ("<ctrl46>Image size: 1024x1024\nHere it is.", "Here it is."),
        ("Here it is.\n<ctrl46>Image size: 1\n", "Here it is.\n"),
        ("Here <ctrl46>Image size: 1\nit is.", "Here \nit is."),
        ("<ctrl46>Image size: 1\n<ctrl95>You said", "You said"),
        ("<ctrl46>Image size: 1<ctrl46>You said", "You said"),
        ("<ctrl94>thought", "thought"),
        ("1 < 2 and <ctrl> and <ct", "1 < 2 and <ctrl> and <ct"),
        ("<ctrl46", "<ctrl46"),
    ],
)
def test_it_is_taken_out(text: str, left: str) -> None:
    assert through([text]) == left


@given(
    text=st.lists(
        st.sampled_from(["<ctrl46>", "<ctrl95>", "<", "ctrl4", "6>", "a", "\n", "Size: 1"]),
        max_size=12,
    ).map("".join),
    places=st.lists(st.integers(min_value=0), max_size=8),
)
def test_however_it_is_cut_the_same_is_left(text: str, places: list[int]) -> None:
    ends = sorted({place % (len(text) + 1) for place in places} | {len(text)})
    pieces = [text[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    assert through(pieces) == through([text])


@given(text=st.text().filter(lambda text: "<ctrl" not in text))
def test_other_text_stays_as_it_is(text: str) -> None:
    assert through(list(text)) == text


def test_text_goes_on_at_once_unless_it_may_be_a_mark() -> None:
    text = ControlText()
    assert text.push("Hello <") == "Hello "
    assert text.push("b>") == "<b>"
