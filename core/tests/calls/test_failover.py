"""Another channel is asked only where the first cannot have acted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from small import PRICE, SmallGateway

from plugway.channels import store
from plugway.channels.store import ChannelDraft
from plugway.storage.models import CredentialRow
from plugway.testing.scripted import ScriptedUpstream, Seen, answer, ok

pytestmark = pytest.mark.anyio


@pytest.fixture
async def second(small: SmallGateway) -> AsyncIterator[ScriptedUpstream]:
    """Add a channel that is asked first, in front of the usual one."""
    upstream = ScriptedUpstream()
    base_url = await upstream.start()
    await small.server.channel(
        "small", base_url, name="first", models=["one"], priority=9, secrets=["other"]
    )
    yield upstream
    await upstream.stop()


async def test_a_connection_never_made_goes_to_the_next(
    small: SmallGateway, second: ScriptedUpstream
) -> None:
    await second.stop()
    status, *_ = await small.call(data=b"kept")
    assert status == 200
    assert small.upstream.seen[0].body == b"kept"
    await small.until_charged(PRICE)


@pytest.mark.parametrize("refusal", ["401 No", "403 No", "429 Slow", "503 Busy"])
async def test_a_refusal_goes_to_the_next(
    small: SmallGateway, second: ScriptedUpstream, refusal: str
) -> None:
    second.scripts = [answer(refusal)]
    status, *_ = await small.call(data=b"kept")
    assert status == 200
    assert second.seen[0].body == small.upstream.seen[0].body == b"kept"
    assert second.seen[0].header("authorization") == "Bearer other"
    await small.until_charged(PRICE)


async def test_a_grant_that_cannot_be_minted_goes_to_the_next(small: SmallGateway) -> None:
    await small.server.channel(
        "small",
        f"http://127.0.0.1:{small.upstream.port}",
        name="signed-out",
        models=["one"],
        priority=9,
        secrets=["unmintable"],
    )
    for _ in range(4):
        status, *_ = await small.call(data=b"kept")
        assert status == 200
    assert len(small.upstream.seen) == 4
    await small.until_charged(4 * PRICE, rows=4)
    gateway = small.server.gateway
    signed_out = next(one for one in gateway.channels.all() if one.name == "signed-out")
    assert [one.state for one in gateway.credentials.all(signed_out.id)] == ["expired"]
    assert gateway.channels.breaker(signed_out).state(0) == "closed"


@pytest.mark.parametrize("status", ["400 No", "404 No", "500 Oops", "502 Bad", "504 Late"])
async def test_any_other_answer_stands(
    small: SmallGateway, second: ScriptedUpstream, status: str
) -> None:
    second.scripts = [answer(status)]
    seen, *_ = await small.call()
    assert seen == int(status[:3])
    assert small.upstream.seen == []
    await small.until_charged(0)


async def test_when_all_refuse_the_client_sees_a_refusal(
    small: SmallGateway, second: ScriptedUpstream
) -> None:
    second.scripts = [answer("503 Busy", b"one")]
    small.upstream.scripts = [answer("429 Slow", b"two", "Retry-After: 7")]
    status, body, headers = await small.call()
    assert (status, body, headers["retry-after"]) == (429, b"two", "7")
    await small.until_charged(0)


async def test_a_streamed_body_is_sent_once(small: SmallGateway, second: ScriptedUpstream) -> None:
    second.scripts = [answer("503 Busy", b"busy")]

    async def body() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield bytes(65_536)

    status, got, _ = await small.call(data=body())
    assert (status, got) == (503, b"busy")
    assert small.upstream.seen == []
    await small.until_charged(0)


async def test_a_resting_credential_is_not_asked_again(small: SmallGateway) -> None:
    small.upstream.scripts = [answer("429 Slow", b"slow", "Retry-After: 60"), ok]
    assert (await small.call())[0] == 429
    status, body, headers = await small.call()
    assert status == 429
    assert b"quota_exhausted" in body
    assert 50 <= int(headers["retry-after"]) <= 60
    assert len(small.upstream.seen) == 1
    await small.until_charged(0)


async def test_a_refused_credential_expires_and_another_serves(small: SmallGateway) -> None:
    await small.server.channel(
        "small",
        f"http://127.0.0.1:{small.upstream.port}",
        name="two-secrets",
        models=["one"],
        priority=5,
        secrets=["dead", "alive"],
    )

    async def by_key(
        seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        good = seen.header("authorization") != "Bearer dead"
        await (ok if good else answer("401 No"))(seen, reader, writer)

    small.upstream.scripts = [by_key]
    for _ in range(12):
        assert (await small.call(path="/free/x"))[0] == 200
    asked = [one.header("authorization") for one in small.upstream.seen]
    assert asked.count("Bearer dead") == 3
    async with asyncio.timeout(5):
        while True:
            rows = await small.server.gateway.database.run(_states)
            if rows.get("expired"):
                break
            await asyncio.sleep(0.01)


async def _states() -> dict[str, int]:
    states: dict[str, int] = {}
    for row in await CredentialRow.all():
        states[row.state] = states.get(row.state, 0) + 1
    return states


async def test_the_breaker_opens_and_one_call_finds_out(small: SmallGateway) -> None:
    small.upstream.scripts = [answer("502 Bad")]
    for _ in range(5):
        assert (await small.call())[0] == 502
    status, body, headers = await small.call()
    assert status == 503
    assert b"no_available_channel" in body
    assert int(headers["retry-after"]) >= 1
    assert len(small.upstream.seen) == 5
    small.upstream.scripts = [ok]
    channels = small.server.gateway.channels
    # The pause is over: as if thirty seconds had gone by.
    channels.breaker(channels.all()[0])._until = 0.0  # noqa: SLF001  # the clock is the machine's
    assert (await small.call())[0] == 200
    assert (await small.call())[0] == 200
    await small.until_charged(2 * PRICE, rows=7)


async def test_weights_share_calls_among_equals(small: SmallGateway) -> None:
    other = ScriptedUpstream()
    await small.server.channel(
        "small", await other.start(), name="heavy", models=["one"], weight=9, secrets=["x"]
    )
    for _ in range(100):
        await small.call("/free/x")
    assert 70 <= len(other.seen) <= 99
    await other.stop()


async def test_a_channel_of_a_group_serves_that_group_only(small: SmallGateway) -> None:
    gateway = small.server.gateway
    await store.change(
        gateway.database,
        gateway.vault,
        gateway.registry.providers,
        "main",
        ChannelDraft(group="vip"),
        gateway.clock,
    )
    await gateway.snapshots.refresh()
    status, body, _ = await small.call()
    assert status == 503
    assert b"no available channel" in body
