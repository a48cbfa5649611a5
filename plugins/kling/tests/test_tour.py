"""The example walks its cases through the gateway, with a key and with a pair."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from kling_gateway import Kling

from plugway.identity import keys

pytestmark = pytest.mark.anyio

TOUR = Path(__file__).parents[3] / "examples" / "kling_tour.py"


async def walk(*arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(TOUR),
        *arguments,
        "--interval=0.01",
        "--wait=20",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(60):
            told, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode or 0, told.decode()


async def test_with_a_key(kling: Kling) -> None:
    status, told = await walk("--url", f"{kling.server.url}/kling/", "--key", kling.alice.key)
    assert status == 0, told
    total = int(told.splitlines()[-1].split()[0])
    assert total >= 24
    assert await kling.charged() > 0


async def test_with_a_pair(kling: Kling) -> None:
    gateway = kling.server.gateway
    made = await keys.add(
        gateway.database,
        gateway.vault,
        gateway.ledger,
        gateway.clock,
        user_id=kling.user.id,
        name="pair",
        actor="test",
        pair=True,
    )
    await gateway.snapshots.refresh()
    pair = ("--access-key", made.access_key or "", "--secret-key", made.secret.reveal())
    status, told = await walk("--url", f"{kling.server.url}/kling", *pair)
    assert status == 0, told
    assert "a token that has ended" in told


async def test_a_failure_is_told(kling: Kling) -> None:
    status, told = await walk("--url", f"{kling.server.url}/kling", "--key", "sk-wrong-0123456789")
    assert status == 1
    assert "NO" in told
    status, told = await walk("--url", "http://127.0.0.1:1", "--key", "sk-wrong-0123456789")
    assert status == 1
    assert "cannot be reached" in told
