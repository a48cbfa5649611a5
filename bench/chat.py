"""Chat figures: what a piece of a stream takes longer, and many streams at once.

`python bench/chat.py [--streams 500] [--rounds 3]`: a chat in the OpenAI dialect, answered by
accounts of Gemini Business, against the same upstream's bytes through a bare relay. Each piece
tells when it left, so that what is measured is its way and not the upstream's pace.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
import processes
from processes import report

from plugway.testing.server import GatewayServer

MODEL = "gemini-2.5-flash"
WIDGET = "/v1alpha/locations/global/widgetStreamAssist"
#: A piece of text as the dialect, or the upstream itself, writes it; one that is cut is left out.
MOMENT = re.compile(rb'"(?:content|text)":"(\d{12,20}) "')


def account(number: int) -> str:
    """Return the secret of one account."""
    cookies = [{"name": "__Secure-C_SES", "value": f"ses-{number}", "domain": ".gemini.google"}]
    return json.dumps(
        {
            "email": f"user{number}@example.com",
            "cookies": cookies,
            "configId": "0a1b2c3d-0000-4000-8000-000000000000",
            "csesidx": str(1000 + number),
        }
    )


async def prepare(home: Path, upstream_url: str, accounts: int) -> str:
    """Make a gateway's home with a pool of accounts; return a key."""
    async with GatewayServer(home) as server:
        await server.channel(
            "gemini_business",
            upstream_url,
            models=[MODEL],
            secrets=[account(number) for number in range(accounts)],
            settings={"use_cooldown": 0, "wait": 60},
        )
        return await server.key(await server.user(credits_=10**12))


async def pieces(client: aiohttp.ClientSession, url: str, body: Any, key: str) -> list[float]:
    """Return the seconds that each piece of one stream took."""
    took = []
    headers = {"authorization": f"Bearer {key}"}
    async with client.post(url, json=body, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        async for chunk in answer.content.iter_any():
            now = time.monotonic_ns()
            took += [(now - int(moment)) / 1e9 for moment in MOMENT.findall(chunk)]
    return took


async def drive(url: str, body: Any, key: str, streams: int) -> tuple[float, list[float]]:
    """Return the seconds of some streams at once, and of their pieces, sorted."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as client:
        began = time.monotonic()
        found = await asyncio.gather(*(pieces(client, url, body, key) for _ in range(streams)))
    return time.monotonic() - began, sorted(one for stream in found for one in stream)


def at(times: list[float], share: float) -> float:
    """Return the time that a share of all pieces did not exceed."""
    return times[min(len(times) - 1, int(len(times) * share))]


def chat(count: int, pause: int) -> dict[str, Any]:
    """Return a request for so many pieces."""
    text = f"n={count} ms={pause}"
    return {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": text}]}


def widget(count: int, pause: int) -> dict[str, Any]:
    """Return the same for the upstream itself."""
    return {"ask": f"n={count} ms={pause}"}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", default="hypercorn")
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    options, _ = parser.parse_known_args()
    command = [sys.executable, str(processes.HERE / "widget.py"), "0"]
    with (
        tempfile.TemporaryDirectory() as folder,
        processes.process(command, processes.OTHER_CORE) as (_, port),
    ):
        upstream_url = f"http://127.0.0.1:{port}"
        home = Path(folder) / "home"
        key = asyncio.run(prepare(home, upstream_url, options.streams + 8))
        with (
            processes.bare(upstream_url, options.server) as (_, bare_url),
            processes.gateway(home, options.server) as (running, line),
        ):
            url = line.split()[-1] + "/v1/chat/completions"
            os.sched_setaffinity(0, processes.OTHER_CORE)
            measure(bare_url + WIDGET, url, key, options, running.pid)


def measure(bare: str, url: str, key: str, options: argparse.Namespace, pid: int) -> None:
    """Drive both and report."""
    asyncio.run(drive(url, chat(5, 0), key, 1))
    added50, added99, ratios, costs = [], [], [], []
    for _ in range(options.rounds):
        _, plain = asyncio.run(drive(bare, widget(100, 10), "", 1))
        _, ours = asyncio.run(drive(url, chat(100, 10), key, 1))
        added50.append(1000 * (at(ours, 0.5) - at(plain, 0.5)))
        added99.append(1000 * (at(ours, 0.99) - at(plain, 0.99)))
        plain_total, _ = asyncio.run(drive(bare, widget(2000, 0), "", 1))
        total, _ = asyncio.run(drive(url, chat(2000, 0), key, 1))
        ratios.append(total / plain_total)
        costs.append(1e6 * total / 2000)
    conditions = {"server": options.server, "rounds": options.rounds}
    report("chat.piece_added_p50", statistics.median(added50), "ms", **conditions)
    report("chat.piece_added_p99", statistics.median(added99), "ms", **conditions)
    report("chat.stream_time_ratio", statistics.median(ratios), "gateway/bare", pieces=2000)
    # All pieces at once: the bare relay passes on what lies there in a few large writes.
    report("chat.piece_cost", statistics.median(costs), "us", **conditions)
    before = processes.resident(pid)
    streams = {"server": options.server, "streams": options.streams}
    total, times = asyncio.run(drive(url, chat(20, 500), key, options.streams))
    report("chat.streams_p50", 1000 * at(times, 0.5), "ms", **streams)
    report("chat.streams_p99", 1000 * at(times, 0.99), "ms", **streams)
    report("chat.streams_seconds", total, "s", least=10, **streams)
    grown = (processes.resident(pid, "VmHWM") - before) / options.streams
    report("chat.stream_memory", grown, "KiB/stream", **streams)


if __name__ == "__main__":
    main()
