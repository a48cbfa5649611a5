"""The processes of a measurement: started, pinned to a core where there are two, and ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plugway.testing.process import GatewayProcess

HERE = Path(__file__).parent
CORES = sorted(os.sched_getaffinity(0))

#: The measured server has a core of its own; upstream and clients share the other.
SERVER_CORE, OTHER_CORE = {CORES[0]}, {CORES[-1]}


@contextmanager
def process(
    command: list[str], core: set[int], env: dict[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a process until the block ends; give it and the first line it printed."""
    running = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        # Logs are written as in production, to somebody else's file.
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **(env or {})},
    )
    try:
        os.sched_setaffinity(running.pid, core)
        assert running.stdout is not None
        line = running.stdout.readline().strip()
        if not line:
            raise RuntimeError(f"{command} printed nothing and ended with {running.wait(10)}")
        yield running, line
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(40)
        except subprocess.TimeoutExpired:
            running.kill()


def upstream() -> Any:
    """Run the upstream; its first line is its port."""
    return process([sys.executable, str(HERE / "upstream.py"), "0"], OTHER_CORE)


def bare(upstream_url: str, server: str) -> Any:
    """Run the bare relay; its first line is its URL."""
    return process([sys.executable, str(HERE / "bare.py"), upstream_url, server], SERVER_CORE)


def gateway(home: Path, server: str) -> Any:
    """Run the gateway; its first line holds its URL."""
    command = [sys.executable, "-m", "plugway", "--home", str(home), "serve"]
    return process([*command, "--port", "0", "--server", server], SERVER_CORE)


def prepare(home: Path, upstream_url: str, database: str = "") -> str:
    """Make a gateway's home with one Bltcy channel and a rich user; return the user's key."""
    environ = {"PLUGWAY__DATABASE__URL": database} if database else {}
    return GatewayProcess(home, environ).prepare(upstream_url)


def resident(pid: int, field: str = "VmRSS") -> int:
    """Return a process's memory in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise ValueError(field)


def report(name: str, value: float, unit: str, **conditions: object) -> None:
    """Print one figure as one line of JSON."""
    figure = {"name": name, "value": round(value, 3), "unit": unit, "conditions": conditions}
    print(json.dumps(figure), flush=True)
