"""Every dialect answers in its own shape (defect a), with what only this upstream does."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest
from business_gateway import MODEL, Business

pytestmark = pytest.mark.anyio

MP4 = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2"


async def post(business: Business, path: str, body: Any) -> tuple[int, Any]:
    async def asked() -> tuple[int, Any]:
        async with business.client.post(path, json=body) as response:
            data = await response.read()
            return response.status, msgspec.json.decode(data) if data[:1] in b"{[" else data

    return await business.meanwhile(asked())


async def test_defect_a_anthropics_clients_get_anthropics_shape(business: Business) -> None:
    status, body = await post(
        business,
        "/v1/messages",
        {
            "model": MODEL,
            "max_tokens": 1_000,
            "system": "Be brief.",
            "messages": [{"role": "user", "content": "Hello"}],
        },
    )
    assert status == 200, body
    assert (body["type"], body["role"], body["stop_reason"]) == ("message", "assistant", "end_turn")
    assert body["content"][0]["text"].startswith("You said: Hello")
    assert business.emulator.truth.asked[0].text.startswith("<system>\nBe brief.\n</system>")
    status, body = await post(
        business,
        "/v1/messages",
        {"model": "nothing", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]},
    )
    assert (status, body["type"], body["error"]["type"]) == (404, "error", "not_found_error")


async def test_defect_a_googles_clients_get_googles_shape(business: Business) -> None:
    url = f"/v1beta/models/{MODEL}-image-search:generateContent"
    content = {"role": "user", "parts": [{"text": "Draw a cat"}]}
    status, body = await post(business, url, {"contents": [content]})
    assert status == 200, body
    (candidate,) = body["candidates"]
    assert candidate["finishReason"] == "STOP"
    (image,) = [
        part["inlineData"] for part in candidate["content"]["parts"] if "inlineData" in part
    ]
    assert image["mimeType"] == "image/png"
    assert base64.b64decode(image["data"]).startswith(b"\x89PNG")
    status, body = await post(business, "/v1beta/models/nothing:generateContent", {"contents": []})
    assert status in (400, 404)
    assert set(body["error"]) >= {"code", "message", "status"}


async def test_images_are_made_by_openais_own_call_too(business: Business) -> None:
    status, body = await post(
        business, "/v1/images/generations", {"model": f"{MODEL}-image", "prompt": "Draw a cat"}
    )
    assert status == 200, body
    assert base64.b64decode(body["data"][0]["b64_json"]).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("mime_type", "data", "sent"),
    [
        ("video/mp4", MP4, "video/mp4"),
        ("video/quicktime", MP4.replace(b"isom", b"qt  "), "video/mp4"),
        ("application/pdf", b"%PDF-1.4\n%%EOF\n", "application/pdf"),
        ("text/plain", b"Words.", "text/plain"),
    ],
)
async def test_videos_and_documents_are_sent(
    business: Business, mime_type: str, data: bytes, sent: str
) -> None:
    part = {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode()}}
    body = {"contents": [{"role": "user", "parts": [part, {"text": "What is it?"}]}]}
    await post(business, f"/v1beta/models/{MODEL}:generateContent", body)
    (upload,) = [one.json() for one in business.emulator.seen if "AddContextFile" in one.target]
    fields = upload["addContextFileRequest"]
    assert fields["mimeType"] == sent
    assert base64.b64decode(fields["fileContents"]) == data


async def test_google_search_is_switched_on_by_the_request(business: Business) -> None:
    body = {
        "contents": [{"role": "user", "parts": [{"text": "Draw"}]}],
        "tools": [{"googleSearch": {}}],
    }
    status, answer = await post(business, f"/v1beta/models/{MODEL}-image:generateContent", body)
    assert status == 200, answer
    assert set(business.emulator.truth.asked[0].tools) == {"image", "search"}


async def test_models_are_listed_and_follow_the_settings(business: Business) -> None:
    async def listed() -> set[str]:
        async with business.client.get("/v1/models") as response:
            return {model["id"] for model in (await response.json())["data"]}

    before = await listed()
    assert {"gemini-2.5-pro", "gemini-2.5-pro-image-search", "gemini-veo"} <= before
    path = business.server.home / "plugway.toml"
    path.write_text("[plugins.gemini_business.models.gemini-veo]\nenabled = false\n")
    path.chmod(0o600)
    business.server.gateway.live.check()
    assert before - await listed() == {"gemini-veo"}


async def test_a_key_that_lists_the_base_may_use_its_variants_and_no_other(
    business: Business,
) -> None:
    key = await business.server.key(business.user, "narrow", models=[MODEL])
    headers = {"Authorization": f"Bearer {key}"}

    async def status(model: str) -> int:
        body = {"model": model, "messages": [{"role": "user", "content": "Hi"}]}
        async with business.client.post(
            "/v1/chat/completions", json=body, headers=headers
        ) as response:
            return response.status

    assert await business.meanwhile(status(f"{MODEL}-search")) == 200
    assert await business.meanwhile(status("gemini-2.5-pro")) == 404
