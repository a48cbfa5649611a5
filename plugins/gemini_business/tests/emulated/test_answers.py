"""What is answered, and how it comes."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from gemini_business_emulated import (
    TOOLS,
    WIDGETS,
    Visitor,
    contents,
    files_of,
    state_of,
    text_of,
)

from plugway_gemini_business.emulated.media import mp4, png

pytestmark = pytest.mark.anyio


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    """Run an emulator."""
    async with Visitor() as visitor:
        yield visitor


async def test_the_answer_tells_what_has_arrived(visitor: Visitor) -> None:
    answer = await visitor.ask("Wie heißt „<er>“, 🦊?")
    assert text_of(answer) == (
        "You said: Wie heißt „<er>“, 🦊?\n"
        "Asked of gemini-2.5-flash in de-DE, Europe/Berlin, turn 1, "
        "with search, registry, image, video."
    )
    assert state_of(answer) == "SUCCEEDED"
    (asked,) = visitor.emulator.truth.asked
    assert (asked.text, asked.words) == ("Wie heißt „<er>“, 🦊?",) * 2
    assert asked.tools == ("search", "registry", "image", "video")


async def test_what_is_not_given_is_told_too(visitor: Visitor) -> None:
    session = await visitor.session()
    asked = {"session": session, "query": {"parts": [{"text": "One "}, {"text": "two"}]}}
    for turn in (1, 2):
        answer = await visitor.good("widgetStreamAssist", asked)
        assert text_of(answer) == (
            "You said: One two\n"
            f"Asked of any model in any language, any time zone, turn {turn}, without tools."
        )


async def test_the_last_words_of_a_conversation_are_heard(visitor: Visitor) -> None:
    text = (
        "<system>\nDraw nothing.\n</system>\n\nHuman: Film it!\n\n"
        "Assistant: No.\n\nHuman: Who: me?\nOr you?\n\nAssistant:"
    )
    answer = await visitor.ask(text)
    assert text_of(answer).startswith("You said: Who: me?\nOr you?\nAsked of")
    assert files_of(answer) == []
    assert visitor.emulator.truth.asked[0].text == text


async def test_the_session_is_told_in_full(visitor: Visitor) -> None:
    answer = await visitor.ask("Hello")
    (session,) = visitor.emulator.sessions
    told = answer[-1]["streamAssistResponse"]
    assert told["sessionInfo"]["session"] == session.full != session.short
    assert {each["streamAssistResponse"]["assistToken"] for each in answer} == {told["assistToken"]}
    assert all("trace" in each for each in answer)


async def test_thoughts_come_first(visitor: Visitor) -> None:
    parts = contents(await visitor.ask("Think about it"))
    thoughts = [part.get("thought", False) for part in parts if part["text"]]
    assert thoughts[:3] == [True] * 3
    assert not any(thoughts[3:])
    assert "It has 3 words" in "".join(part["text"] for part in parts if part.get("thought"))


async def test_sources_are_named(visitor: Visitor) -> None:
    answer = await visitor.ask("Search for lighthouses")
    (grounded,) = [
        reply["groundedContent"]
        for element in answer
        for reply in element["streamAssistResponse"]["answer"].get("replies", [])
        if "textGroundingMetadata" in reply["groundedContent"]
    ]
    metadata = grounded["textGroundingMetadata"]
    (segment,) = metadata["segments"]
    begin, end = int(segment["startIndex"]), int(segment["endIndex"])
    assert grounded["content"]["text"].encode()[begin:end].decode() == segment["text"]
    assert len(metadata["references"]) == 2
    without = {name: value for name, value in TOOLS.items() if name != "webGroundingSpec"}
    assert "textGrounding" not in str(await visitor.ask("Search for ships", toolsSpec=without))


@pytest.mark.parametrize(
    ("text", "tools", "kinds"),
    [
        ("Draw a cat", TOOLS, ["image/png"]),
        ("draw 3 cats", TOOLS, ["image/png"] * 3),
        ("Film a cat", TOOLS, ["video/mp4"]),
        ("Draw and film a cat", TOOLS, ["image/png", "video/mp4"]),
        ("A drawing of films", TOOLS, []),
        ("A cat", {"imageGenerationSpec": {}}, ["image/png"]),
        ("A cat", {"videoGenerationSpec": {}}, ["video/mp4"]),
        ("A cat", {"imageGenerationSpec": {}, "videoGenerationSpec": {}}, ["image/png"]),
        ("Film", {"imageGenerationSpec": {}, "videoGenerationSpec": {}}, ["video/mp4"]),
        ("Draw a cat", {"webGroundingSpec": {}}, []),
        ("Film a cat", {}, []),
    ],
)
async def test_media_are_made_if_they_may_be(
    visitor: Visitor, text: str, tools: dict[str, Any], kinds: list[str]
) -> None:
    answer = await visitor.ask(text, toolsSpec=tools)
    assert [file["mimeType"] for file in files_of(answer)] == kinds
    wanted = text.startswith(("Draw", "Film")) and not kinds
    assert ("I may not make any" in text_of(answer)) == wanted


async def test_media_come_inline_if_told_to(visitor: Visitor) -> None:
    visitor.emulator.behaviour.media_as = "inline"
    parts = contents(await visitor.ask("Draw 2, film"))
    inline = [part["inlineData"] for part in parts if "inlineData" in part]
    assert [each["mimeType"] for each in inline] == ["image/png", "image/png", "video/mp4"]
    data = [base64.b64decode(each["data"]) for each in inline]
    assert data == [png(16, 16), png(16, 17), mp4()]


async def test_images_are_as_big_as_told(visitor: Visitor) -> None:
    visitor.emulator.behaviour.image_bytes = 3_000_000
    visitor.emulator.behaviour.media_as = "inline"
    (image,) = [
        base64.b64decode(part["inlineData"]["data"])
        for part in contents(await visitor.ask("Draw a cat"))
        if "inlineData" in part
    ]
    assert image.startswith(b"\x89PNG")
    assert 3_000_000 <= len(image) < 3_100_000


@pytest.mark.parametrize("chunks", ["awkward", "element", 1, 7, 4_096])
@pytest.mark.parametrize("taken", ["gzip", "identity"])
async def test_the_answer_is_one_array_however_it_comes(
    visitor: Visitor, chunks: str | int, taken: str
) -> None:
    await visitor.control("PATCH", "behaviour", {"chunks": chunks})
    asked = visitor.question(await visitor.session(), 'Think: „é“ \\ " 🦊 <b>')
    body = visitor.body("widgetStreamAssist", asked)
    headers = {**await visitor.headers(), "Accept-Encoding": taken}
    url = f"{WIDGETS}/widgetStreamAssist"
    async with visitor.client.post(url, json=body, headers=headers) as answer:
        assert ("Content-Encoding" in answer.headers) == (taken == "gzip")
        pieces = [piece async for piece in answer.content.iter_any()]
    found = json.loads(b"".join(pieces))
    assert text_of(found).startswith('You said: Think: „é“ \\ " 🦊 <b>\n')
    assert b"\n" in pieces[0]


async def test_compression_can_be_off(visitor: Visitor) -> None:
    visitor.emulator.behaviour.gzip = False
    async with visitor.stream("Hello") as answer:
        assert "Content-Encoding" not in answer.headers
        assert isinstance(json.loads(await answer.read()), list)


async def test_words_leave_before_the_end(visitor: Visitor) -> None:
    visitor.emulator.mishap("silent", after=3)
    async with visitor.stream("Hello there") as answer:
        told = b""
        while b"Hello" not in told:
            told += await answer.content.readany()
        assert b"SUCCEEDED" not in told
        assert visitor.emulator.truth.busy("demo") == 1
        visitor.emulator.release()
        told += await answer.read()
    assert state_of(json.loads(told)) == "SUCCEEDED"


async def test_elements_can_wait(visitor: Visitor) -> None:
    visitor.emulator.behaviour.pause = 3_600
    async with visitor.stream("Hello") as answer:
        told = await answer.content.readany()
        assert b"SUCCEEDED" not in told
        visitor.emulator.behaviour.pause = 0
        visitor.emulator.release()
        assert state_of(json.loads(told + await answer.read())) == "SUCCEEDED"
