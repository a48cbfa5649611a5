from __future__ import annotations

import asyncio
import logging
import os
import secrets
from collections.abc import AsyncIterator
from types import SimpleNamespace
from urllib.parse import urlsplit

import limits.aio.storage.memory
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

import plugway.identity.limits
from plugway.errors import BadRequest, ConfigurationError, RateLimited
from plugway.identity.limits import REDIS_PAUSE, Limits, parse_rate
from plugway.identity.rules import check_rate
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio

REDIS = os.environ.get("PLUGWAY_TEST_REDIS", "redis://127.0.0.1:6379/0")
CANARY = "canary-5f4dcc3b"


@pytest.fixture
async def prefix() -> AsyncIterator[str]:
    """Give names of its own in Redis to a test, and remove them."""
    client = Redis.from_url(REDIS, socket_connect_timeout=1)
    try:
        await client.ping()
    except (RedisError, OSError) as error:
        await client.aclose()
        pytest.skip(f"no Redis at {urlsplit(REDIS).hostname}: {type(error).__name__}")
    prefix = f"plugway-test-{secrets.token_hex(6)}"
    yield prefix
    keys = [key async for key in client.scan_iter(match=f"{prefix}:*")]
    if keys:
        await client.delete(*keys)
    await client.aclose()


class Relay:
    """Stands between us and Redis, and can go away and come back at the same address."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        at = urlsplit(REDIS)
        up_reader, up_writer = await asyncio.open_connection(at.hostname, at.port or 6379)
        both = {writer, up_writer}
        self._writers |= both
        await asyncio.gather(
            _pump(reader, up_writer), _pump(up_reader, writer), return_exceptions=True
        )
        self._writers -= both


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


@pytest.fixture
async def relay(prefix: str) -> AsyncIterator[Relay]:
    relay = Relay()
    await relay.start()
    yield relay
    await relay.stop()


async def taken(limits: Limits, *rates: tuple[str, str], tries: int) -> int:
    """Return how many of the tries were let through."""
    count = 0
    for _ in range(tries):
        try:
            await limits.take(rates)
        except RateLimited:
            continue
        count += 1
    return count


def is_shared(limits: Limits) -> bool:
    """Ask anew each time, which a type checker does not expect of an attribute."""
    return limits.shared


# What a rate may be.


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("60/minute", [(60, 60)]),
        ("1/second", [(1, 1)]),
        ("5 per 2 hours", [(5, 7200)]),
        ("5/second;1000/day", [(5, 1), (1000, 86_400)]),
        ("1000000000/month", [(10**9, 2_592_000)]),
    ],
)
def test_rates(text: str, items: list[tuple[int, int]]) -> None:
    assert [(item.amount, item.get_expiry()) for item in parse_rate(text)] == items


@pytest.mark.parametrize(
    "text",
    ["", "60", "minute", "60/fortnight", "-1/minute", "0/minute", "1.5/minute", "1e3/minute",
     "60/0 minute x", "1000000001/minute", "1/99 years", "60/minute\n", "٦٠/minute",
     "1/minute;" * 20, "9" * 60 + "/day", "60/minute;", "NaN/minute"],
)  # fmt: skip
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        check_rate(text)
    assert caught.value.field == "rate"


# Counting in memory.


async def test_memory_admits_as_many_as_the_rate_says() -> None:
    limits = Limits(clock=ManualClock())
    assert await taken(limits, ("a", "5/day"), tries=8) == 5
    assert await taken(limits, ("b", "5/day"), tries=8) == 5
    assert not is_shared(limits)


async def test_parallel_calls_do_not_slip_through() -> None:
    limits = Limits(clock=ManualClock())
    results = await asyncio.gather(
        *(limits.take([("a", "20/day")]) for _ in range(200)), return_exceptions=True
    )
    assert sum(result is None for result in results) == 20
    assert all(result is None or isinstance(result, RateLimited) for result in results)


async def test_a_refusal_says_when_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_015.0
    wall = SimpleNamespace(time=lambda: now)
    for module in (limits.aio.storage.memory, limits.aio.strategies, plugway.identity.limits):
        monkeypatch.setattr(module, "time", wall)
    limited = Limits(clock=ManualClock())
    assert await taken(limited, ("a", "2/minute"), tries=3) == 2
    with pytest.raises(RateLimited) as caught:
        await limited.take([("a", "2/minute")])
    assert caught.value.message == "rate limit of 2 per minute reached"
    assert caught.value.status == 429
    wait = caught.value.retry_after
    assert wait is not None
    assert 1 <= wait <= 60
    now += wait + 1
    await limited.take([("a", "2/minute")])


async def test_a_call_that_one_rate_refuses_counts_for_none() -> None:
    limits = Limits(clock=ManualClock())
    both = [("key", "10/day"), ("user", "2/day")]
    assert await taken(limits, *both, tries=6) == 2
    # Of the key's ten, two are gone and not six.
    assert await taken(limits, ("key", "10/day"), tries=12) == 8


async def test_several_rates_in_one() -> None:
    limits = Limits(clock=ManualClock())
    assert await taken(limits, ("a", "100/day;3/hour"), tries=6) == 3


# Counting in Redis.


async def test_two_processes_count_together(prefix: str) -> None:
    one = Limits(REDIS, clock=ManualClock(), prefix=prefix)
    two = Limits(REDIS, clock=ManualClock(), prefix=prefix)
    try:
        assert one.shared
        assert await taken(one, ("a", "6/day"), tries=4) == 4
        assert await taken(two, ("a", "6/day"), tries=4) == 2
        assert await taken(two, ("b", "6/day"), tries=1) == 1
    finally:
        await one.close()
        await two.close()


async def test_more_calls_at_once_than_connections(prefix: str) -> None:
    limits = Limits(REDIS, clock=ManualClock(), prefix=prefix)
    try:
        results = await asyncio.gather(
            *(limits.take([("a", "50/day")]) for _ in range(200)), return_exceptions=True
        )
        assert sum(result is None for result in results) == 50
        assert is_shared(limits)
    finally:
        await limits.close()


async def test_redis_gone_means_counting_alone_and_saying_so_once(
    prefix: str, relay: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "plugway")
    clock = ManualClock()
    limits = Limits(f"redis://127.0.0.1:{relay.port}/0", clock=clock, prefix=prefix)
    try:
        assert await taken(limits, ("a", "5/day"), tries=3) == 3
        await relay.stop()
        # Not open: this process counts from nothing, and refuses as well.
        assert await taken(limits, ("a", "5/day"), tries=8) == 5
        assert not is_shared(limits)
        assert len(caplog.records) == 1
        assert "per process" in caplog.text

        # Redis is back, and nobody asks it before the pause is over.
        await relay.start()
        asked = relay.connections
        assert await taken(limits, ("b", "1/day"), tries=1) == 1
        assert relay.connections == asked
        clock.advance(REDIS_PAUSE)
        # The three of before are still known there.
        assert await taken(limits, ("a", "5/day"), tries=3) == 2
        assert is_shared(limits)
        assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
        assert "again" in caplog.records[1].getMessage()
    finally:
        await limits.close()


async def test_a_refusal_by_redis_after_an_outage_means_that_it_answers(
    prefix: str, relay: Relay
) -> None:
    clock = ManualClock()
    limits = Limits(f"redis://127.0.0.1:{relay.port}/0", clock=clock, prefix=prefix)
    try:
        assert await taken(limits, ("a", "1/day"), tries=1) == 1
        await relay.stop()
        assert await taken(limits, ("a", "1/day"), tries=1) == 1
        await relay.start()
        clock.advance(REDIS_PAUSE)
        assert await taken(limits, ("a", "1/day"), tries=1) == 0
        assert is_shared(limits)
    finally:
        await limits.close()


async def test_a_redis_that_is_silent_does_not_hold_up_calls(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugway.identity.limits, "REDIS_TIMEOUT", 0.05)
    accepted = 0

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal accepted
        accepted += 1
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    limits = Limits(f"redis://:{CANARY}@127.0.0.1:{port}/0", clock=ManualClock())
    async with server:
        async with asyncio.timeout(5):
            assert await taken(limits, ("a", "5/day"), tries=20) == 5
        await limits.close()
    assert 1 <= accepted <= 2
    assert len(caplog.records) == 1
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    "url", [f"http://:{CANARY}@x", f"redis://:{CANARY}@host:port", f"redis://x/0?socket_timeout={CANARY}"]
)  # fmt: skip
def test_a_bad_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"redis\.url") as caught:
        Limits(url, clock=ManualClock())
    assert CANARY not in caught.value.message
    assert caught.value.__suppress_context__


def test_a_url_without_port_is_fine() -> None:
    assert Limits("redis://localhost", clock=ManualClock()).shared


def test_nothing_shows_the_password() -> None:
    limits = Limits(f"redis://user:{CANARY}@localhost", clock=ManualClock())
    assert CANARY not in repr(limits)
