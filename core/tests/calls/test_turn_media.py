"""Media that a try fetches for a client."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from plugway import BadRequest, Channel, Media, Turn
from plugway.calls.parts import Parts
from plugway.calls.turn import MOST_FETCHES
from plugway.settings import Settings
from plugway.upstream.fetch import Fetched

pytestmark = pytest.mark.anyio


async def test_one_request_fetches_a_bounded_number() -> None:
    asked: list[str] = []

    async def fetch(url: str, **_: Any) -> Fetched:
        asked.append(url)
        return Fetched(status=200, content_type="image/png; a=b", body=b"x", url=url)

    parts = SimpleNamespace(settings=Settings, upstream=SimpleNamespace(fetch=fetch))
    channel = Channel(
        id=1, provider="p", name="c", base_url="http://127.0.0.1:9", models=frozenset()
    )
    turn = Turn(cast("Parts", parts), "call", channel, None)
    picture = Media(url="https://example.com/a.png")
    for _ in range(MOST_FETCHES):
        assert (await turn.load(picture)).mime_type == "image/png"
    with pytest.raises(BadRequest, match=r"^messages: more than 100 media"):
        await turn.load(picture)
    assert len(asked) == MOST_FETCHES
    # What the client sent along costs nobody else anything.
    assert (await turn.load(Media(mime_type="image/png", data=b"y"))).data == b"y"
