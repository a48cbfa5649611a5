"""SIGKILL in mid-load: what clients saw complete is charged once, and nothing is lost.

Each round starts a real serving process on a real database, drives it with concurrent calls
to an upstream with faults, kills it at a random moment, and starts it again. In the end
`plugway ledger verify` must hold, and so must the client's own record against the ledger's.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest

from plugway.testing.databases import DIALECTS, available, fresh_database
from plugway.testing.process import GatewayProcess
from plugway.testing.scripted import ScriptedUpstream, Seen, answer

pytestmark = pytest.mark.anyio

PRICE = 1000
CREDITS = 10**9
ROUNDS = int(os.environ.get("PLUGWAY_KILL_ROUNDS", "2"))
SEED = int(os.environ.get("PLUGWAY_KILL_SEED", "20"))
CLIENTS = 8
HOLD_SECONDS = 3


class Record:
    """Is what the clients and the upstream know, by the call's own mark."""

    def __init__(self) -> None:
        self.complete: set[str] = set()
        self.failed: set[str] = set()
        self.lost: set[str] = set()
        self.accepted: set[str] = set()


@pytest.fixture(params=DIALECTS)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give an empty database of each kind."""
    reason = available(request.param)
    if reason is not None:
        pytest.skip(reason)
    with fresh_database(request.param, migrated=False) as url:
        yield url


async def test_kill_in_mid_load(tmp_path: Path, database_url: str) -> None:
    chance = random.Random(SEED)  # noqa: S311  # a test that can be repeated
    record = Record()
    upstream = ScriptedUpstream()
    upstream.scripts = [_faulty(chance, record)]
    base_url = await upstream.start()
    environ = {
        "PLUGWAY__DATABASE__URL": database_url,
        "PLUGWAY__LEDGER__HOLD_SECONDS": str(HOLD_SECONDS),
        "PLUGWAY__SERVER__REQUEST_TIMEOUT": "2",
        "PLUGWAY__LOG__LEVEL": "error",
        "PLUGWAY__PLUGINS__ALLOW": "bltcy",
    }
    gateway = GatewayProcess(tmp_path / "home", environ)
    key = await asyncio.to_thread(gateway.prepare, base_url, credits_=CREDITS)
    for _ in range(ROUNDS):
        await asyncio.to_thread(gateway.start)
        stop = asyncio.Event()
        clients = [
            asyncio.create_task(_client(gateway.url, key, record, stop)) for _ in range(CLIENTS)
        ]
        await asyncio.sleep(chance.uniform(0.2, 0.8))
        await asyncio.to_thread(gateway.kill)
        stop.set()
        await asyncio.gather(*clients)
    assert record.complete, "the load never got through"
    # The sweeper looks when a process starts, and the orphans must be old enough by then:
    # they are judged by the clock of a real process.
    await asyncio.sleep(HOLD_SECONDS)
    await asyncio.to_thread(gateway.start)
    async with asyncio.timeout(30):
        while (await asyncio.to_thread(_alice, gateway))["held"]:
            await asyncio.sleep(0.2)
    assert await asyncio.to_thread(gateway.stop) == 0
    await upstream.stop()

    verified = gateway.plugway("ledger", "verify", check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    charged: dict[str, int] = {}
    for row in gateway.json("usage", "--limit", "1000000"):
        charged[row["request_id"]] = charged.get(row["request_id"], 0) + row["credits"]
    assert all(credits_ in (0, PRICE) for credits_ in charged.values()), "charged twice"
    paid = {mark for mark, credits_ in charged.items() if credits_}
    assert record.complete <= paid, "a complete answer was not charged"
    assert not record.failed & paid, "a failure was charged"
    assert paid <= record.accepted, "a call that the upstream never accepted was charged"
    # Beyond what was complete, only calls that the kill cut may have been charged.
    assert paid - record.complete <= record.lost
    assert CREDITS - _alice(gateway)["balance"] == PRICE * len(paid)


def _alice(gateway: GatewayProcess) -> dict[str, int]:
    users: list[dict[str, int]] = gateway.json("users", "list")
    return next(user for user in users if user["name"] == "alice")  # type: ignore[comparison-overlap]  # names are text


def _faulty(chance: random.Random, record: Record):  # type: ignore[no-untyped-def]  # a script
    async def script(
        seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        mark = seen.body.decode()
        fate = chance.random()
        if fate < 0.1:
            await answer("500 Oops")(seen, reader, writer)
            return
        if fate < 0.15:
            raise ConnectionResetError
        await asyncio.sleep(chance.uniform(0, 0.02))
        record.accepted.add(mark)
        await answer("200 OK", mark.encode() * 20)(seen, reader, writer)

    return script


async def _client(url: str, key: str, record: Record, stop: asyncio.Event) -> None:
    headers = {"authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        while not stop.is_set():
            mark = uuid4().hex
            try:
                async with session.post(
                    f"{url}/runway/v1/x", data=mark, headers={"x-request-id": mark}
                ) as response:
                    body = await response.read()
            except aiohttp.ClientError:
                record.lost.add(mark)
                await asyncio.sleep(0.01)
                continue
            if response.status == 200:
                assert body == mark.encode() * 20
                record.complete.add(mark)
            else:
                record.failed.add(mark)
