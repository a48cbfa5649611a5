"""AI Studio figures: what a piece of an answer takes from the page on, and a question to its Run.

`python bench/aistudio.py [--questions 20] [--rounds 3]`: chats through a real Chromium's page of
the emulator. Its first pieces say when they left, so that the time until the client has one is
that of the browser's network, the page's capture, the parser and the gateway; and the time from
the client's request until the first one left is that of the queue, the page and its Run button.
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

from plugway import Browser
from plugway.testing.server import GatewayServer

MODEL = "gemini-flash-latest"
#: A piece of text that says when it left, as the dialect writes it; one that is cut is left out.
MOMENT = re.compile(rb'"content":"(\d{9,12}\.\d+) ')
EVERYWHERE = set(processes.CORES)


async def prepare(home: Path, upstream_url: str, profile: str) -> str:
    """Make a gateway's home with one profile; return a key."""
    async with GatewayServer(home) as server:
        await server.channel("aistudio", upstream_url, secrets=[profile])
        return await server.key(await server.user(credits_=10**12))


class Stream:
    """Is what one stream took.

    Attributes:
        until_run: Seconds from the request until its first piece left the upstream.
        pieces: Seconds of each piece.
    """

    def __init__(self, began: float) -> None:
        self._began = began
        self.until_run = 0.0
        self.pieces: list[float] = []

    def took(self, moment: float, now: float) -> None:
        """Note a piece."""
        if not self.pieces:
            self.until_run = moment - self._began
        self.pieces.append(now - moment)


async def ask(
    client: aiohttp.ClientSession, gateway: str, upstream: str, count: int, pause: float
) -> Stream:
    """Ask for so many pieces with so many seconds between them."""
    candidate = [[[[None, "end"]], "model"], 1]
    last = {"frames": [[[candidate]]], "stamped": count, "pause": pause}
    async with client.post(upstream + "/_emulator/aistudio/answers", json=last) as answer:
        assert answer.status == 200, await answer.text()
    body = {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": "Count."}]}
    stream = Stream(time.time())
    async with client.post(gateway + "/v1/chat/completions", json=body) as answer:
        assert answer.status == 200, await answer.text()
        async for chunk in answer.content.iter_any():
            now = time.time()
            for moment in MOMENT.findall(chunk):
                stream.took(float(moment), now)
    assert stream.pieces, "no piece came"
    return stream


def at(times: list[float], share: float) -> float:
    """Return the time that a share of them did not exceed, in milliseconds."""
    return 1000 * sorted(times)[min(len(times) - 1, int(len(times) * share))]


async def measure(gateway: str, upstream: str, key: str, options: argparse.Namespace) -> None:
    """Ask and report."""
    headers = {"authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(headers=headers) as client:
        began = time.time()
        first = await ask(client, gateway, upstream, 1, 0)
        report("aistudio.cold_until_run", time.time() - began - sum(first.pieces), "s")
        for count, pause in ((40, 0.05), (200, 0.005)):
            pieces = []
            for _ in range(options.rounds):
                pieces += (await ask(client, gateway, upstream, count, pause)).pieces
            shown: dict[str, Any] = {"pieces": count, "every_ms": 1000 * pause}
            report("aistudio.piece_p50", at(pieces, 0.5), "ms", **shown)
            report("aistudio.piece_p95", at(pieces, 0.95), "ms", **shown)
        runs = [
            (await ask(client, gateway, upstream, 1, 0)).until_run for _ in range(options.questions)
        ]
        report("aistudio.until_run_p50", 1000 * statistics.median(runs), "ms", page="warm")
        report("aistudio.until_run_p95", at(runs, 0.95), "ms", page="warm")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--questions", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    options, _ = parser.parse_known_args()
    if not Browser(os.environ.get("PLUGWAY_TEST_CHROMIUM", "")).available:
        # As the tests do: what is not here is named and not measured.
        print(json.dumps({"name": "aistudio", "left_out": "no browser: install chromium"}))
        return
    with tempfile.TemporaryDirectory() as folder:
        profiles = Path(folder) / "profiles"
        emulated = [sys.executable, "-m", "plugway_aistudio.emulated", "--profiles", str(profiles)]
        with processes.process(emulated, EVERYWHERE) as (_, upstream):
            home = Path(folder) / "home"
            profile = (profiles / "first.json").read_text(encoding="utf-8")
            key = asyncio.run(prepare(home, upstream, profile))
            serve = [sys.executable, "-m", "plugway", "--home", str(home), "serve", "--port", "0"]
            # The browser is a child of the gateway: they share both cores with all others.
            with processes.process(serve, EVERYWHERE) as (_, line):
                asyncio.run(measure(line.split()[-1], upstream, key, options))


if __name__ == "__main__":
    main()
