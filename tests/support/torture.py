"""Tortures two nodes on one database with Kling tasks, and compares everybody's word in the end.

A round starts the nodes that are down, and lets clients submit, query and list tasks on both
while the upstream's callbacks come signed, repeated, out of order, forged or not at all, and
while its answers are lost, broken or late. At a random moment one node or both are killed with
SIGKILL. After the last round everything is let come to rest, and four records are compared:
the clients', the upstream's, the tasks' and the ledger's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack, ExitStack, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
from testimony import Witness, compare_clients, compare_ledger, compare_upstream

from plugway.storage.database import Database
from plugway.storage.models import Account, Hold, TaskRow, UsageRow
from plugway.testing.databases import fresh_database
from plugway.testing.process import GatewayProcess
from plugway_kling.emulator import KlingEmulator

CREDITS = 10**15
CLIENTS = 8

#: Seconds in which everything must have come to rest after the last round.
REST = 150.0

#: Open tasks that a client keeps asking for.
LOOKED_AT = 30

WEBHOOK_SECRET = "whsec_dG9ydHVyZSB0b3J0dXJlIHRvcnR1cmUgdG9ydHVyZQ=="

SETTINGS = {
    "PLUGWAY__LOG__LEVEL": "error",
    "PLUGWAY__PLUGINS__ALLOW": "kling",
    "PLUGWAY__TASKS__FIND_SECONDS": "3",
    "PLUGWAY__TASKS__FRESH_SECONDS": "0.2",
    "PLUGWAY__TASKS__LEASE_SECONDS": "10",
}

#: What the upstream does wrong, as shares of what it is asked. Each of these answers to a submit
#: leaves open whether the task was made.
CREATES = {
    "lost_after": 0.08,
    "lost_before": 0.04,
    "error": 0.04,
    "error_after": 0.06,
    "malformed": 0.03,
    "page": 0.02,
    "slow": 0.05,
}
QUERIES = {"error": 0.05, "lost_before": 0.03, "malformed": 0.03, "odd": 0.02, "strings": 0.1}
CALLBACKS = {"lost": 0.2, "repeated": 0.2, "delayed": 0.2, "forged": 0.1}

SUBMITS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("videos/text2video", {"model_name": "kling-v1", "mode": "std", "duration": "5"}),
    ("videos/text2video", {"model_name": "kling-v1-6", "mode": "pro", "duration": "10"}),
    ("videos/image2video", {"model_name": "kling-v1", "image": "https://example.com/a.png"}),
    ("images/generations", {"model_name": "kling-v1", "n": 2}),
)


class Torture:
    """Is one run."""

    def __init__(self, folder: Path, database_url: str, *, seed: int, rounds: int) -> None:
        """Prepare.

        Args:
            folder: For the nodes' homes and logs.
            database_url: An empty database.
            seed: Of when what is killed, and of what goes wrong.
            rounds: How many times.
        """
        self.folder = folder
        self.database_url = database_url
        self.seed = seed
        self.rounds = rounds
        self.chance = random.Random(seed)  # noqa: S311  # a test that can be repeated
        self.witness = Witness()
        self.kills = 0
        self.counts: Counter[str] = Counter()
        self.emulator = KlingEmulator(
            accounts=["one", "two"],
            seconds=0.8,
            automatic=True,
            repeat=2,
            order="shuffled",
            unique_external_ids=True,
            chaos={
                "seed": seed,
                "creates": CREATES,
                "queries": QUERIES,
                "callbacks": CALLBACKS,
                "fail": 0.2,
                "codes": [5000, 5002],
            },
        )
        self._nodes: list[GatewayProcess] = []
        self._ports = [_free_port(), _free_port()]
        self._up = [False, False]
        self._key = ""

    async def run(self) -> dict[str, Any]:
        """Torture, then compare.

        Returns:
            What was done, and `mismatches`: a sentence for each.
        """
        began = time.monotonic()
        async with AsyncExitStack() as stack:
            base_url = await self.emulator.start()
            stack.push_async_callback(self.emulator.stop)
            await asyncio.to_thread(self._prepare, base_url)
            stack.push_async_callback(self._stop)
            session = await stack.enter_async_context(_session(self._key))
            for number in range(4 * self.rounds):
                # On a machine that is slow just now, little happens in a round.
                if number >= self.rounds and self.witness.lost and len(self.witness.accepted) > 30:
                    break
                await self._round(session)
            await self._rest(session)
            codes = [await asyncio.to_thread(node.stop) for node in self._nodes]
            mismatches = [f"a node exited with {code}" for code in codes if code]
            mismatches += await self._compare()
        return {
            "seed": self.seed,
            "rounds": self.rounds,
            "kills": self.kills,
            "seconds": round(time.monotonic() - began),
            "accepted": len(self.witness.accepted),
            "refused": len(self.witness.refused),
            "lost": len(self.witness.lost),
            "seen_to_succeed": len(self.witness.succeeded),
            "seen_to_fail": len(self.witness.failed),
            "tasks": dict(sorted(self.counts.items())),
            "mismatches": mismatches,
        }

    def _prepare(self, base_url: str) -> None:
        environ = {
            **SETTINGS,
            "SQL_DSN": self.database_url,
            "SERVER_ADDRESS": f"http://127.0.0.1:{self._ports[0]}",
        }
        one = GatewayProcess(self.folder / "one", environ, log=self.folder / "one.log")
        one.plugway("init")
        vault_key = (self.folder / "one" / "vault.key").read_text().strip()
        environ["PLUGWAY_VAULT_KEY"] = vault_key
        two = GatewayProcess(self.folder / "two", environ, log=self.folder / "two.log")
        two.plugway("init")
        self._nodes = [one, two]
        secrets = [f"--secret={account.secret}" for account in self.emulator.accounts]
        models = sorted({f"--model={body['model_name']}" for _, body in SUBMITS})
        one.plugway(
            *("channels", "add", "--provider", "kling", "--name", "main"),
            *("--base-url", base_url, *secrets, *models),
            *("--set", "total_timeout=2", "--set", f"webhook_secret={WEBHOOK_SECRET}"),
        )
        one.plugway("users", "add", "alice")
        one.plugway("credit", "alice", str(CREDITS), "--reason", "test")
        self._key = one.json("keys", "add", "alice", "--name", "main")["key"]

    async def _round(self, session: aiohttp.ClientSession) -> None:
        await self._start()
        stop = asyncio.Event()
        clients = [asyncio.create_task(self._client(session, stop)) for _ in range(CLIENTS)]
        await asyncio.sleep(self.chance.uniform(0.3, 1.2))
        victims = self.chance.choice(([0], [1], [0], [1], [0, 1], []))
        for number in victims:
            self._up[number] = False
            self.kills += 1
            await asyncio.to_thread(self._nodes[number].kill)
        if len(victims) == 1:
            # The other one goes on alone for a while.
            await asyncio.sleep(self.chance.uniform(0.1, 0.4))
        stop.set()
        await asyncio.gather(*clients)

    async def _start(self) -> None:
        async def start(number: int) -> None:
            if not self._up[number]:
                port = str(self._ports[number])
                await asyncio.to_thread(self._nodes[number].start, "--port", port)
                self._up[number] = True

        await asyncio.gather(start(0), start(1))

    async def _client(self, session: aiohttp.ClientSession, stop: asyncio.Event) -> None:
        chance = random.Random(self.chance.random())  # noqa: S311  # as above
        while not stop.is_set():
            if chance.random() < 0.4:
                await self._submit(session, chance)
            elif self.witness.open():
                await self._query(session, chance)
            if chance.random() < 0.05:
                await self._forge(session, chance)
            await asyncio.sleep(chance.uniform(0, 0.02))

    async def _submit(self, session: aiohttp.ClientSession, chance: random.Random) -> None:
        mark = uuid4().hex
        path, body = chance.choice(SUBMITS)
        body = {**body, "prompt": mark}
        if chance.random() < 0.7:
            body["external_task_id"] = f"mine-{mark}"
        url = f"{self._url(chance)}/kling/v1/{path}"
        try:
            async with session.post(url, json=body) as response:
                told = await response.json()
        except (aiohttp.ClientError, TimeoutError):
            self.witness.lost.add(mark)
            await asyncio.sleep(0.02)
            return
        if told["code"] == 0:
            self.witness.accepted[mark] = (path, told["data"]["task_id"])
        else:
            self.witness.refused[mark] = f"{told['code']} {told['message']}"

    async def _query(self, session: aiohttp.ClientSession, chance: random.Random) -> None:
        mark = chance.choice(self.witness.open()[-LOOKED_AT:])
        await self._ask(session, mark, chance)

    async def _ask(self, session: aiohttp.ClientSession, mark: str, chance: random.Random) -> None:
        path, task_id = self.witness.accepted[mark]
        url = f"{self._url(chance)}/kling/v1/{path}/{task_id}"
        try:
            async with session.get(url) as response:
                told = await response.json()
        except (aiohttp.ClientError, TimeoutError):
            await asyncio.sleep(0.02)
            return
        if told["code"] != 0:
            return
        status = told["data"]["task_status"]
        if status == "succeed":
            self.witness.succeeded.add(mark)
        elif status == "failed":
            self.witness.failed.add(mark)

    async def _forge(self, session: aiohttp.ClientSession, chance: random.Random) -> None:
        """Tell the gateway what is not true, or what it has heard before."""
        known = list(self.witness.accepted.values())
        if not known:
            return
        _, task_id = chance.choice(known)
        status = chance.choice(("succeed", "failed", "submitted"))
        body = {"task_id": task_id, "task_status": status, "task_status_msg": "forged"}
        with suppress(aiohttp.ClientError, TimeoutError):
            async with session.post(
                f"{self._url(chance)}/kling/internal/callback", json=body
            ) as response:
                await response.read()

    def _url(self, chance: random.Random) -> str:
        return f"http://127.0.0.1:{chance.choice(self._ports)}"

    async def _rest(self, session: aiohttp.ClientSession) -> None:
        """Let everything come to its end, with an upstream that behaves and clients that ask."""
        self.emulator.chaos(self.seed, fail=0.2)
        await self._start()
        async with Database(self.database_url) as database:
            deadline = time.monotonic() + REST
            while time.monotonic() < deadline:
                left = await database.run(
                    lambda: TaskRow.filter(next_poll_at__not_isnull=True).count()
                )
                for mark in self.witness.open():
                    await self._ask(session, mark, self.chance)
                if left == 0:
                    return
                await asyncio.sleep(0.5)

    async def _stop(self) -> None:
        for node in self._nodes:
            if hasattr(node, "process") and node.process.poll() is None:
                await asyncio.to_thread(node.kill)

    async def _compare(self) -> list[str]:
        """Return a sentence for each contradiction between the four records."""
        verified = await asyncio.to_thread(self._nodes[0].plugway, "ledger", "verify", check=False)
        found = [] if verified.returncode == 0 else [verified.stdout + verified.stderr]
        async with Database(self.database_url) as database:
            rows = await database.run(TaskRow.all)
            holds = {hold.call_id: hold for hold in await database.run(Hold.all)}
            usage = await database.run(UsageRow.all)
            accounts = await database.run(lambda: Account.filter(balance__gt=0))
        self.counts = Counter(row.state for row in rows)
        found += compare_upstream(self.emulator.truth, rows)
        found += compare_clients(self.witness, rows)
        found += compare_ledger(rows, holds, usage, accounts, CREDITS)
        return found


def _session(key: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        headers={"authorization": f"Bearer {key}"},
        connector=aiohttp.TCPConnector(limit=0, force_close=True),
        timeout=aiohttp.ClientTimeout(total=10),
    )


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def main() -> int:
    """Run as a command; print what was done as JSON and return 1 for any mismatch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--db", default="", help="an empty database's URL; none: SQLite")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        url = asked.db or stack.enter_context(fresh_database("sqlite", migrated=False))
        torture = Torture(Path(folder), url, seed=asked.seed, rounds=asked.rounds)
        report = asyncio.run(torture.run())
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    return 1 if report["mismatches"] else 0


if __name__ == "__main__":
    sys.exit(main())
