"""How long it takes to claim due tasks while many are open.

`python bench/tasks.py` prints one JSON object a line. Servers that are not there are left
out. Every channel has a backlog, the first a much longer one than the others.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Iterator
from statistics import quantiles

from processes import report

from plugway.ids import new_id
from plugway.settings import TaskSettings
from plugway.storage.database import Database
from plugway.storage.models import TaskRow
from plugway.storage.url import Dialect
from plugway.tasks.claim import claim
from plugway.tasks.store import counts
from plugway.testing.databases import available, fresh_database

SECOND = 1_000_000
CHANNELS = 20
#: Tasks that a claim takes: a few, as with polls under way, and all that one process polls at once.
BATCHES = (8, TaskSettings().concurrency)

#: Open tasks, as the goal has them.
OPEN: dict[Dialect, int] = {"sqlite": 10_000, "postgres": 100_000}


async def claims(url: str, tasks: int, rounds: int) -> dict[str, list[float]]:
    """Claim, look in vain and count, and return the milliseconds of each."""
    room = dict.fromkeys(range(1, CHANNELS + 1), TaskSettings().per_credential)
    now = time.time_ns() // 1000
    times: dict[str, list[float]] = {}

    async with Database(url) as database:

        async def take(name: str, at: int, batch: int, expected: int) -> None:
            began = time.perf_counter()
            claimed = await claim(
                database, at, lease_us=60 * SECOND, owner="bench", room=room, limit=batch
            )
            times.setdefault(name, []).append((time.perf_counter() - began) * 1000)
            assert len(claimed) == expected, len(claimed)

        # Statements are planned while the table is empty, as in a gateway that has just started.
        for _ in range(10):
            await take("empty", now, 1, 0)
        channels = [(n, n) for n in range(1, CHANNELS + 1)]
        await Stock(tasks=tasks, channels=channels, interval=0).insert(database, now)
        for batch in BATCHES:
            for _ in range(rounds):
                await take(f"claim_{batch}", now, batch, batch)
        for _ in range(rounds):
            await take("idle", now - 3600 * SECOND, 1, 0)
        for _ in range(10):
            began = time.perf_counter()
            assert sum((await counts(database, now)).by_state.values()) == tasks
            times.setdefault("counts", []).append((time.perf_counter() - began) * 1000)
    del times["empty"]
    return times


def measure_claims(options: argparse.Namespace) -> None:
    """Report how long claims take on each database."""
    for dialect, goal in OPEN.items():
        tasks = options.tasks or goal
        if (reason := available(dialect)) is not None:
            print(f"skipped: {reason}", file=sys.stderr)
            continue
        with fresh_database(dialect) as url:
            times = asyncio.run(claims(url, tasks, min(options.rounds, tasks // 200)))
        conditions = {
            "database": dialect,
            "open_tasks": tasks,
            "channels": CHANNELS,
            "cpus": os.cpu_count(),
        }
        for name, values in times.items():
            cuts = quantiles(values, n=100)
            report(f"tasks.{name}_p50", cuts[49], "ms", **conditions, times=len(values))
            report(f"tasks.{name}_p99", cuts[98], "ms", **conditions, times=len(values))


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=0, help="open tasks; 0: as the goal has them")
    parser.add_argument(
        "--rounds", type=int, default=200, help="claims on each database, if the due tasks suffice"
    )
    options, _ = parser.parse_known_args()
    measure_claims(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
