"""Flow on two serving processes with one database: shared accounts, shared tasks, kill -9."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import nodes
import pytest
from back_office import Caller
from flow_system import CREDITS, VIDEO, price
from nodes import Node

from plugway.testing.databases import available, fresh_database
from plugway_flow.emulated.films import lasts
from plugway_flow.emulator import FlowEmulator
from plugway_flow.models import families

pytestmark = pytest.mark.anyio

ACCOUNTS = ("first", "second", "third")

SHIP = {"model": VIDEO, "prompt": "a ship"}

#: Seconds that a submit may take; twice that after a kill, nobody can be busy with it any more.
TOTAL_TIMEOUT = 3

#: Seconds after which a video will not end any more.
LATE = 45.0

ENVIRON = {
    "PLUGWAY__TASKS__LEASE_SECONDS": "10",
    "PLUGWAY__TASKS__FIND_SECONDS": "1",
    "PLUGWAY__LOG__LEVEL": "error",
}


class Pair:
    """Is two nodes with homes of their own, one vault key, one database, one folder of media.

    Attributes:
        nodes: The nodes.
        emulator: The upstream of both.
        key: The user's.
    """

    key: str

    def __init__(
        self,
        one: Node,
        two: Node,
        emulator: FlowEmulator,
        client: aiohttp.ClientSession,
        admin: str,
    ) -> None:
        self.nodes = (one, two)
        self.emulator = emulator
        self._client = client
        self._admin = admin

    async def start(self) -> None:
        """Serve on both."""
        await asyncio.gather(*(node.start(self._client, self._admin) for node in self.nodes))

    async def furnish(self) -> None:
        """Add the channel and the user, and wait until both nodes know them."""
        settings = {
            "concurrent_videos": 1,
            "poll_first": 0.1,
            "poll_seconds": 0.1,
            "total_timeout": TOTAL_TIMEOUT,
            "wait": 20,
        }
        for path, body in (
            (
                "/channels",
                {
                    "provider": "flow",
                    "name": "main",
                    "base_url": self.emulator.url,
                    "secrets": self.emulator.secrets,
                    "models": sorted(families()),
                    "settings": settings,
                },
            ),
            ("/users", {"name": "alice"}),
            ("/users/alice/credit", {"credits": CREDITS, "reason": "test"}),
            ("/keys", {"user": "alice", "name": "main"}),
        ):
            answer = await self.nodes[0].admin.post(path, body)
            assert answer.status in (200, 201), answer.text
        self.key = answer.json["key"]
        for caller in self.callers():
            await nodes.until(partial(_sees_models, caller))

    def callers(self) -> list[Caller]:
        """Return a caller of each node, with the user's key."""
        return [node.caller(self.key) for node in self.nodes]

    async def spent(self) -> tuple[int, int]:
        """Return what was charged, and what is held."""
        told = (await self.nodes[0].admin.get("/users/alice")).json
        return CREDITS - told["balance"], told["held"]

    async def content(self, node: Node, name: str) -> bytes:
        """Fetch a video from a node."""
        url = f"{node.process.url}/v1/videos/{name}/content"
        headers = {"authorization": f"Bearer {self.key}"}
        async with self._client.get(url, headers=headers) as answer:
            assert (answer.status, answer.content_type) == (200, "video/mp4")
            return await answer.read()

    async def ended(self, caller: Caller, name: str) -> Any:
        """Wait until a video has ended, and return it."""

        async def look() -> Any:
            answer = await caller.call("GET", f"/v1/videos/{name}")
            assert answer.status == 200, answer.text
            return answer.json if answer.json["status"] in ("completed", "failed") else None

        return await nodes.until(look, LATE)


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    """Give an empty database."""
    if reason := available("postgres"):
        pytest.skip(reason)
    with fresh_database("postgres", migrated=False) as url:
        yield url


@pytest.fixture(scope="module")
async def pair(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    """Run them, once for all tests."""
    folder: Path = tmp_path_factory.mktemp("flow")
    environ = {
        **ENVIRON,
        "PLUGWAY__DATABASE__URL": database_url,
        "PLUGWAY__MEDIA__FOLDER": str(folder / "media"),
    }
    one = Node(folder / "one", environ)
    async with AsyncExitStack() as stack:
        emulator = FlowEmulator(accounts=ACCOUNTS, looks=1)
        await emulator.start()
        stack.push_async_callback(emulator.stop)
        stack.callback(emulator.release)
        client = await stack.enter_async_context(nodes.client())
        key = await asyncio.to_thread(one.init)
        vault_key = (folder / "one" / "vault.key").read_text().strip()
        two = Node(folder / "two", {**environ, "PLUGWAY_VAULT_KEY": vault_key})
        assert await asyncio.to_thread(two.init) == ""
        for node in (one, two):
            stack.callback(node.close)
        pair = Pair(one, two, emulator, client, key)
        await pair.start()
        await pair.furnish()
        yield pair
        for node in pair.nodes:
            assert await node.stop() == 0
        verified = await asyncio.to_thread(one.process.plugway, "ledger", "verify", check=False)
        assert verified.returncode == 0, verified.stdout


async def test_what_accounts_may_have_is_shared_and_either_node_knows_all_videos(
    pair: Pair,
) -> None:
    one, two = pair.callers()
    answers = await asyncio.gather(
        *(caller.call("POST", "/v1/videos", SHIP) for caller in (one, two) for _ in range(3))
    )
    assert [answer.status for answer in answers] == [200] * 6
    names = [answer.json["id"] for answer in answers]
    # Each node is asked for what the other one began.
    for name, other in zip(names, (two, two, two, one, one, one), strict=True):
        assert (await pair.ended(other, name))["status"] == "completed"
    most = {account: pair.emulator.truth.most_jobs(account) for account in ACCOUNTS}
    assert most == dict.fromkeys(ACCOUNTS, 1)
    for caller, node in zip((one, two), pair.nodes, strict=True):
        listed = (await caller.call("GET", "/v1/videos")).json["data"]
        assert {video["id"] for video in listed} == {*names}
        contents = [await pair.content(node, name) for name in names]
        assert {lasts(content) for content in contents} == {8.0}
    assert len(pair.emulator.truth.of("submit")) == 6
    assert await pair.spent() == (6 * price(VIDEO, 8), 0)


async def test_a_kill_loses_no_video_and_nothing_is_asked_for_twice(pair: Pair) -> None:
    (charged, _), (one, two) = await pair.spent(), pair.callers()
    emulator, truth = pair.emulator, pair.emulator.truth
    before = {video["id"] for video in (await one.call("GET", "/v1/videos")).json["data"]}
    truth.clear()
    emulator.hold()
    taken = await one.call("POST", "/v1/videos", SHIP)
    assert taken.status == 200, taken.text
    # Of the other one nobody will know whether the upstream took it.
    emulator.mishap("slow", call="submit", seconds=0)
    lost = asyncio.create_task(two.call("POST", "/v1/videos", SHIP))
    await nodes.until(partial(_submits, emulator, 2))
    assert await pair.spent() == (charged, 2 * price(VIDEO, 8))
    for node in pair.nodes:
        await asyncio.to_thread(node.process.kill)
    with pytest.raises(aiohttp.ClientError):
        await lost
    emulator.release()
    emulator.let_go()
    await pair.start()
    one, two = pair.callers()
    name = taken.json["id"]
    assert (await pair.ended(two, name))["status"] == "completed"
    assert lasts(await pair.content(pair.nodes[0], name)) == 8.0
    listed = (await one.call("GET", "/v1/videos")).json["data"]
    (other,) = {video["id"] for video in listed} - before - {name}
    failed = await pair.ended(one, other)
    assert failed["status"] == "failed"
    assert failed["error"]["message"]
    assert len(truth.of("submit")) == 2
    assert await pair.spent() == (charged + price(VIDEO, 8), 0)


async def _sees_models(caller: Caller) -> bool:
    answer = await caller.call("GET", "/v1/models")
    return answer.status == 200 and any(one["id"] == VIDEO for one in answer.json["data"])


async def _submits(emulator: FlowEmulator, count: int) -> bool:
    return len(emulator.truth.of("submit")) == count
