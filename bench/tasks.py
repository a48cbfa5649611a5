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


def rows(tasks: int, now: int) -> Iterator[TaskRow]:
    """Make tasks: four of five are due, and of all one in five is the first channel's."""
    for number in range(tasks):
        due = number % 5 != 0
        channel = 1 if number % 5 == 1 else number % (CHANNELS - 1) + 2
        yield TaskRow(
            call_id=new_id(),
            provider="bench",
            kind="video",
            model="bench-1",
            user_id=number % 100,
            account_id=number % 100,
            request_id="bench",
            ip="127.0.0.1",
            channel_id=channel,
            credential_id=channel,
            upstream_id=f"upstream-{number}",
            external_id=f"external-{number}",
            state="submitted",
            request='{"prompt": "' + "a cat " * 50 + '"}',
            price=1000,
            facts="{}",
            next_poll_at=now - number if due else now + 600 * SECOND + number,
            polls=0,
            failures=0,
            deadline=now + 86_400 * SECOND,
            created_at=now,
            updated_at=now,
        )


async def insert(database: Database, tasks: int, now: int) -> None:
    """Write open tasks."""

    async def work() -> None:
        await TaskRow.bulk_create(rows(tasks, now), batch_size=500)

    await database.transact(work, revise=False)


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
        await insert(database, tasks, now)
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
