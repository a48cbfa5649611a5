"""Where each dialect takes a key, and how it refuses one that is wrong or somewhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sdk_office import MODEL, Office

pytestmark = pytest.mark.anyio

HELLO = [{"role": "user", "content": "Hello"}]
GOOGLES = {"contents": [{"parts": [{"text": "Hello"}]}]}

#: Requests of each dialect, and where its clients put their key.
REQUESTS: dict[str, tuple[list[tuple[str, str, Any]], set[str]]] = {
    "openai": (
        [
            ("POST", "/v1/chat/completions", {"model": MODEL, "messages": HELLO}),
            ("GET", "/v1/models", None),
            ("GET", f"/v1/models/{MODEL}", None),
            ("POST", "/v1/images/generations", {"model": f"{MODEL}-image", "prompt": "A cat"}),
        ],
        {"bearer", "x-api-key"},
    ),
    "anthropic": (
        [
            ("POST", "/v1/messages", {"model": MODEL, "max_tokens": 99, "messages": HELLO}),
            ("POST", "/v1/messages/count_tokens", {"model": MODEL, "messages": HELLO}),
            ("GET", "/v1/models", None),
            ("GET", f"/v1/models/{MODEL}", None),
        ],
        {"bearer", "x-api-key"},
    ),
    "google": (
        [
            ("POST", f"/v1beta/models/{MODEL}:generateContent", GOOGLES),
            ("POST", f"/v1beta/models/{MODEL}:streamGenerateContent?alt=sse", GOOGLES),
            ("POST", f"/v1beta/models/{MODEL}:countTokens", GOOGLES),
            ("GET", "/v1beta/models", None),
            ("GET", f"/v1beta/models/{MODEL}", None),
        ],
        {"bearer", "x-goog-api-key", "key"},
    ),
}
STYLES = ("bearer", "x-api-key", "x-goog-api-key", "key")
NOBODYS = "sk-nobody-has-this-key-0123456789"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Run a gateway with two accounts."""
    async with Office(tmp_path / "home") as office:
        await office.channel()
        yield office


@pytest.mark.parametrize("dialect", list(REQUESTS))
async def test_keys_are_taken_where_the_dialect_has_them(office: Office, dialect: str) -> None:
    requests, own = REQUESTS[dialect]
    async with aiohttp.ClientSession(office.server.url) as client:
        for request in requests:
            for style in STYLES:
                status, body = await _asked(client, dialect, request, {style: office.key})
                if "/v1/models" in request[1] and style in ("x-goog-api-key", "key"):
                    # Google lists its models there too, for who shows a key in its way.
                    assert (status, b'"models/' in body) == (200, True), (request, style)
                elif style in own:
                    assert status == 200, (request, style, body)
                else:
                    _refused(dialect, status, body)
                status, body = await _asked(client, dialect, request, {style: NOBODYS})
                if "/v1/models" not in request[1] or style in own:
                    _refused(dialect, status, body)
                assert NOBODYS.encode() not in body
                assert status == 401
            status, body = await _asked(client, dialect, request, {})
            _refused(dialect, status, body)
            # One key, in one place: nobody has to guess which of two is meant.
            both = dict.fromkeys(sorted(own)[:2], office.key)
            status, body = await _asked(client, dialect, request, both)
            _refused(dialect, status, body)
    await office.charged()


async def _asked(
    client: aiohttp.ClientSession,
    dialect: str,
    request: tuple[str, str, Any],
    keys: dict[str, str],
) -> tuple[int, bytes]:
    method, path, body = request
    headers = {"anthropic-version": "2023-06-01"} if dialect == "anthropic" else {}
    for style, key in keys.items():
        match style:
            case "bearer":
                headers["Authorization"] = f"Bearer {key}"
            case "key":
                path += f"{'&' if '?' in path else '?'}key={key}"
            case _:
                headers[style] = key
    async with client.request(method, path, json=body, headers=headers) as answer:
        return answer.status, await answer.read()


def _refused(dialect: str, status: int, body: bytes) -> None:
    """Check that a refusal has the shape and the words of a dialect."""
    assert status == 401, body
    match dialect:
        case "openai":
            assert body.startswith(b'{"error":{"message":')
            assert b'"type":"invalid_request_error"' in body
        case "anthropic":
            assert body.startswith(b'{"type":"error","error":{"type":"authentication_error"')
        case _:
            assert body.startswith(b'{"error":{"code":401,')
            assert b'"status":"UNAUTHENTICATED"' in body
