"""Several serving processes on one database: they agree, and none of them cuts a call short."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import nodes
import pytest
from back_office import Caller
from nodes import Node

from plugway.storage.url import Dialect
from plugway.testing.databases import DIALECTS, available, fresh_database
from plugway.testing.scripted import ScriptedUpstream, Seen

pytestmark = pytest.mark.anyio

PRICE = 1000

#: Seconds in which what one node changes is in force on the other.
SOON = 2.5


class Stream:
    """Answers in two parts, the second when told; what does not ask for a stream, at once."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.rest = asyncio.Event()

    async def __call__(
        self, seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Be the script."""
        if "/stream" not in seen.line:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
            return
        head = b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n5\r\nfirst\r\n")
        await writer.drain()
        self.began.set()
        await self.rest.wait()
        writer.write(b"4\r\nlast\r\n0\r\n\r\n")
        await writer.drain()


class Pair:
    """Is two nodes with homes of their own, one vault key and one database."""

    def __init__(self, client: aiohttp.ClientSession, one: Node, two: Node) -> None:
        self.client = client
        self.one = one
        self.two = two
        self.upstream = ScriptedUpstream()
        self.stream = Stream()
        self.upstream.scripts = [self.stream]

    async def on_two(self, caller: Caller) -> int:
        """Ask the second node for a job's state, which is free, and return the status."""
        return (await self.two.caller(caller.key).call("GET", "/runway/x")).status

    async def balance(self, user: str = "alice") -> tuple[int, int]:
        """Return what a user has, and what is held of it."""
        told = (await self.one.admin.get(f"/users/{user}")).json
        return told["balance"], told["held"]


@pytest.fixture(scope="module", params=DIALECTS)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give an empty database of each kind."""
    dialect: Dialect = request.param
    if reason := available(dialect):
        pytest.skip(reason)
    with fresh_database(dialect, migrated=False) as url:
        yield url


@pytest.fixture(scope="module")
async def pair(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Pair, Caller]]:
    """Run them, once for all tests on a database."""
    folder = tmp_path_factory.mktemp("nodes")
    environ = {"SQL_DSN": database_url, "PLUGWAY__SERVER__DRAIN_SECONDS": "1"}
    one = Node(folder / "one", environ)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(nodes.client())
        key = await asyncio.to_thread(one.init)
        vault_key = (folder / "one" / "vault.key").read_text().strip()
        two = Node(folder / "two", {**environ, "PLUGWAY_VAULT_KEY": vault_key})
        assert await asyncio.to_thread(two.init) == "", "there is an administrator already"
        pair = Pair(client, one, two)
        for node in (one, two):
            stack.callback(node.close)
        await asyncio.gather(one.start(client, key), two.start(client, key))
        base_url = await pair.upstream.start()
        stack.push_async_callback(pair.upstream.stop)
        yield pair, await one.furnish(base_url, credits_=100 * PRICE)
        assert await one.stop() == 0
        verified = await asyncio.to_thread(one.process.plugway, "ledger", "verify", check=False)
        assert verified.returncode == 0, verified.stdout


async def test_what_one_changes_the_other_follows(pair: tuple[Pair, Caller]) -> None:
    both, alice = pair
    admin = both.one.admin

    async def soon(status: int) -> None:
        async def holds() -> bool:
            return await both.on_two(alice) == status

        await nodes.until(holds, SOON)

    (key,) = (await admin.get("/keys", user="alice")).json["items"]
    await soon(200)
    one_key, channel = f"/keys/{key['id']}", "/channels/main"
    for changes, status in (
        ([(one_key, {"enabled": False})], 401),
        ([(one_key, {"enabled": True}), (channel, {"models": ["suno"]})], 503),
        ([(channel, {"models": ["runway"], "settings": {"poll_quota": 10**9}})], 402),
        ([(channel, {"settings": {"poll_quota": 0}})], 200),
    ):
        for path, change in changes:
            assert (await admin.patch(path, change)).status == 200
        await soon(status)
    # The vault's key is one: what the first sealed, the second opens.
    sent = both.upstream.seen[-1]
    assert sent.header("authorization") == "Bearer upstream-secret"


async def test_parallel_calls_over_both_are_admitted_as_far_as_the_credits_go(
    pair: tuple[Pair, Caller],
) -> None:
    both, _ = pair
    admin, admitted, calls = both.one.admin, 7, 40
    await admin.post("/users", {"name": "bob"})
    credits_ = admitted * PRICE + PRICE - 1
    await admin.post("/users/bob/credit", {"credits": credits_, "reason": "test"})
    key = (await admin.post("/keys", {"user": "bob", "name": "main"})).json["key"]
    bobs = [both.one.caller(key), both.two.caller(key)]
    await nodes.until(lambda: _has_status(bobs[1], "/api/me", 200), SOON)
    answers = await asyncio.gather(
        *(bobs[number % 2].call("POST", "/runway/x") for number in range(calls))
    )
    statuses = [answer.status for answer in answers]
    assert (statuses.count(200), statuses.count(402)) == (admitted, calls - admitted)
    assert await both.balance("bob") == (PRICE - 1, 0)


async def test_the_end_of_one_cuts_no_stream_and_goes_unnoticed(
    pair: tuple[Pair, Caller],
) -> None:
    both, alice = pair
    before, _ = await both.balance()
    leaving = both.two.caller(alice.key)
    # A key that was made a moment ago is news to other nodes.
    await nodes.until(lambda: _has_status(leaving, "/api/me", 200))
    url = both.two.process.url
    headers = {"authorization": f"Bearer {alice.key}"}
    async with both.client.post(f"{url}/runway/stream", headers=headers) as response:
        assert await response.content.readany() == b"first"
        assert await both.balance() == (before, PRICE)
        both.two.process.process.send_signal(signal.SIGTERM)
        # First nobody is sent here any more; who comes all the same is served.
        await nodes.until(lambda: _has_status(leaving, "/readyz", 503))
        assert (await leaving.call("GET", "/health")).status == 200
        assert (await leaving.call("POST", "/runway/x")).status == 200
        # Then nobody gets in, and the stream goes on.
        await nodes.until(lambda: _refuses(url))
        assert both.two.process.process.poll() is None
        both.stream.rest.set()
        assert await response.content.read() == b"last"
    # It was told already: a second word could meet it when it has no ears any more.
    assert await asyncio.to_thread(both.two.process.process.wait, 60) == 0
    assert await both.two.stop() == 0
    assert (await alice.call("POST", "/runway/x")).status == 200
    assert await both.balance() == (before - 3 * PRICE, 0)


async def test_workers_share_a_socket_and_the_credits(tmp_path: Path) -> None:
    node, upstream, stream = Node(tmp_path / "home"), ScriptedUpstream(), Stream()
    upstream.scripts = [stream]
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(nodes.client())
        stack.callback(node.close)
        key = await asyncio.to_thread(node.init)
        base_url = await upstream.start()
        stack.push_async_callback(upstream.stop)
        await node.start(client, key)
        alice = await node.furnish(base_url, credits_=6 * PRICE - 1)
        assert await node.stop() == 0
        await node.start(client, key, "--workers", "2")
        pids = _children(node.process.process.pid)
        assert len(pids) == 2
        alice = node.caller(alice.key)
        url, headers = node.process.url, {"authorization": f"Bearer {alice.key}"}
        async with client.post(f"{url}/runway/stream", headers=headers) as response:
            assert await response.content.readany() == b"first"
            statuses = [
                answer.status
                for answer in await asyncio.gather(
                    *(alice.call("POST", "/runway/x") for _ in range(30))
                )
            ]
            assert (statuses.count(200), statuses.count(402)) == (4, 26)
            node.process.process.send_signal(signal.SIGTERM)
            await nodes.until(lambda: _refuses(url))
            stream.rest.set()
            assert await response.content.read() == b"last"
        assert await node.stop() == 0
        assert not any(_runs(pid) for pid in pids)
        (found,) = (u for u in node.process.json("users", "list") if u["name"] == "alice")
        assert (found["balance"], found["held"]) == (PRICE - 1, 0)
        verified = node.process.plugway("ledger", "verify", check=False)
        assert verified.returncode == 0, verified.stdout


async def _has_status(caller: Caller, path: str, status: int) -> bool:
    return (await caller.call("GET", path)).status == status


async def _refuses(url: str) -> bool:
    host, _, port = url.removeprefix("http://").partition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except ConnectionRefusedError:
        return True
    writer.close()
    return False


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
