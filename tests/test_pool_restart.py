"""What the pool has learnt survives a restart, and the operator's commands end it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pool_business
import pytest
from pool_business import Pool, asks

from plugway.testing import ManualClock
from plugway.testing.process import GatewayProcess
from plugway_gemini_business.emulated.accounts import NewAccount
from plugway_gemini_business.emulator import GeminiBusinessEmulator

pytestmark = pytest.mark.anyio

#: Workers renew, and there is none.
ENVIRON = {
    "PLUGWAY__PLUGINS__GEMINI_BUSINESS__MODE": "server",
    "PLUGWAY__PLUGINS__GEMINI_BUSINESS__WORKER_SECRET": "a-secret-of-workers",
}

#: Seconds until a serving process follows what a command has changed.
SOON = 2.0


class House:
    """Is a home that serves time and again, with the operator's commands beside it.

    Attributes:
        emulator: The upstream.
        clock: The time.
        key: The caller's; empty before the first run.
    """

    def __init__(self, home: Path, emulator: GeminiBusinessEmulator, clock: ManualClock) -> None:
        self.emulator = emulator
        self.clock = clock
        self.key = ""
        self._home = home
        self._process = GatewayProcess(home, {**pool_business.ENVIRON, **ENVIRON})

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Pool]:
        """Serve."""
        async with pool_business.gateway(
            self._home, self.emulator, self.clock, key=self.key, environ=ENVIRON
        ) as pool:
            self.key = pool.key
            yield pool

    async def command(self, *words: str) -> Any:
        """Run a command of `plugway credentials`, and let the gateway follow."""
        done = await asyncio.to_thread(self._process.plugway, "credentials", *words)
        self.clock.advance(SOON)
        return done

    async def listed(self) -> list[dict[str, Any]]:
        """Return what `plugway credentials list` shows."""
        found: list[dict[str, Any]] = await asyncio.to_thread(
            self._process.json, "credentials", "list"
        )
        return found

    async def states(self) -> list[str]:
        """Return the states that the list shows."""
        return [row["state"] for row in await self.listed()]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Give a home and an upstream with two accounts."""
    clock = pool_business.present()
    async with pool_business.upstream(clock, "first", "second") as emulator:
        yield House(tmp_path / "home", emulator, clock)


async def test_a_rest_survives_and_clear_ends_it(house: House) -> None:
    house.emulator.behaviour.quota_as = "status"
    house.emulator.behaviour.retry_after = 3_000
    for name in ("first", "second"):
        house.emulator.change(NewAccount(name=name, quotas={"text": 0}))
    async with house.serving() as pool:
        await pool.channel("first", "second")
        assert (await pool.ask()).status == 429
        assert len(asks(house.emulator)) == 2
        await pool.row("second")
    async with house.serving() as pool:
        answer = await pool.ask()
        assert answer.status == 429
        assert 2_900 < int(answer.headers["retry-after"]) <= 3_000
        assert len(asks(house.emulator)) == 2
        assert await house.states() == ["cooling", "cooling"]
        for name in ("first", "second"):
            house.emulator.change(NewAccount(name=name, quotas={}))
        (number, _) = [str(row["id"]) for row in await house.listed()]
        await house.command("clear", number)
        await answers(pool)
        assert await house.states() == ["ready", "cooling"]
        assert asks(house.emulator)[2:] == ["first"]


async def test_the_uses_of_a_day_survive_and_clear_forgets_them(house: House) -> None:
    async with house.serving() as pool:
        await pool.channel("first", daily_text=2, wait=0)
        for _ in range(2):
            assert (await pool.ask()).status == 200
        assert (await pool.ask()).status == 429
        await pool.row("first")
    async with house.serving() as pool:
        assert (await pool.ask()).status == 429
        (row,) = await house.listed()
        assert row["quotas"]["text"]["used"] == 2
        await house.command("clear", str(row["id"]))
        await answers(pool)
        assert len(asks(house.emulator)) == 3


async def test_the_rest_after_a_use_survives(house: House) -> None:
    async with house.serving() as pool:
        await pool.channel("first", use_cooldown=60, wait=0)
        assert (await pool.ask()).status == 200
        await pool.row("first")
    async with house.serving() as pool:
        answer = await pool.ask()
        assert answer.status == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        house.clock.advance(60)
        assert (await pool.ask()).status == 200
    assert house.emulator.truth.gaps("first")[0] >= 60


@pytest.mark.parametrize("command", ["clear", "test", "enable"])
async def test_a_quarantine_survives_until_the_operator_ends_it(house: House, command: str) -> None:
    async with house.serving() as pool:
        await pool.channel("first", max_failures=1, wait=0)
        house.emulator.change(NewAccount(name="first", state="expired"))
        assert (await pool.ask()).status == 503
        assert (await pool.row("first")).state == "expired"
        renewals = pool.server.gateway.renewals
        (renewal,) = await renewals.claim("gemini_business", "a-worker", 1, 60)
        assert await renewals.fail(renewal, "the page asked for a code")
        assert (await pool.row("first")).state == "quarantined"
    before = len(house.emulator.truth.uses)
    async with house.serving() as pool:
        for _ in range(3):
            house.clock.advance(86_400 / 3)
            answer = await pool.ask()
            assert answer.status == 503
            assert int(answer.headers["retry-after"]) >= 1
        assert len(house.emulator.truth.uses) == before
        (row,) = await house.listed()
        assert row["state"] == "quarantined"
        assert "the page asked for a code" in row["reason"]
        # The owner has made it good, in a browser of their own, with the cookies it has.
        house.emulator.change(NewAccount(name="first", state="good"))
        house.emulator.behaviour.cookie_seconds = 1e9
        house.emulator.behaviour.skew_seconds = 1e9
        await house.command(command, str(row["id"]))
        await answers(pool)
        assert await house.states() == ["ready"]


async def test_what_the_operator_disabled_is_not_cleared_nor_tested_back(house: House) -> None:
    async with house.serving() as pool:
        await pool.channel("first", wait=0)
        (row,) = await house.listed()
        number = str(row["id"])
        await house.command("disable", number)
        with pytest.raises(RuntimeError, match="disabled"):
            await house.command("clear", number)
        await house.command("test", number)
        assert await house.states() == ["disabled"]
        assert (await pool.ask()).status == 503
        await house.command("enable", number)
        await answers(pool)


async def answers(pool: Pool) -> None:
    """Expect that a call is answered soon, when the process follows what was changed."""
    for _ in range(100):
        if (await pool.ask()).status == 200:
            return
        pool.clock.advance(0.5)
    pytest.fail("no call is answered")
