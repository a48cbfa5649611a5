"""Tokens are counted about right, never less than nothing, and the same however they come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from plugway import ChatModel, ChatRequest, Media, Message, Text, TextDelta, TokenCount, Tool
from plugway.chat.counting import IMAGE_TOKENS, count_request, count_text, first_tokens
from plugway.chat.tally import Tally

MODEL = ChatModel(id="m", gives=frozenset({"text", "image", "video"}))


def asked(*texts: str, **more: object) -> ChatRequest:
    """Return a request of some messages."""
    messages = tuple(Message("user", (Text(text),)) for text in texts)
    return ChatRequest(model="m", messages=messages, **more)  # type: ignore[arg-type]  # its fields


@given(st.text(), st.text())
def test_more_text_never_has_fewer_tokens(one: str, other: str) -> None:
    assert 0 <= count_text(one) <= count_text(one + other)
    assert count_text(one + other) <= count_text(one) + count_text(other)


@given(st.text(max_size=200), st.integers(0, 60))
def test_the_beginning_that_is_kept_is_the_longest_within_the_limit(text: str, limit: int) -> None:
    kept = first_tokens(text, limit)
    assert text.startswith(kept)
    assert count_text(kept) <= limit
    if kept != text:
        assert count_text(text[: len(kept) + 1]) > limit


@given(st.lists(st.text(min_size=1), max_size=20))
def test_pieces_count_as_the_text_they_make(pieces: list[str]) -> None:
    tally = Tally(asked("x"), MODEL)
    for piece in pieces:
        tally.note(TextDelta(piece))
    whole = count_text("".join(pieces))
    assert whole <= tally.tokens.output <= whole + len(pieces)
    ascii_only = [piece for piece in pieces if piece.isascii()]
    tally = Tally(asked("x"), MODEL)
    for piece in ascii_only:
        tally.note(TextDelta(piece))
    assert tally.tokens.output == count_text("".join(ascii_only))


def test_a_request_counts_texts_media_and_functions() -> None:
    plain = count_request(asked("Hello, world"))
    image = Message("user", (Media(mime_type="image/png", data=b"1"), Text("Hello, world")))
    seen = ChatRequest(model="m", messages=(image,))
    assert count_request(seen) == plain + IMAGE_TOKENS
    tool = Tool(name="weather", description="Tells it.", parameters={"type": "object"})
    assert count_request(asked("Hello, world", tools=(tool,))) > plain


def test_what_the_upstream_counts_counts() -> None:
    tally = Tally(asked("Hello"), MODEL)
    tally.note(TextDelta("a long answer, much longer than one token"))
    assert {usage.estimated for usage in tally.usages()} == {True}
    tally.note(TokenCount(input=3, output=1))
    assert [(one.unit, int(one.quantity), one.estimated) for one in tally.usages()] == [
        ("input_token", 3, False),
        ("output_token", 1, False),
    ]


def test_media_are_held_for_where_they_are_asked_for_and_priced_where_they_may_come() -> None:
    units = {usage.unit: int(usage.quantity) for usage in Tally(asked("x"), MODEL).expected(100)}
    assert units == {"input_token": 5, "output_token": 100, "image": 0, "video": 0}
    painter = ChatModel(id="p", gives=frozenset({"text", "image"}), quotas=("text", "images"))
    tally = Tally(asked("x", max_tokens=7), painter)
    units = {usage.unit: int(usage.quantity) for usage in tally.expected(100)}
    assert units == {"input_token": 5, "output_token": 7, "image": 1}
    tally.note(Media(mime_type="image/png", data=b"1"))
    tally.note(Media(mime_type="video/mp4", data=b"1"))
    images, videos = tally.usages()[2:]
    assert (images.unit, images.images, videos.unit, videos.videos) == ("image", 1, "video", 1)
