"""Several processes on one database, and processes that are killed at any moment."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from plugway.ledger.operations import NewTask
from plugway.ledger.store import OpenHolds

if TYPE_CHECKING:
    from core.tests.ledger.conftest import Bench

pytestmark = pytest.mark.anyio

LOAD = Path(__file__).with_name("load.py")


@asynccontextmanager
async def loads(bench: Bench, what: str, *numbers: int) -> AsyncIterator[list[Process]]:
    """Start processes; none outlives the test."""
    processes = []
    try:
        for number in numbers:
            command = (sys.executable, str(LOAD), what, str(number))
            environ = os.environ | {"LOAD_URL": bench.text}
            process = await asyncio.create_subprocess_exec(
                *command, env=environ, stdin=PIPE, stdout=PIPE
            )
            processes.append(process)
        yield processes
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def line(process: Process) -> str:
    """Read a line of what a process says."""
    assert process.stdout is not None
    async with asyncio.timeout(60):
        return (await process.stdout.readline()).decode().strip()


async def test_two_processes_admit_exactly_what_the_balance_covers(bench: Bench) -> None:
    await bench.accounts(1037)
    async with loads(bench, "reserve", 100, 100) as processes:
        assert [await line(process) for process in processes] == ["ready", "ready"]
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(b"go\n")
        admitted = [int(await line(process)) for process in processes]
        assert [await process.wait() for process in processes] == [0, 0]
    assert sum(admitted) == 103
    assert await bench.account() == (1037, 1030)
    await bench.whole()


async def test_two_processes_that_end_the_same_tasks_end_each_once(bench: Bench) -> None:
    await bench.accounts(10_000)
    task = NewTask(
        provider="kling",
        kind="text2video",
        model="kling-v1",
        user_id=1,
        request_id="r",
        ip="::1",
        external_id=None,
        callback_url=None,
        request="{}",
        facts="{}",
        price=10,
        next_poll_at=1,
        deadline=1,
    )
    async with bench.ledger() as ledger:
        starts = [bench.make.reserve(10, call=f"job{n}", task=task) for n in range(700)]
        await asyncio.gather(*map(ledger.submit, starts))
    async with loads(bench, "ends", 700, 700) as processes:
        assert [await line(process) for process in processes] == ["ready", "ready"]
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(b"go\n")
        said = [(await line(process)).split() for process in processes]
        assert [await process.wait() for process in processes] == [0, 0]
    assert sum(int(ended) for ended, _ in said) == 700
    assert await bench.account() == (10_000 - sum(int(charged) for _, charged in said), 0)
    await bench.whole()


async def test_killed_in_the_middle_of_it(bench: Bench) -> None:
    await bench.accounts(10**9, 10**9, 10**9, 10**9)
    answers: list[tuple[str, str, int]] = []
    for round_, heard in enumerate((40, 300)):
        async with loads(bench, "calls", 2 * round_, 2 * round_ + 1) as processes:

            async def listen(process: Process, heard: int) -> list[str]:
                lines = [await line(process) for _ in range(heard)]
                process.kill()
                assert process.stdout is not None
                rest = (await process.stdout.read()).decode()
                # The last one may have been cut off.
                return lines + rest.splitlines()[:-1]

            for lines in await asyncio.gather(*(listen(each, heard) for each in processes)):
                for state, call, number in map(str.split, lines):
                    answers.append((state, call, int(number)))
    # Whatever was in flight, what is in the database is whole.
    await bench.whole()
    rows = await bench.rows("SELECT call_id, state, settled_amount, refunded FROM plugway_hold")
    holds = {row[0]: row[1:] for row in rows}
    assert len(answers) > 600
    for state, call, credits_ in answers:
        found, charged, refunded = holds[call]
        if state == "settled":
            assert (found, charged) == (state, credits_)
        elif state == "refunded":
            assert refunded == credits_
        elif state == "released":
            assert found == state
    # The orphans are released, and nothing else.
    orphans = sum(state == "open" for state, _, _ in holds.values())
    async with bench.ledger() as ledger:
        assert await ledger.sweep(2**62) == orphans
        assert await ledger.open_holds() == OpenHolds()
    await bench.whole()
    charged = await bench.rows("SELECT sum(settled_amount - refunded) FROM plugway_hold")
    balances = [await bench.account(number) for number in (1, 2, 3)]
    assert sum(10**9 - balance for balance, _ in balances) == charged[0][0]
    assert all(held == 0 for _, held in balances)
