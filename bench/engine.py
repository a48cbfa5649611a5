"""The gateway that polls for measurements: `engine.py HOME INTERVAL LATENCY_MS NOW`.

It serves as `plugway serve` does, with one more plugin, and polls what its database holds.
For it, it is NOW soon after its start, however long its tasks took to make. Its first line is
its URL; at SIGTERM it prints one JSON object with what it has measured.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import quantiles
from typing import Any

import msgspec
from jobs import Jobs, JobsPlugin

from plugway.asgi import create_app
from plugway.clock import Clock, SystemClock
from plugway.contract import Ask, Task, TaskUpdate
from plugway.server.listener import bind
from plugway.server.process import run
from plugway.storage.database import Database
from plugway.tasks import polling
from plugway.tasks.claim import Claimed, claim
from plugway.telemetry.logs import configure

#: Seconds at the start that are not counted: connections are made, statements prepared.
WARM = 3.0


#: Seconds before NOW at which this process begins: its start takes less.
START = 3.0


class LateClock(SystemClock):
    """Is the machine's clock, set back."""

    def __init__(self, now: int) -> None:
        """Say what time it is now, in microseconds since 1970."""
        self._back = super().now() - now

    def now(self) -> int:
        """Return microseconds since 1970."""
        return super().now() - self._back


class Watch:
    """Keeps what a running engine does.

    Attributes:
        claims: When each claim began, how many seconds it took and how many tasks it took.
        polls: When each answer was there, and seconds since the task had become due.
        cpu: When, and seconds of processor time used up to then.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._now = 0
        self.claims: list[tuple[float, float, int]] = []
        self.polls: list[tuple[float, float]] = []
        self.cpu: list[tuple[float, float]] = []
        self._due: dict[str, int] = {}

    async def claim(self, database: Database, now_us: int, **options: Any) -> list[Claimed]:
        """Claim, and keep how long it took and since when the tasks were due."""
        self._now = now_us
        began = time.perf_counter()
        claimed = await claim(database, now_us, **options)
        self.claims.append((began, time.perf_counter() - began, len(claimed)))
        self.cpu.append((began, time.process_time()))
        self._due.update((one.task.call_id, one.due) for one in claimed)
        return claimed

    def polled(self, task: Task) -> None:
        """Keep how late an answer is."""
        lag = (self._clock.now() - self._due.pop(task.call_id)) / 1e6
        self.polls.append((time.perf_counter(), lag))

    def figures(self) -> Mapping[str, Any]:
        """Return what was kept, without the first seconds; times in milliseconds."""
        first = next(at for at, _, tasks in self.claims if tasks)
        start, stop = first + WARM, self.polls[-1][0]
        lags = [1000 * lag for at, lag in self.polls if at >= start]
        claims = [(1000 * took, tasks) for at, took, tasks in self.claims if at >= start]
        cpu = [one for one in self.cpu if one[0] >= start]
        return {
            "stopped": self._now,
            "seconds": stop - start,
            "polls": len(lags),
            "lag": spread(lags),
            "claims": len(claims),
            "claim": spread([took for took, tasks in claims if tasks]),
            "claimed": sum(tasks for _, tasks in claims),
            "cpu": (cpu[-1][1] - cpu[0][1]) / (cpu[-1][0] - cpu[0][0]),
        }


def spread(values: list[float]) -> dict[str, float]:
    """Return median, 99th percentile and the most."""
    cuts = quantiles(values, n=100)
    return {"p50": cuts[49], "p99": cuts[98], "max": max(values)}


class WatchedJobs(Jobs):
    """Asks for jobs, watched."""

    def __init__(self, interval: float, latency_ms: float, watch: Watch) -> None:
        super().__init__(interval, latency_ms)
        self._watch = watch

    async def poll(self, task: Task, ask: Ask) -> TaskUpdate:
        """Ask, and keep how late the answer is."""
        update = await super().poll(task, ask)
        self._watch.polled(task)
        return update


def main(home: Path, interval: float, latency_ms: float, now: int) -> None:
    """Serve until the parent ends this process."""
    clock = LateClock(now - round(START * 1e6))
    watch = Watch(clock)
    polling.claim = watch.claim  # type: ignore[attr-defined]  # the same, timed
    plugin = JobsPlugin(WatchedJobs(interval, latency_ms, watch))
    app = create_app(home, plugins={"bench": plugin}, clock=clock)
    settings = app.server_settings()
    configure(app.gateway.current().log, sys.stderr)
    run(
        app,
        app.server_settings,
        sock=bind(msgspec.structs.replace(settings, host="127.0.0.1", port=0)),
        inflight=app.inflight,
        on_ready=lambda url: print(url, flush=True),
    )
    print(json.dumps(watch.figures()), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
