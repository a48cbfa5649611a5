"""What `GET /openapi.json` says of chats, to who reads it before the first request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sdk_office import MODEL, Office

pytestmark = pytest.mark.anyio

#: Chat routes, with the tag, and a body of each that has one described.
ROUTES: list[tuple[str, str, str, dict[str, Any] | None]] = [
    ("post", "/v1/chat/completions", "openai", {"model": MODEL, "messages": []}),
    ("post", "/v1/images/generations", "openai", {"model": MODEL, "prompt": "A cat"}),
    ("get", "/v1/models", "openai", None),
    ("get", "/v1/models/{path}", "openai", None),
    ("post", "/v1/messages", "anthropic", {"model": MODEL, "max_tokens": 1, "messages": []}),
    ("post", "/v1/messages/count_tokens", "anthropic", {"model": MODEL, "messages": []}),
    ("post", "/v1beta/models/{path}", "gemini", None),
    ("get", "/v1beta/models", "gemini", None),
    ("get", "/v1beta/models/{path}", "gemini", None),
]


async def test_the_document_describes_the_chats(tmp_path: Path) -> None:
    async with (
        Office(tmp_path / "home") as office,
        aiohttp.request("GET", f"{office.server.url}/openapi.json") as answer,
    ):
        document = await answer.json()
    assert document["openapi"].startswith("3.1")
    schemas = document["components"]["schemas"]
    assert {each.removeprefix("#/components/schemas/") for each in _references(document)} <= set(
        schemas
    )
    names = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(names) == len(set(names))
    for method, path, tag, body in ROUTES:
        described = document["paths"][path][method]
        assert described["tags"] == [tag]
        assert described["summary"].endswith(".")
        told = described["responses"]["200"]["content"]["application/json"]["schema"]
        assert told["$ref"].rpartition("/")[2] in schemas
        if body is not None:
            asked = described["requestBody"]["content"]["application/json"]["schema"]["$ref"]
            schema = schemas[asked.rpartition("/")[2]]
            # What has to be there is what the vendors' own examples send, and no more.
            assert set(schema["required"]) == set(body)
    schemes = document["components"]["securitySchemes"]
    ways = document["paths"]["/v1beta/models/{path}"]["post"]["security"]
    assert [schemes[name].get("name") for way in ways for name in way] == [
        *(None, "X-Goog-Api-Key", "key"),
    ]


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)
