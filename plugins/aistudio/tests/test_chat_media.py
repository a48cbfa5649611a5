"""Images and files to the page and from it, as clients of OpenAI's API see them."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import Any

import pytest
from aistudio_gateway import AIStudioGateway
from aistudio_said import price, say

from plugway_aistudio.emulated.answer import answer
from plugway_aistudio.emulated.parts import media, png, text, usage

pytestmark = pytest.mark.anyio

DRAWS = "gemini-2.5-flash-image"
PDF = b"%PDF-1.7\n" + b"1 0 obj\n" * 100 + b"%%EOF\n"
PICTURES = [png(200, 0, 0, side=5), png(0, 200, 0, side=7), png(0, 0, 200, side=9)]


def url(data: bytes, mime_type: str = "image/png") -> str:
    return f"data:{mime_type};base64,{base64.b64encode(data).decode()}"


def image(place: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": place}}


def sent(studio: AIStudioGateway) -> list[tuple[str, int, str]]:
    """Return what files the upstream got."""
    return [(one.mime_type, one.size, one.sha256) for one in studio.emulator.asked[-1].files]


def file_of(data: bytes, mime_type: str = "image/png") -> tuple[str, int, str]:
    return (mime_type, len(data), hashlib.sha256(data).hexdigest())


async def test_an_image_goes_beside_the_text(studio: AIStudioGateway, streams: bool) -> None:
    content = [{"type": "text", "text": "What is it?"}, image(url(PICTURES[0]))]
    said = await say(studio, [{"role": "user", "content": content}], streams=streams)
    assert sent(studio) == [file_of(PICTURES[0])]
    assert studio.emulator.asked[-1].text == "What is it?"
    assert said.usage is not None
    assert said.usage["prompt_tokens"] == 258 + 3
    # And it is gone with the next.
    await say(studio, "Which?", streams=streams)
    assert sent(studio) == []


async def test_several_files_of_several_turns_go_in_their_order(
    studio: AIStudioGateway,
) -> None:
    file = {
        "type": "file",
        "file": {"filename": "../a b.pdf", "file_data": url(PDF, "application/pdf")},
    }
    said = [
        {"role": "user", "content": [image(url(PICTURES[0])), {"type": "text", "text": "One"}]},
        {"role": "assistant", "content": "Seen."},
        {
            "role": "user",
            "content": [file, {"type": "text", "text": "Two"}, image(url(PICTURES[1]))],
        },
    ]
    await say(studio, said, streams=False)
    assert sent(studio) == [
        file_of(PICTURES[0]),
        file_of(PDF, "application/pdf"),
        file_of(PICTURES[1]),
    ]
    written = studio.emulator.asked[-1].text
    assert written.startswith(
        "User: [file: image-1]\nOne\n\nAssistant: Seen.\n\nUser: [file: 2-a b.pdf]"
    )


async def test_an_image_alone_is_a_question(studio: AIStudioGateway) -> None:
    await say(studio, [{"role": "user", "content": [image(url(PICTURES[2]))]}], streams=False)
    assert sent(studio) == [file_of(PICTURES[2])]
    assert studio.emulator.asked[-1].text == ""


async def test_an_image_of_ten_megabytes(studio: AIStudioGateway) -> None:
    # Noise, which nothing makes smaller.
    large = PICTURES[0] + os.urandom(10 << 20)
    content = [{"type": "text", "text": "Large"}, image(url(large))]
    await say(studio, [{"role": "user", "content": content}], streams=True)
    assert sent(studio) == [file_of(large)]


async def test_addresses_of_the_inner_network_are_not_fetched(studio: AIStudioGateway) -> None:
    before = await studio.charged()
    asked = len(studio.emulator.asked)
    for place in (
        f"{studio.emulator.url}/a.png",
        "http://169.254.169.254/latest/meta-data/a.png",
        "http://localhost/a.png",
        "http://[::ffff:10.0.0.1]/a.png",
    ):
        refused = await studio.ask([{"role": "user", "content": [image(place)]}])
        assert refused.status == 400, refused.body
    for place in ("file:///etc/passwd", "/etc/passwd"):
        refused = await studio.ask([{"role": "user", "content": [image(place)]}])
        assert (refused.status, refused.error["param"]) == (
            400,
            "messages[0].content[0].image_url.url",
        )
    assert len(studio.emulator.asked) == asked
    assert all("a.png" not in one.target for one in studio.emulator.seen)
    assert await studio.charged() == before
    assert (await studio.ask("Hi")).status == 200


@pytest.mark.parametrize("place", ["data:image/png;base64,!!!", "data:image/png;base64,", ""])
async def test_what_is_no_image_is_refused(studio: AIStudioGateway, place: str) -> None:
    refused = await studio.ask([{"role": "user", "content": [image(place)]}])
    assert refused.status == 400, refused.body
    assert refused.error["param"].startswith("messages")


async def test_an_image_is_drawn_and_paid(studio: AIStudioGateway, streams: bool) -> None:
    before = await studio.charged()
    said = await say(studio, "Draw something red", DRAWS, streams=streams)
    assert studio.emulator.asked[-1].model == DRAWS
    assert said.text == f"Here it is.\n\n![image]({url(png(200, 0, 0))})"
    assert said.usage is not None
    tokens = (said.usage["prompt_tokens"], said.usage["completion_tokens"])
    assert tokens == (5, 258)
    assert await studio.charged() - before == price(DRAWS, *tokens, images=1)


async def test_several_images_stand_where_they_came(studio: AIStudioGateway, streams: bool) -> None:
    first, second = (media("image/png", one) for one in PICTURES[:2])
    studio.emulator.script(
        answer(text("One:"), first, text("Two:"), second, text("End."), tokens=usage(1, 2))
    )
    before = await studio.charged()
    said = await say(studio, "Draw", DRAWS, streams=streams)
    assert said.text == (
        f"One:\n\n![image]({url(PICTURES[0])})\n\nTwo:\n\n![image]({url(PICTURES[1])})\n\nEnd."
    )
    assert await studio.charged() - before == price(DRAWS, 1, 2, images=2)


async def test_an_image_that_came_goes_with_the_next_question(studio: AIStudioGateway) -> None:
    drawn = await say(studio, "Draw something blue", DRAWS, streams=False)
    said = [
        {"role": "user", "content": "Draw something blue"},
        {"role": "assistant", "content": drawn.text},
        {"role": "user", "content": "Now red"},
    ]
    await say(studio, said, DRAWS, streams=False)
    assert sent(studio) == [file_of(png(0, 0, 200))]
    assert "base64" not in studio.emulator.asked[-1].text
