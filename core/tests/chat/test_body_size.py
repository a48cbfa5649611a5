"""Bodies that would keep everybody else waiting, or fill the memory."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from plain_dialect import PlainDialect
from plain_front import PlainFront
from poet import PoetPlugin

from plugway import PayloadTooLarge
from plugway.chat import body as chat_body
from plugway.chat.body import MOST_GROUPS, MOST_STRINGS, read_json
from plugway.testing.server import GatewayServer

pytestmark = pytest.mark.anyio


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[PlainFront]:
    """Run a gateway."""
    plugin = PoetPlugin()
    plugins = {"poet": plugin, "plain": PlainDialect()}
    async with (
        GatewayServer(tmp_path / "home", plugins=plugins) as server,
        aiohttp.ClientSession() as client,
    ):
        front = PlainFront(server, plugin, client)
        front.key = await server.key(await server.user())
        await server.channel("poet", "http://127.0.0.1:9", models=["poet"])
        yield front


async def _send(front: PlainFront, path: str, content: bytes) -> tuple[int, str]:
    async with front.client.post(
        front.server.url + path,
        data=io.BytesIO(content),
        headers={"x-goog-api-key": front.key}
        if path == GEMINI
        else {"authorization": f"Bearer {front.key}"},
    ) as answer:
        return answer.status, await answer.text()


MANY = 200_000
CHAT, GEMINI = "/v1/chat/completions", "/v1beta/models/poet:generateContent"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CHAT, {"model": "poet", "messages": [{"role": "user", "content": "a"}] * MANY}),
        (GEMINI, {"contents": [{"parts": [{"text": "a"}]}] * MANY}),
        (GEMINI, {"contents": [{}] * (3 * MANY)}),
        (GEMINI, {"contents": [[[]]] * (2 * MANY)}),
    ],
)
async def test_more_parts_than_any_model_takes_are_refused_at_once(
    front: PlainFront, path: str, body: dict[str, Any]
) -> None:
    status, said = await _send(front, path, json.dumps(body).encode())
    assert status == 413
    assert "too many messages or parts" in said
    assert not front.poet.asked


async def test_a_body_that_does_not_end_is_refused_before_it_is_kept(
    front: PlainFront, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_body, "MOST_BYTES", 100_000)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'{"model":"poet","messages":[{"role":"user","content":"'
        while sent < 5_000_000:
            sent += 10_000
            yield b"a" * 10_000
            await asyncio.sleep(0)

    async with front.client.post(
        front.server.url + CHAT,
        data=endless(),
        headers={"authorization": f"Bearer {front.key}"},
    ) as answer:
        assert answer.status == 413
        assert (await answer.json())["error"]["message"]


def test_quotes_and_brackets_in_a_text_are_no_parts() -> None:
    text = '{"a": "\\"[]"}\n' * (MOST_STRINGS // 4)
    assert text.count('"') > MOST_STRINGS
    assert read_json(json.dumps({"text": text}).encode(), dict) == {"text": text}
    lists = "[" * MOST_GROUPS
    with pytest.raises(PayloadTooLarge):
        read_json(json.dumps([[]] * MOST_GROUPS + [lists]).encode(), list)
