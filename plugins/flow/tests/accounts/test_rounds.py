"""Sessions are looked at in rounds, so that no customer finds out that one is dead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flow_accounts import CREDITS, SESSION, Flow, flow

from plugway.storage.models import TaskRow

pytestmark = pytest.mark.anyio

CHECK = {"PLUGWAY__PLUGINS__FLOW__CHECK_SECONDS": "600"}


async def again(whole: Flow, seconds: float = 601) -> None:
    """Let time pass, and do a round."""
    whole.clock.advance(seconds)
    await whole.gateway.snapshots.refresh()
    await whole.round()


async def test_a_dead_token_is_noticed_without_a_call_and_a_new_one_brings_it_back(
    tmp_path: Path,
) -> None:
    async with flow(tmp_path / "home", "dead", "moved", "good", environ=CHECK) as whole:
        channel = await whole.channel(*whole.emulator.secrets)
        await whole.round()
        assert [row.state for row in await whole.rows()] == ["ready"] * 3
        asked = whole.asked(SESSION)
        await whole.round()
        assert whole.asked(SESSION) == asked, "not before its time"
        whole.emulator.accounts["dead"].revoke()
        whole.emulator.accounts["moved"].state = "migrated"
        await again(whole)
        # Out of use at once: no call is given them.
        states = [one.state for one in whole.credentials(channel)]
        assert states == ["expired", "restricted", "ready"]
        for _ in range(3):
            await again(whole, 301)
        dead, moved, good = await whole.rows()
        assert (dead.state, moved.state, good.state) == ("quarantined", "quarantined", "ready")
        assert "The session has ended: sign in" in dead.reason
        assert "moved this account to flow.google.com" in moved.reason
        asked = whole.asked(SESSION)
        await again(whole, 60)
        assert whole.asked(SESSION) <= asked + 1, "of the dead ones nobody asks any more"
        # The owner signs in, and imports what the browser has now.
        fresh = whole.emulator.sign_in("dead").value
        kind = whole.gateway.registry.credential_kinds["flow_session"]
        text = kind.parse(f'{{"st": "{fresh}", "email": "dead@flow.example"}}').reveal()
        assert await whole.gateway.renewals.adopt(channel, text) == "updated"
        assert [row.state for row in await whole.rows()] == ["ready", "quarantined", "ready"]


async def test_an_outage_is_held_against_no_account(tmp_path: Path) -> None:
    async with flow(tmp_path / "home", environ=CHECK) as whole:
        channel = await whole.channel(whole.emulator.secrets[0], max_failures=1)
        await whole.round()
        for kind in ("lost", "html", "truncated", "refused"):
            whole.emulator.mishap(kind, call="session", times=2)
            await again(whole)
            (row,) = await whole.rows()
            assert (row.state, row.renewal_failures) == ("ready", 0), kind
        whole.emulator.fail("status", path=CREDITS, status=403, times=9)
        await again(whole)
        (row,) = await whole.rows()
        assert (row.state, row.renewal_failures) == ("ready", 0)
        whole.emulator.mishaps.waiting.clear()
        whole.emulator.faults.clear()
        await again(whole, 3_600)
        (row,) = await whole.rows()
        assert (row.state, row.reason) == ("ready", "")
        (credential,) = whole.credentials(channel)
        assert credential.state == "ready"


async def test_nobody_has_an_account_twice_whatever_its_token_is(tmp_path: Path) -> None:
    """Row 23: what is imported again updates, though a bare token does not say whose it is."""
    async with flow(tmp_path / "home") as whole:
        channel = await whole.channel(whole.emulator.secrets[0])
        await whole.round()
        (first,) = await whole.rows()
        assert first.label == "first@flow.example"
        fresh = whole.emulator.sign_in("first").value
        kind = whole.gateway.registry.credential_kinds["flow_session"]
        bare = kind.parse(fresh)
        assert kind.label(bare) is None
        assert await whole.gateway.renewals.adopt(channel, bare.reveal()) == "added"
        # The one that is too many goes when nobody asks for what it has made any more.
        task = await whole.gateway.database.run(lambda: _task(channel.id, first.id + 1))
        await again(whole, 1)
        assert [row.state for row in await whole.rows()] == ["ready", "ready"]
        task.next_poll_at = None
        await whole.gateway.database.run(task.save)
        await again(whole, 120)
        (row,) = await whole.rows()
        assert (row.id, row.label, row.state) == (first.id, first.label, "ready")
        assert row.digest != first.digest
        (credential,) = whole.credentials(channel)
        assert fresh in credential.secret.reveal()
        # It can be deleted, and come again.
        assert await whole.gateway.renewals.adopt(channel, credential.secret.reveal()) == (
            "unchanged"
        )


async def test_a_session_that_was_exchanged_is_looked_at_soon(tmp_path: Path) -> None:
    async with flow(tmp_path / "home") as whole:
        channel = await whole.channel(whole.emulator.secrets[0])
        await whole.round()
        fresh = whole.emulator.sign_in("first")
        fresh.revoked = True
        text = f'{{"st": "{fresh.value}", "email": "first@flow.example"}}'
        assert await whole.gateway.renewals.adopt(channel, text) == "updated"
        await again(whole, 61)
        assert [row.state for row in await whole.rows()] == ["expired"]


async def _task(channel_id: int, credential_id: int) -> TaskRow:
    """Write a task that a credential has made, and that is asked for much later."""
    numbers: dict[str, Any] = {"user_id": 1, "account_id": 1, "price": 0, "polls": 0, "failures": 0}
    texts: dict[str, Any] = {
        "kind": "video",
        "model": "m",
        "request_id": "r",
        "ip": "::1",
        "facts": "{}",
    }
    return await TaskRow.create(
        call_id="a-task",
        provider="flow",
        channel_id=channel_id,
        credential_id=credential_id,
        state="processing",
        request="",
        next_poll_at=2**60,
        created_at=0,
        updated_at=0,
        **numbers,
        **texts,
    )
