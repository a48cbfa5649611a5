"""Relay figures: the gateway with everything on against the same server relaying bare.

`python bench/relay.py [--server hypercorn] [--seconds 3] [--rounds 3]`: bare and gateway are
driven in turn, so that both see the same machine, and the ratio is taken pair by pair.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
from pathlib import Path

import load
import processes
from processes import report

BODY = b'{"model":"runway","prompt":"' + b"p" * 200 + b'"}'
JSON_TYPE = {"content-type": "application/json"}


def drive(url: str, path: str, key: str, clients: int, seconds: float) -> tuple[float, list[float]]:
    """Drive one server."""
    headers = {**JSON_TYPE, "authorization": f"Bearer {key}"}
    return asyncio.run(
        load.run(url, path, headers=headers, body=BODY, clients=clients, seconds=seconds)
    )


def pairs(
    bare_url: str,
    gateway_url: str,
    key: str,
    clients: int,
    seconds: float,
    rounds: int,
    server: str,
) -> None:
    """Measure JSON calls: requests a second, and what is added to each."""
    ratios, added50, added99, rates, p50s = [], [], [], [], []
    for _ in range(rounds):
        bare_rate, bare_times = drive(bare_url, "/runway/json", key, clients, seconds)
        rate, times = drive(gateway_url, "/runway/json", key, clients, seconds)
        ratios.append(rate / bare_rate)
        rates.append(rate)
        p50s.append(1000 * at(times, 0.5))
        added50.append(1000 * (at(times, 0.5) - at(bare_times, 0.5)))
        added99.append(1000 * (at(times, 0.99) - at(bare_times, 0.99)))
    conditions = {"server": server, "clients": clients, "seconds": seconds, "rounds": rounds}
    report("relay.json_throughput_ratio", statistics.median(ratios), "gateway/bare", **conditions)
    report("relay.json_throughput", statistics.median(rates), "requests/s", **conditions)
    report("relay.json_p50", statistics.median(p50s), "ms", **conditions)
    report("relay.json_added_p50", statistics.median(added50), "ms", **conditions)
    report("relay.json_added_p99", statistics.median(added99), "ms", **conditions)


def streams(bare_url: str, gateway_url: str, key: str, server: str) -> None:
    """Measure what a chunk of a stream costs: time of 2 000 chunks that come at once."""
    ratios = []
    for _ in range(3):
        took = []
        for url in (bare_url, gateway_url):
            _, times = drive(url, "/runway/sse?n=2000&ms=0", key, 1, 1.0)
            took.append(at(times, 0.5))
        ratios.append(took[1] / took[0])
    report(
        "relay.sse_time_ratio",
        statistics.median(ratios),
        "gateway/bare",
        server=server,
        chunks=2000,
    )


def at(times: list[float], share: float) -> float:
    """Return the time that a share of all exchanges did not exceed."""
    return times[min(len(times) - 1, int(len(times) * share))]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", default="hypercorn")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 16, 64])
    options, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder, processes.upstream() as (_, port):
        upstream_url = f"http://127.0.0.1:{port}"
        home = Path(folder) / "home"
        key = processes.prepare(home, upstream_url)
        with (
            processes.bare(upstream_url, options.server) as (_, bare_url),
            processes.gateway(home, options.server) as (_, line),
        ):
            gateway_url = line.split()[-1]
            os.sched_setaffinity(0, processes.OTHER_CORE)
            drive(gateway_url, "/runway/json", key, 8, 0.5)
            drive(bare_url, "/runway/json", key, 8, 0.5)
            for clients in options.clients:
                pairs(
                    bare_url, gateway_url, key, clients, options.seconds, options.rounds,
                    options.server,
                )  # fmt: skip
            streams(bare_url, gateway_url, key, options.server)


if __name__ == "__main__":
    main()
