"""How tasks are claimed and polled while many are open.

`python bench/tasks.py` prints one JSON object a line. Servers that are not there are left
out. One in five tasks is the first channel's. Claims are timed by themselves first; then a
whole gateway polls an upstream over HTTP, each in a process of its own, first with polls that
are due all over the interval and then with all of them due at once.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import quantiles

from polls import CHANNELS, Polls
from processes import report, upstream
from stock import SECOND, Stock

from plugway.settings import TaskSettings
from plugway.storage.database import Database
from plugway.storage.url import Dialect
from plugway.tasks.claim import claim
from plugway.tasks.store import counts
from plugway.testing.databases import DIALECTS, available, fresh_database

#: Tasks that a claim takes: a few, as with polls under way, and all that one process polls at once.
BATCHES = (8, TaskSettings().concurrency)

#: Open tasks, as the goal has them.
OPEN: dict[Dialect, int] = {"sqlite": 10_000, "postgres": 100_000}

#: Open tasks for each poll a second that is wanted: with an interval of so many seconds, of
#: which chance takes off a tenth on the average, about 370 polls are due a second.
PER_SECOND = 333

#: Seconds with all tasks due at once, the start included: the shortest backlogs last longer.
PILE = 9.0


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
        channels = [(number, number) for number in room]
        # In the middle of it half of all are due.
        await Stock(tasks=tasks, channels=channels, interval=1200).insert(database, now)
        middle = now + 540 * SECOND
        for batch in BATCHES:
            for _ in range(rounds):
                await take(f"claim_{batch}", middle, batch, batch)
        for _ in range(rounds):
            await take("idle", now - 3600 * SECOND, 1, 0)
        for _ in range(10):
            began = time.perf_counter()
            assert sum((await counts(database, middle)).by_state.values()) == tasks
            times.setdefault("counts", []).append((time.perf_counter() - began) * 1000)
    del times["empty"]
    return times


def measure_claims(url: str, dialect: Dialect, tasks: int, rounds: int) -> None:
    """Report how long claims take."""
    times = asyncio.run(claims(url, tasks, min(rounds, tasks // 200)))
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


def measure_polls(url: str, dialect: Dialect, tasks: int, options: argparse.Namespace) -> bool:
    """Report how late the engine is; return whether that is as the goal has it."""
    interval = options.interval or tasks / PER_SECOND
    with tempfile.TemporaryDirectory() as folder, upstream() as (_, port):
        polls = Polls(Path(folder), url, interval=interval, latency_ms=options.latency)
        asyncio.run(polls.prepare(f"http://127.0.0.1:{port}", tasks))
        spread = polls.poll(options.polling)
        # After an interval, and another, all that is open is due.
        piled = polls.poll(PILE, late=2 * interval)
    problems = asyncio.run(polls.problems())
    conditions = {
        "database": dialect,
        "open_tasks": tasks,
        "interval_seconds": round(interval, 1),
        "upstream_ms": options.latency,
        "concurrency": TaskSettings().concurrency,
        "channels": CHANNELS,
        "processes": 1,
        "cpus": os.cpu_count(),
        "seconds": round(spread["seconds"], 1),
        "verified": not problems,
    }
    for name, value in spread["lag"].items():
        report(f"tasks.lag_{name}", value, "ms", **conditions)
    late = max(spread["lag"]["max"] / 1000, spread["waiting"])
    report("tasks.lag_over_interval", late / interval, "intervals", **conditions, wanted="< 2")
    report("tasks.polls", spread["polls"] / spread["seconds"], "polls/s", **conditions)
    report("tasks.polls_cpu", spread["cpu"], "cores", **conditions)
    each = spread["claimed"] / spread["claims"]
    for name in ("p50", "p99"):
        value = spread["claim"][name]
        report(f"tasks.polls_claim_{name}", value, "ms", **conditions, tasks_each=round(each, 1))
    conditions["seconds"] = round(piled["seconds"], 1)
    most = piled["polls"] / piled["seconds"]
    report("tasks.polls_piled_up", most, "polls/s", **conditions)
    report("tasks.polls_piled_up_cpu", piled["cpu"], "cores", **conditions)
    for problem in problems:
        print(problem, file=sys.stderr)
    return late < 2 * interval and not problems


def main() -> int:
    """Measure each database; exit with 1 if polls are later than they may be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dialect", action="append", choices=DIALECTS)
    parser.add_argument("--tasks", type=int, default=0, help="open tasks; 0: as the goal has them")
    parser.add_argument(
        "--rounds", type=int, default=200, help="claims on each database, if the due tasks suffice"
    )
    parser.add_argument("--polling", type=float, default=36.0, help="seconds, start included")
    parser.add_argument(
        "--interval", type=float, default=0, help="seconds between polls; 0: 1 for 333 tasks"
    )
    parser.add_argument("--latency", type=float, default=20, help="ms that the upstream takes")
    options, _ = parser.parse_known_args()
    good = True
    for dialect, goal in OPEN.items():
        if options.dialect and dialect not in options.dialect:
            continue
        if (reason := available(dialect)) is not None:
            print(f"skipped: {reason}", file=sys.stderr)
            continue
        tasks = options.tasks or goal
        with fresh_database(dialect) as url:
            measure_claims(url, dialect, tasks, options.rounds)
        with fresh_database(dialect) as url:
            good = measure_polls(url, dialect, tasks, options) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
