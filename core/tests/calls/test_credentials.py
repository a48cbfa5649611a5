"""Several credentials of one channel: one that is turned away leaves the call to the next."""

from __future__ import annotations

import asyncio

import pytest
from small import PRICE, SmallGateway

from plugway.credentials import store
from plugway.testing.scripted import Script, Seen, answer, ok

pytestmark = pytest.mark.anyio


def turning_away(status: str, *secrets: str) -> Script:
    """Refuse these secrets, and serve all others."""

    async def script(
        seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        given = (seen.header("authorization") or "").removeprefix("Bearer ")
        chosen = answer(status, b"no") if given in secrets else ok
        await chosen(seen, reader, writer)

    return script


async def secrets(small: SmallGateway, *texts: str) -> None:
    """Give the channel more secrets."""
    gateway = small.server.gateway
    (channel,) = gateway.channels.all()
    kind = gateway.registry.credential_kinds["small"]
    for text in texts:
        await store.add(gateway.database, gateway.vault, kind, channel.id, text, gateway.clock)
    await gateway.snapshots.refresh()


@pytest.mark.parametrize("status", ["401 Who", "403 No", "429 Slow"])
async def test_the_next_credential_serves(small: SmallGateway, status: str) -> None:
    await secrets(small, "second-secret")
    small.upstream.scripts = [turning_away(status, "upstream-secret")]
    for _ in range(2):
        assert (await small.call())[0] == 200
    await small.until_charged(2 * PRICE, rows=2)


async def test_each_is_tried_once(small: SmallGateway) -> None:
    await secrets(small, "second-secret")
    small.upstream.scripts = [turning_away("401 Who", "upstream-secret", "second-secret")]
    status, body, _ = await small.call()
    assert (status, body) == (401, b"no")
    assert len(small.upstream.seen) == 2
    await small.until_charged(0)


async def test_no_more_are_tried_than_the_settings_say(small: SmallGateway) -> None:
    more = [f"secret-{number}" for number in range(5)]
    await secrets(small, *more)
    small.upstream.scripts = [turning_away("403 No", "upstream-secret", *more)]
    assert (await small.call())[0] == 403
    assert len(small.upstream.seen) == 3


async def test_one_that_does_not_mint_gives_way(small: SmallGateway) -> None:
    await secrets(small, "unmintable")
    for _ in range(4):
        assert (await small.call())[0] == 200
