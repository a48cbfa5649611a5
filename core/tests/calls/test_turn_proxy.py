"""The way of a credential's browser."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from yarl import URL

from plugway import BearerKey, Channel, ChannelSettings, Secret, Turn
from plugway.calls.parts import Parts
from plugway.credentials.credential import Credential

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("found", ["http://me:secret@10.0.0.1:3128", None])
async def test_it_is_that_of_the_channel_and_the_credential(found: str | None) -> None:
    asked: list[tuple[str, dict[str, str]]] = []

    async def proxy_url(url: str, **options: str) -> URL | None:
        asked.append((url, options))
        return None if found is None else URL(found)

    parts: Any = SimpleNamespace(upstream=SimpleNamespace(proxy_url=proxy_url))
    channel = Channel(
        id=1,
        provider="p",
        name="c",
        base_url="https://a.example",
        models=frozenset(),
        settings=ChannelSettings(proxy="pool"),
    )
    credential = Credential(id=7, channel_id=1, kind=BearerKey("k"), secret=Secret("s" * 12))
    turn = Turn(cast("Parts", parts), "call", channel, credential)
    assert await turn.proxy_url() == found
    sticky = asked[0][1]["sticky"]
    assert asked == [("https://a.example", {"proxy": "pool", "sticky": sticky})]
    assert sticky
