"""Chats through the gateway: what the upstream is asked, and what clients get."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import pytest
from business_gateway import Business

pytestmark = pytest.mark.anyio


def png(side: int = 4) -> bytes:
    """Return a grey image."""
    rows = zlib.compress(b"".join(b"\0" + b"\x80" * side for _ in range(side)))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)),
        (b"IDAT", rows),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


def image(data: bytes, mime_type: str = "image/png") -> dict[str, Any]:
    url = f"data:{mime_type};base64,{base64.b64encode(data).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}


async def test_a_question_is_answered(business: Business) -> None:
    answer = await business.ask("Who keeps the lighthouse?")
    assert answer.text.startswith("You said: Who keeps the lighthouse?\nAsked of gemini-2.5-flash")
    assert await business.charged() > 0


async def test_the_upstream_is_asked_as_its_page_asks(bare: Business) -> None:
    await bare.channel("first", language="de-DE", time_zone="Europe/Berlin", server_timeout=99)
    await bare.ask("Hello", model="gemini-2.5-pro")
    (asked,) = bare.emulator.truth.asked
    assert (asked.text, asked.model) == ("Hello", "gemini-2.5-pro")
    assert (asked.language, asked.time_zone) == ("de-DE", "Europe/Berlin")
    assert set(asked.tools) == {"search", "registry", "image", "video"}
    seen = next(one for one in bare.emulator.seen if one.target.endswith("widgetStreamAssist"))
    assert seen.header("origin") == "https://business.gemini.google"
    assert seen.header("referer") == "https://business.gemini.google/"
    assert seen.header("x-server-timeout") == "99"
    assert seen.header("content-type") == "application/json"
    assert (seen.header("authorization") or "").count(".") == 2
    body = seen.json()
    assert body["configId"] == bare.emulator.accounts["first"].config_id
    assert body["additionalParams"] == {"token": "-"}
    assert body["streamAssistRequest"] | {"session": "", "query": {}, "toolsSpec": {}} == {
        "session": "",
        "query": {},
        "filter": "",
        "fileIds": [],
        "answerGenerationMode": "NORMAL",
        "assistSkippingMode": "REQUEST_ASSIST",
        "languageCode": "de-DE",
        "userMetadata": {"timeZone": "Europe/Berlin"},
        "toolsSpec": {},
        "assistGenerationConfig": {"modelId": "gemini-2.5-pro"},
    }


@pytest.mark.parametrize(
    ("model", "tools"),
    [
        ("gemini-2.5-flash", {"search", "registry", "image", "video"}),
        ("gemini-2.5-flash-search", {"search"}),
        ("gemini-2.5-flash-image", {"image"}),
        ("gemini-2.5-flash-search-image", {"search", "image"}),
        ("gemini-2.5-flash-image-search", {"search", "image"}),
        ("gemini-2.5-flash-video-search-image", {"search", "image", "video"}),
        ("gemini-imagen", {"image"}),
        ("gemini-veo", {"video"}),
    ],
)
async def test_suffixes_choose_the_tools(business: Business, model: str, tools: set[str]) -> None:
    answer = await business.ask("Draw a cat", model=model)
    assert answer.status == 200, answer.body
    (asked,) = business.emulator.truth.asked
    assert set(asked.tools) == tools
    assert asked.model == ("" if model in ("gemini-imagen", "gemini-veo") else "gemini-2.5-flash")


async def test_defect_d_a_model_that_the_upstream_does_not_know_fails(business: Business) -> None:
    answer = await business.ask(model="gemini-3-flash")
    assert answer.status == 400
    assert "gemini-3-flash" in answer.error
    assert await business.charged() == 0
    assert set((await business.states()).values()) == {"ready"}


async def test_gemini_auto_names_no_model(business: Business) -> None:
    assert "any model" in (await business.ask(model="gemini-auto")).text
    assert business.emulator.truth.asked[0].model == ""


async def test_complaint_12_the_system_prompt_and_all_turns_arrive(business: Business) -> None:
    await business.ask(
        [
            {"role": "system", "content": "Speak like a sailor."},
            {"role": "user", "content": "One?"},
            {"role": "assistant", "content": "Two."},
            {"role": "user", "content": "Three?"},
        ]
    )
    (asked,) = business.emulator.truth.asked
    assert asked.words == "Three?"
    assert asked.text == (
        "<system>\nSpeak like a sailor.\n</system>\n\n"
        "Human: One?\n\nAssistant: Two.\n\nHuman: Three?\n\nAssistant:"
    )


async def test_defect_u_conversations_never_meet(bare: Business) -> None:
    # The same first words from the same address, of two users: what one says the other's
    # model never hears.
    await bare.channel("first")
    first = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi."}]
    for secret in ("my secret", "my other secret"):
        await bare.ask([*first, {"role": "user", "content": secret}])
    one, other = bare.emulator.truth.asked
    assert one.session != other.session
    assert (one.turn, other.turn) == (1, 1)
    assert "my secret" in one.text
    assert "my secret" not in other.text


async def test_files_of_all_turns_are_sent(business: Business) -> None:
    answer = await business.ask(
        [
            {"role": "user", "content": [{"type": "text", "text": "Look"}, image(png(3))]},
            {"role": "assistant", "content": "Grey."},
            {"role": "user", "content": [image(png(5)), {"type": "text", "text": "And this?"}]},
        ]
    )
    assert "2 files: image/png 3×3" in answer.text
    assert "image/png 5×5" in answer.text
    (asked,) = business.emulator.truth.asked
    assert len(asked.files) == 2
    assert "[file: image-1]" in asked.text
    sent = [one.json() for one in business.emulator.seen if "AddContextFile" in one.target]
    assert [one["addContextFileRequest"]["fileName"] for one in sent] == [
        "image-1.png",
        "image-2.png",
    ]


async def test_a_file_that_the_upstream_does_not_take_is_a_clear_400(business: Business) -> None:
    heic = b"\0\0\0\x18ftypheic" + b"\0" * 16
    answer = await business.ask([{"role": "user", "content": [image(heic, "image/heic")]}])
    assert (answer.status, "Unsupported file type: image/heic" in answer.error) == (400, True)
    broken = png()[:20]
    answer = await business.ask([{"role": "user", "content": [image(broken)]}])
    assert answer.status == 400
    assert "Failed to parse" in answer.error
    assert await business.charged() == 0
    assert set((await business.states()).values()) == {"ready"}


async def test_an_address_of_the_inner_network_is_not_fetched(business: Business) -> None:
    url = {"type": "image_url", "image_url": {"url": f"{business.emulator.url}/x.png"}}
    answer = await business.ask([{"role": "user", "content": [url]}])
    assert answer.status == 400
    assert not any("fileUri" in (one.body or b"").decode() for one in business.emulator.seen)
    assert business.emulator.truth.asked == []


async def test_thoughts_and_sources_come(business: Business) -> None:
    answer = await business.ask("Think and search ships")
    message = answer.json["choices"][0]["message"]
    assert message["reasoning_content"].startswith("**Reading the question**")
    cited = message["annotations"]
    assert {one["url_citation"]["url"] for one in cited} == {
        "https://example.com/lighthouses?a=1&b=2",
        "https://example.org/ships",
    }
    assert cited[0]["url_citation"]["title"].startswith("Lighthouses")


async def test_control_text_is_left_out(business: Business) -> None:
    business.emulator.mishap("control_text")
    assert (await business.ask("Draw a cat", stream=False)).text.startswith("You said: Draw a cat")


async def test_sessions_are_deleted_on_request(bare: Business) -> None:
    await bare.channel("first", delete_sessions=True)
    await bare.ask()
    assert list(bare.emulator.sessions) == []
    assert bare.emulator.truth.counts("first")["delete"] == 1


async def test_sessions_stay_otherwise(business: Business) -> None:
    await business.ask()
    assert len(list(business.emulator.sessions)) == 1


async def test_models_of_the_operator_need_a_price(bare: Business) -> None:
    await bare.server.channel(
        "gemini_business",
        bare.emulator.url,
        secrets=[bare.emulator.account_file("first")],
        settings={"use_cooldown": 0},
        models=["gemini-4", "gemini-5"],
    )
    path = bare.server.home / "plugway.toml"
    path.write_text(
        '[plugins.gemini_business.models.gemini-4]\nmodel_id = "gemini-2.5-pro"\n'
        '[plugins.gemini_business.models.gemini-5]\nmodel_id = "gemini-3-pro"\n'
        'tariff = "gemini-3-pro"\n'
    )
    path.chmod(0o600)
    bare.server.gateway.live.check()
    refused = await bare.ask(model="gemini-4")
    assert refused.status == 400
    assert "no price" in refused.error
    assert bare.emulator.truth.asked == []
    assert "gemini-3-pro" in (await bare.ask(model="gemini-5-search")).text


async def test_functions_are_refused_by_name(business: Business) -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    answer = await business.ask(tools=[tool])
    assert answer.status == 400
    assert "tools" in answer.error
