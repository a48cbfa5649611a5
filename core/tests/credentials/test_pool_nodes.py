"""Two processes on one database never use one credential at once, nor too soon after."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import defaultdict
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pool_nodes
import pytest
from pool_nodes import PoolNode, channel

from plugway.clock import SystemClock
from plugway.credentials.quotas import Quotas
from plugway.storage.database import Database
from plugway.storage.models import CredentialRow

pytestmark = pytest.mark.anyio

LOAD = Path(__file__).with_name("pool_load.py")
SUPPORT = Path(pool_nodes.__file__).parent

#: Claims of each process, callers in it, credentials, and seconds of rest.
ROUNDS, CALLERS, CREDENTIALS = 80, 12, 8
COOLDOWN = 0.12


async def start(url: str, zone: str) -> Process:
    path = os.pathsep.join(filter(None, (str(SUPPORT), os.environ.get("PYTHONPATH"))))
    return await asyncio.create_subprocess_exec(
        *(sys.executable, str(LOAD), str(ROUNDS), str(COOLDOWN), str(CALLERS), zone),
        env=os.environ | {"POOL_URL": url, "PYTHONPATH": path},
        stdin=PIPE,
        stdout=PIPE,
    )


async def test_never_twice_within_the_cooldown(database_url: str) -> None:
    async with Database(database_url) as database:
        node = PoolNode(database, SystemClock(), channel())
        ids = await node.fill(CREDENTIALS)
        # A zone whose midnight, at which uses are forgotten, is not now.
        zone = "UTC" if 1 <= datetime.now(UTC).hour < 23 else "Etc/GMT+12"
        processes = [await start(database_url, zone) for _ in range(2)]
        try:
            uses = await run(processes)
        finally:
            for process in processes:
                if process.returncode is None:
                    process.kill()
                await process.wait()
        rows = await database.run(CredentialRow.all)
    by_process = [len(some) for some in uses]
    # Nobody starves: each got most of what it asked for.
    assert min(by_process) > ROUNDS // 2, by_process
    spans = defaultdict(list)
    for id_, began, ended in (use for some in uses for use in some):
        spans[id_].append((began, ended))
    assert sorted(spans) == ids
    for found in spans.values():
        found.sort()
        gaps = [after[0] - before[1] for before, after in pairwise(found)]
        assert min(gaps) >= COOLDOWN * 1_000_000
    assert all((row.claim, row.claimed_until) == (None, None) for row in rows)
    # Every use that succeeded is counted once, whichever node it was on.
    counted = sum(Quotas.read(row.quotas).uses.get("text", 0) for row in rows)
    assert counted >= 0.75 * sum(by_process)
    assert counted <= sum(by_process)


async def run(processes: list[Process]) -> list[list[tuple[int, int, int]]]:
    """Start all at once, and return what each has used."""
    async with asyncio.timeout(90):
        for process in processes:
            assert process.stdout is not None
            assert (await process.stdout.readline()) == b"ready\n"
        told = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [process.returncode for process in processes] == [0, 0]
    found = []
    for out, _ in told:
        numbers = [tuple(map(int, line.split())) for line in out.splitlines()]
        found.append([(id_, began, ended) for id_, began, ended in numbers])
    return found
