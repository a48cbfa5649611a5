"""Accounts are prepared for calls: one project, tier and credits, kept across restarts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from flow_accounts import CREATE, CREDITS, Flow, flow, until

from plugway import (
    AccountMigrated,
    Channel,
    CredentialRestricted,
    UnreadableAnswer,
    UpstreamError,
)
from plugway.storage.database import Database
from plugway.storage.migrate import make, migrate, pending
from plugway.testing import ManualClock
from plugway_flow import register_models_db
from plugway_flow.account import Account
from plugway_flow.accounts.tables import FlowAccount
from plugway_flow.emulator import FlowEmulator

pytestmark = pytest.mark.anyio


async def prepared(whole: Flow, channel: Channel, number: int = 0) -> Account:
    """Prepare an account as a call does."""
    turn = whole.turn(channel, whole.credentials(channel)[number])
    try:
        return await whole.accounts.prepared(turn)
    finally:
        await turn.close()


async def test_calls_at_once_make_one_project_and_a_restart_keeps_it(tmp_path: Path) -> None:
    clock = ManualClock()
    emulator = FlowEmulator(accounts=["first", "second"], now=lambda: clock.now() / 1_000_000)
    await emulator.start()
    home = tmp_path / "home"
    try:
        async with flow(home, emulator=emulator, clock=clock) as whole:
            channel = await whole.channel(*emulator.secrets, project_title="mine")
            found = await asyncio.gather(
                *(prepared(whole, channel, number) for number in (0, 1, 0, 1, 0))
            )
            projects = [list(one.projects.values()) for one in emulator.accounts]
            assert [[one.title for one in its] for its in projects] == [["mine"], ["mine"]]
            assert {one.project_id for one in found} == {its[0].id for its in projects}
            seen = next(one for one in emulator.seen if one.path == CREATE)
            assert seen.json() == {"json": {"projectTitle": "mine", "toolName": "PINHOLE"}}
            assert emulator.secrets[0] in (seen.header("cookie") or "")
            # Minting asks for credits; nobody asks again.
            assert whole.asked(CREDITS) == 2
        async with flow(home, emulator=emulator, clock=clock) as whole:
            channel = next(iter(whole.gateway.channels.all()))
            await until(lambda: whole.accounts.known(1) is not None)
            assert whole.accounts.known(1) == found[0]
            again = await prepared(whole, channel)
            assert again.project_id == found[0].project_id
            assert whole.asked(CREATE) == 2
    finally:
        await emulator.stop()


async def test_tier_and_credits_are_asked_for_when_they_are_old(tmp_path: Path) -> None:
    async with flow(tmp_path / "home") as whole:
        channel = await whole.channel(whole.emulator.secrets[0])
        account = whole.emulator.accounts["first"]
        assert (await prepared(whole, channel)).tier == "pro"
        account.tier, account.credits = "PAYGATE_TIER_TWO", 7
        asked = whole.asked(CREDITS)
        assert (await prepared(whole, channel)).credits == 1_000
        assert whole.asked(CREDITS) == asked
        await whole.accounts.note_credits(1, 12)
        known = whole.accounts.known(1)
        assert known is not None
        assert (known.credits, (await whole.accounts.store.get(1) or known).credits) == (12, 12)
        whole.clock.advance(901)
        fresh = await prepared(whole, channel)
        assert (fresh.tier, fresh.credits) == ("ultra", 7)
        account.tier = "PAYGATE_TIER_NOT_PAID"
        whole.clock.advance(901)
        assert (await prepared(whole, channel)).tier == "free"
        # Where they are known, an outage of that question stops no call.
        whole.clock.advance(901)
        whole.emulator.fail("status", path=CREDITS, status=503)
        assert (await prepared(whole, channel)).tier == "free"
        account.state = "restricted"
        whole.clock.advance(901)
        with pytest.raises(CredentialRestricted):
            await prepared(whole, channel)


async def test_a_project_that_is_gone_is_made_anew_and_failures_are_told(tmp_path: Path) -> None:
    async with flow(tmp_path / "home") as whole:
        channel = await whole.channel(whole.emulator.secrets[0])
        for details, kind in (
            ({"status": 500}, UpstreamError),
            ({"status": 200, "json": {"result": {}}}, UnreadableAnswer),
            (
                {"status": 302, "headers": {"Location": "https://flow.google.com/x"}},
                AccountMigrated,
            ),
        ):
            whole.emulator.fail("status", path=CREATE, **details)
            with pytest.raises(kind) as caught:
                await prepared(whole, channel)
            assert not caught.value.acted
        before = (await prepared(whole, channel)).project_id
        await whole.accounts.forget_project(1)
        after = (await prepared(whole, channel)).project_id
        assert len({before, after, ""}) == 3
        # What another node has made since is not forgotten.
        store = whole.accounts.store
        assert await store.set_project(1, after, "theirs") == "theirs"
        await whole.accounts.forget_project(1)
        assert (await prepared(whole, channel)).project_id == "theirs"


async def test_the_table_is_what_the_migration_makes(tmp_path: Path) -> None:
    tables = register_models_db()
    async with Database(f"sqlite://{tmp_path}/plugway.db", [tables]) as database:
        await migrate(database)
        assert await pending(database) == []
        await database.run(lambda: FlowAccount.create(credential_id=2**40, credits=None))
        row = await database.run(lambda: FlowAccount.get(credential_id=2**40))
        assert (row.tier, row.project_id, row.checked_at) == ("free", "", 0)
    assert await make("flow", [tables]) is None
