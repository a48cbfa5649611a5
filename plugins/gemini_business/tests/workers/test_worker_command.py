"""`plugway worker gemini-business` in a process of its own, with a real browser."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from machine_browser import descendants, gone, machine_browser
from worker_gateway import SECRET, Site

from plugway.cli.root import root
from plugway.testing import ManualClock
from plugway_gemini_business.commands.worker import worker

pytestmark = pytest.mark.anyio

WORDS = (sys.executable, "-m", "plugway", "worker", "gemini-business")


@asynccontextmanager
async def process(*words: str, **environ: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command without a home, and end it at the end."""
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    running = await asyncio.create_subprocess_exec(
        *words,
        env={**known, "HOME": "/nonexistent", **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def test_a_real_browser_renews_on_another_machine(tmp_path: Path) -> None:
    machine_browser()
    clock = ManualClock(start_us=time.time_ns() // 1_000)
    before = descendants()
    async with Site(tmp_path / "home", "good", "dead", clock=clock) as site:
        site.emulator.accounts["dead"].state = "expired"
        site.emulator.accounts["dead"].revoke()
        await site.want("good", "dead")
        place = ("--server", site.url, "--front", site.emulator.url, "--api", site.emulator.url)
        async with process(
            *WORDS, *place, "--threads", "2", "--name", "elsewhere", PLUGWAY_WORKER_SECRET=SECRET
        ) as running:
            await site.until(lambda: site.is_fresh("good"), step=0.01, seconds=60)
            await site.until(lambda: failed(site, "dead"), step=0.01, seconds=60)
            async with site.client.get(site.url + "/admin/registrar/metrics") as answer:
                (client,) = (await answer.json())["clients"]
            assert (client["name"], client["threads"]) == ("elsewhere", 2)
            running.send_signal(signal.SIGTERM)
            output, _ = await asyncio.wait_for(running.communicate(), 30)
        said = output.decode()
        assert running.returncode == 0, said
        assert SECRET not in said
        for name in ("good", "dead"):
            for pair in site.emulator.accounts[name].sign_ins:
                assert pair.ses not in said
        assert await gone(before)
        row = await site.row("dead")
        assert (row.renewal_failures, row.state) == (1, "ready")
        assert "sign" in row.reason
        row = await site.row("good")
        assert (row.state, len(site.emulator.accounts["good"].sign_ins)) == ("ready", 2)


async def failed(site: Site, name: str) -> bool:
    return (await site.row(name)).renewal_failures > 0


async def test_a_wrong_secret_is_said_and_ends_it(tmp_path: Path) -> None:
    machine_browser()
    async with Site(tmp_path / "home") as site:
        file = tmp_path / "secret"
        file.write_text("quite-another-secret\n")
        async with process(*WORDS, "--server", site.url, "--secret-file", str(file)) as running:
            output, _ = await asyncio.wait_for(running.communicate(), 30)
    said = output.decode()
    assert running.returncode == 1
    assert "does not take the workers' secret" in said
    assert "Traceback" not in said
    assert "quite-another-secret" not in said


@pytest.mark.parametrize(
    ("words", "environ", "expected"),
    [
        (["--server", "ftp://x"], {"PLUGWAY_WORKER_SECRET": SECRET}, "expected an address"),
        (["--server", "https://x"], {}, "the workers' secret is missing"),
        (["--server", "https://x"], {"PLUGWAY_WORKER_SECRET": "a\nb"}, "printable ASCII"),
        (["--server", "https://x", "--secret-file", "/nowhere"], {}, "/nowhere"),
        (
            ["--server", "https://x", "--browser", "/nowhere/chromium"],
            {"PLUGWAY_WORKER_SECRET": SECRET},
            "/nowhere/chromium",
        ),
        ([], {}, "--server"),
        (["--server", "https://x", "--threads", "0"], {}, "--threads"),
    ],
)
def test_what_it_cannot_do_without_is_named(
    words: list[str], environ: dict[str, str], expected: str
) -> None:
    result = CliRunner().invoke(worker, words, env={"PLUGWAY_WORKER_SECRET": "", **environ})
    assert result.exit_code != 0
    assert expected in result.output
    assert SECRET not in result.output


async def test_workers_are_listed(tmp_path: Path) -> None:
    async with Site(tmp_path / "home", "first") as site:
        user = await site.server.user("root", role="admin")
        key = await site.server.key(user)

        def ask(*words: str, key: str = key) -> Result:
            given = ["--url", site.url, "--admin-key", key, "gemini-business", "workers", *words]
            return CliRunner().invoke(root, given)

        told = await asyncio.to_thread(ask)
        assert "no worker is connected" in told.output
        async with site.worker(site.renews(), threads=3, name="a machine") as running:
            await site.until(lambda: running.worker.is_connected)
            await site.want("first")
            await site.all_fresh("first")
            # The account is fresh a moment before its worker is free.
            async with asyncio.timeout(20):
                while "1/3" in (told := await asyncio.to_thread(ask)).output:
                    await asyncio.sleep(0.01)
            assert told.exit_code == 0, told.output
            assert "a machine  0/3  alive" in told.output
            assert "claimed 1  renewed 1" in told.output
            whole = json.loads((await asyncio.to_thread(ask, "--json")).output)
            assert whole["clients"][0]["name"] == "a machine"
        told = await asyncio.to_thread(partial(ask, key="sk-of-nobody-at-all"))
        assert told.exit_code == 1
        assert "401" in told.output
    alone = CliRunner().invoke(root, ["--home", str(tmp_path), "gemini-business", "workers"])
    assert alone.exit_code == 1
    assert "--url" in alone.output
