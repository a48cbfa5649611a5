"""Whole answers, with the official package."""

from __future__ import annotations

import base64

import anthropic
import pytest
from anthropic_gateway import ASKED, AnthropicGateway
from starlette.concurrency import run_in_threadpool

from plugway import (
    Citation,
    Finish,
    FinishReason,
    Media,
    Message,
    Progress,
    Text,
    TextDelta,
    TokenCount,
)

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
PNG64 = base64.b64encode(PNG).decode()
MP4 = b"\x00\x00\x00\x18ftypisom" + b"frames"


async def test_text(house: AnthropicGateway) -> None:
    house.says(TextDelta("Good "), TextDelta("day."), TokenCount(input=12, output=5))
    message = await house.ask()
    assert message.id.startswith("msg_")
    assert (message.type, message.role, message.model) == ("message", "assistant", "poet")
    assert [block.model_dump(exclude_unset=True) for block in message.content] == [
        {"type": "text", "text": "Good day."}
    ]
    assert (message.stop_reason, message.stop_sequence) == ("end_turn", None)
    assert (message.usage.input_tokens, message.usage.output_tokens) == (12, 5)
    assert house.poet.asked[0].messages == (Message("user", (Text("Hello there"),)),)
    assert house.poet.asked[0].max_tokens == 1000
    assert await house.charged() == 12 + 2 * 5


async def test_the_synchronous_client(house: AnthropicGateway) -> None:
    def ask() -> str:
        with anthropic.Anthropic(
            api_key=house.key, base_url=house.server.url, max_retries=0
        ) as client:
            message: anthropic.types.Message = client.messages.create(**ASKED)
            block = message.content[0]
            assert block.type == "text"
            return block.text

    assert await run_in_threadpool(ask) == "Hello there"


@pytest.mark.parametrize("style", ["api_key", "auth_token", "x-api-key"])
async def test_every_style_of_key(house: AnthropicGateway, style: str) -> None:
    if style == "x-api-key":
        status, answer = await house.post(dict(ASKED))
        assert (status, answer["content"]) == (200, [{"type": "text", "text": "Hello there"}])
        return
    house.client = house.made(**{"api_key": None, style: house.key})
    assert (await house.ask()).content[0].type == "text"


async def test_versions_and_betas_are_taken_and_not_asked_for(house: AnthropicGateway) -> None:
    strange = {"anthropic-version": "2031-01-01", "anthropic-beta": "mind-reading-2030-01-01"}
    assert (await house.post(dict(ASKED), headers=strange))[0] == 200
    assert (await house.post(dict(ASKED)))[0] == 200


async def test_system_texts_and_turns(house: AnthropicGateway) -> None:
    await house.ask(
        system=[
            {"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "Be short."},
        ],
        messages=[
            {"role": "user", "content": "One"},
            {"role": "assistant", "content": [{"type": "text", "text": "Two"}]},
            {"role": "system", "content": "Now in French."},
            {"role": "user", "content": [{"type": "text", "text": "Three"}]},
            {"role": "assistant", "content": "Four is ("},
        ],
    )
    assert house.poet.asked[0].messages == (
        Message("system", (Text("Be kind."), Text("Be short."))),
        Message("user", (Text("One"),)),
        Message("assistant", (Text("Two"),)),
        Message("system", (Text("Now in French."),)),
        Message("user", (Text("Three"),)),
        Message("assistant", (Text("Four is ("),)),
    )


async def test_parameters(house: AnthropicGateway) -> None:
    # The package has no names of its own for the sampling parameters any more.
    sampling = {"temperature": 0.5, "top_p": 0.9, "top_k": 40}
    response = await house.client.messages.with_raw_response.create(
        **ASKED,
        extra_body=sampling,
        stop_sequences=["END"],
        metadata={"user_id": "u-1"},
        output_config={
            "effort": "xhigh",
            "format": {"type": "json_schema", "schema": {"type": "object"}},
        },
    )
    assert response.request_id == response.headers["x-request-id"]
    asked = house.poet.asked[0]
    assert (asked.temperature, asked.top_p, asked.top_k) == (0.5, 0.9, 40)
    assert (asked.stop, asked.user, asked.json_schema) == (("END",), "u-1", {"type": "object"})
    assert asked.reasoning is not None
    assert (asked.reasoning.effort, asked.reasoning.shown) == ("high", False)
    assert response.headers["x-plugway-ignored"] == "top_k, top_p"
    assert asked.spelt("stop") == "stop_sequences"
    assert asked.spelt("reasoning") == "output_config.effort"


async def test_images_and_documents_go_in(house: AnthropicGateway) -> None:
    await house.ask(
        messages=[
            {
                "role": "user",
                "content": [
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": PNG64},
                    },
                    {
                        "type": "image",
                        "source": {"type": "url", "url": "https://example.com/a.png"},
                    },
                    {
                        "type": "document",
                        "title": "Report",
                        "citations": {"enabled": True},
                        "source": {
                            "type": "base64",
                            "media_type": "application/pdf",
                            "data": base64.b64encode(b"%PDF-1.7").decode(),
                        },
                    },
                    {
                        "type": "document",
                        "context": "Read it twice.",
                        "source": {"type": "text", "media_type": "text/plain", "data": "Plain."},
                    },
                    {
                        "type": "document",
                        "source": {
                            "type": "content",
                            "content": [{"type": "text", "text": "Blocks."}],
                        },
                    },
                    {
                        "type": "search_result",
                        "source": "https://example.com/s",
                        "title": "Found",
                        "content": [{"type": "text", "text": "It says so."}],
                    },
                ],
            }
        ],
    )
    assert house.poet.asked[0].messages[0].parts == (
        Media(mime_type="image/png", data=PNG),
        Media(url="https://example.com/a.png"),
        Text("Report"),
        Media(mime_type="application/pdf", data=b"%PDF-1.7", name="Report"),
        Text("Read it twice."),
        Text("Plain."),
        Text("Blocks."),
        Text("Found\nhttps://example.com/s"),
        Text("It says so."),
    )


async def test_media_come_out_as_links(house: AnthropicGateway) -> None:
    image = Media(mime_type="image/png", data=PNG)
    there = Media(mime_type="video/mp4", url="https://example.com/v.mp4")
    house.says(TextDelta("Look:"), image, Media(mime_type="video/mp4", data=MP4), there)
    message = await house.ask()
    texts = [block.text for block in message.content if block.type == "text"]
    video64 = base64.b64encode(MP4).decode()
    assert texts == [
        "Look:",
        f"![image](data:image/png;base64,{PNG64})",
        f"[video](data:video/mp4;base64,{video64})",
        "[video](https://example.com/v.mp4)",
    ]
    assert {(row.images, row.videos) for row in await house.server.usage()} == {(1, 2)}


async def test_media_of_an_earlier_answer_are_media_again(house: AnthropicGateway) -> None:
    house.says(Media(mime_type="image/png", data=PNG * 4000), TextDelta("There."))
    first = await house.ask()
    before = await house.charged()
    again = {"role": "user", "content": "Now in blue."}
    await house.ask(
        messages=[*ASKED["messages"], {"role": "assistant", "content": first.content}, again],
    )
    assert house.poet.asked[1].messages[1].parts == (
        Media(mime_type="image/png", data=PNG * 4000),
        Text("There."),
    )
    assert await house.charged() - before < 400, "the image's bytes were counted as words"
    # A model that takes no images is told that there was one.
    await house.ask(
        model="parrot",
        messages=[*ASKED["messages"], {"role": "assistant", "content": first.content}, again],
    )
    assert house.poet.asked[2].messages[1].parts == (Text("[image]"), Text("There."))


async def test_media_amid_an_earlier_answer_are_media_again(house: AnthropicGateway) -> None:
    # Clients that keep an answer as one text hand it back as one.
    image = Media(mime_type="image/png", data=PNG * 4000)
    house.says(TextDelta("Look: "), image, TextDelta(" There."))
    first = await house.ask()
    said = "".join([block.text for block in first.content if block.type == "text"])
    before = await house.charged()
    messages = [
        *ASKED["messages"],
        {"role": "assistant", "content": said},
        {"role": "user", "content": "Now in blue."},
    ]
    await house.ask(messages=messages)
    assert house.poet.asked[1].messages[1].parts == (Text("Look: "), image, Text(" There."))
    assert await house.charged() - before < 400, "the image's bytes were counted as words"
    await house.ask(model="parrot", messages=messages)
    assert house.poet.asked[2].messages[1].text == "Look: [image] There."


async def test_citations(house: AnthropicGateway) -> None:
    source = Citation(url="https://example.com/1", title="One", quote="The first.")
    late = Citation(url="https://example.com/2")
    house.says(
        Progress(text="Searching", percent=10),
        source,
        TextDelta("It is so."),
        Media(mime_type="image/png", data=PNG),
        late,
    )
    message = await house.ask()
    first, _, last = message.content
    assert first.type == last.type == "text"
    assert first.citations is not None
    assert first.citations[0].model_dump() == {
        "type": "web_search_result_location",
        "url": "https://example.com/1",
        "title": "One",
        "cited_text": "The first.",
        "encrypted_index": "",
    }
    assert last.text == "[https://example.com/2](https://example.com/2)"
    assert last.citations is not None


async def test_usage_counts_what_was_cached_apart(house: AnthropicGateway) -> None:
    house.says(TextDelta("Hi"), TokenCount(input=100, output=20, thought=15, cached=60))
    usage = (await house.ask()).usage
    assert (usage.input_tokens, usage.cache_read_input_tokens) == (40, 60)
    assert (usage.output_tokens, usage.cache_creation_input_tokens) == (20, 0)
    assert usage.output_tokens_details is not None
    assert usage.output_tokens_details.thinking_tokens == 15
    assert await house.charged() == 100 + 2 * 20


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("tool_calls", "tool_use"),
        ("safety", "refusal"),
        ("recitation", "refusal"),
    ],
)
async def test_why_it_ended(house: AnthropicGateway, finish: FinishReason, reason: str) -> None:
    house.says(TextDelta("So"), Finish(finish))
    message = await house.ask()
    assert message.stop_reason == reason
    assert (message.stop_details is not None) == (reason == "refusal")


async def test_a_stop_text_and_the_limit(house: AnthropicGateway) -> None:
    house.says(TextDelta("One. E"), TextDelta("ND. Two."))
    message = await house.ask(stop_sequences=["X", "END"])
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", "END")
    block = message.content[0]
    assert block.type == "text"
    assert block.text == "One. "
    house.says(TextDelta("Many words come here."))
    message = await house.ask(max_tokens=2)
    assert (message.stop_reason, message.stop_sequence) == ("max_tokens", None)


async def test_text_that_only_looks_like_media_stays_text(house: AnthropicGateway) -> None:
    for text in ("![image](data:)", "![image](data:image/png;base64,?)", "[video](data:,)"):
        await house.ask(
            messages=[
                {"role": "assistant", "content": text},
                {"role": "user", "content": text},
            ]
        )
        said = house.poet.asked[-1].messages
        assert [message.parts for message in said] == [(Text(text),), (Text(text),)]


async def test_counting_tokens_is_free(house: AnthropicGateway) -> None:
    asked = {key: value for key, value in ASKED.items() if key != "max_tokens"}
    short = await house.client.messages.count_tokens(**asked)
    long = await house.client.messages.count_tokens(**asked, system="Be kind. " * 100)
    assert 0 < short.input_tokens < 20
    assert long.input_tokens > short.input_tokens + 200
    with pytest.raises(anthropic.NotFoundError):
        await house.client.messages.count_tokens(**{**asked, "model": "nobody"})
    assert await house.charged() == 0
    assert await house.server.usage() == []
    assert house.poet.asked == []
