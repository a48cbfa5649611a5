"""Answers end where the client wants them to, however they come in pieces."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway import (
    ChatEvent,
    ChatModel,
    ChatRequest,
    Finish,
    Message,
    Text,
    TextDelta,
    ThoughtDelta,
    UpstreamInterrupted,
)
from plugway.chat.counting import count_text
from plugway.chat.cutting import cut

MODEL = ChatModel(id="m")
LETTERS = st.text(alphabet="abE你N", min_size=1, max_size=6)


def run(
    events: Iterable[ChatEvent],
    stop: tuple[str, ...] = (),
    max_tokens: int | None = None,
    model: ChatModel = MODEL,
) -> list[ChatEvent]:
    """Return what is left of some events."""
    request = ChatRequest(
        model="m", messages=(Message("user", (Text("x"),)),), stop=stop, max_tokens=max_tokens
    )

    async def given_() -> AsyncGenerator[ChatEvent, None]:
        for event in events:
            yield event

    async def collect() -> list[ChatEvent]:
        return [event async for event in cut(given_(), request, model)]

    return anyio.run(collect)


def said(events: Iterable[ChatEvent]) -> str:
    """Return the text of events."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


@given(st.lists(LETTERS, max_size=12), st.lists(LETTERS, min_size=1, max_size=3))
def test_a_stop_text_ends_the_answer_before_it(pieces: list[str], stops: list[str]) -> None:
    text = "".join(pieces)
    events = run([*map(TextDelta, pieces), Finish("length")], stop=tuple(stops))
    found = min((at for stop in stops if (at := text.find(stop)) >= 0), default=None)
    assert said(events) == (text if found is None else text[:found])
    last = events[-1]
    assert isinstance(last, Finish)
    if found is None:
        assert last == Finish("length")
    else:
        assert last.reason == "stop"
        assert last.stop is not None
        assert text.startswith(last.stop, found)


@given(st.lists(LETTERS, max_size=12), st.integers(1, 20))
def test_no_more_tokens_come_than_were_asked_for(pieces: list[str], limit: int) -> None:
    text = "".join(pieces)
    events = run([*map(TextDelta, pieces), Finish()], max_tokens=limit)
    assert text.startswith(said(events))
    assert count_text(said(events)) <= limit
    if count_text(text) + len(pieces) <= limit:
        assert said(events) == text
        assert events[-1] == Finish()


@given(
    st.lists(LETTERS, max_size=12),
    st.integers(1, 20),
    st.lists(st.text(alphabet="XY", min_size=1, max_size=99), min_size=1, max_size=3),
)
def test_a_long_stop_text_lets_no_more_tokens_through(
    pieces: list[str], limit: int, stops: list[str]
) -> None:
    text = "".join(pieces)
    events = run([*map(TextDelta, pieces), Finish()], stop=tuple(stops), max_tokens=limit)
    assert text.startswith(said(events))
    assert count_text(said(events)) <= limit
    assert events[-1] == (Finish() if said(events) == text else Finish("length"))


def test_what_the_model_honours_is_left_to_it() -> None:
    model = ChatModel(id="m", honours=frozenset({"stop", "max_tokens"}))
    events: list[ChatEvent] = [TextDelta("one STOP two"), Finish()]
    assert run(events, stop=("STOP",), max_tokens=1, model=model) == events


def test_thoughts_are_no_answer_and_stop_nothing() -> None:
    events = run([ThoughtDelta("STOP"), TextDelta("go"), Finish()], stop=("STOP",))
    assert events == [ThoughtDelta("STOP"), TextDelta("go"), Finish()]


@pytest.mark.parametrize("stop", [(), ("STOP",)])
def test_an_answer_without_an_end_was_cut(stop: tuple[str, ...]) -> None:
    with pytest.raises(UpstreamInterrupted):
        run([TextDelta("half an")], stop=stop)
