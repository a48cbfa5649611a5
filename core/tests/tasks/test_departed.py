"""Tasks whose key, user, channel, credential or price goes before they end; and refunds."""

from __future__ import annotations

import pytest
from press import PRICE, PressGateway

from plugway.channels import store as channels
from plugway.channels.store import ChannelDraft
from plugway.credentials import store as credentials
from plugway.errors import Conflict
from plugway.identity import keys, users
from plugway.ledger.operations import Refund
from plugway.ledger.tariff import Tariff
from plugway.testing import ManualClock

pytestmark = pytest.mark.anyio


async def end(press: PressGateway, clock: ManualClock, **details: object) -> str:
    """Let the press be done, and say how its task has ended here."""
    press.press.set("done", **details)
    await press.gateway.snapshots.refresh()
    clock.advance(11)
    await press.poll()
    return (await press.task()).state


async def test_a_task_outlives_its_key_and_its_user(
    press: PressGateway, clock: ManualClock
) -> None:
    await press.submit()
    database = press.gateway.database
    (key,) = await keys.search(database)
    await keys.remove(database, key.id)
    await users.change(database, press.user.id, enabled=False)
    await press.gateway.snapshots.refresh()
    assert (await press.submit())[0] == 401
    assert await end(press, clock) == "succeed"
    assert await press.charged() == (PRICE, 0)


async def test_a_task_outlives_what_is_out_of_use(press: PressGateway, clock: ManualClock) -> None:
    await press.submit()
    task, gateway = await press.task(), press.gateway
    off = ChannelDraft(enabled=False)
    await channels.change(
        gateway.database, gateway.vault, gateway.registry.providers, "main", off, clock
    )
    await credentials.set_state(gateway.database, task.credential_id or 0, "disabled", "", clock)
    with pytest.raises(Conflict, match="not ended"):
        await credentials.remove(gateway.database, task.credential_id or 0)
    await gateway.snapshots.refresh()
    assert (await press.submit())[0] == 503
    assert await end(press, clock) == "succeed"
    assert await press.charged() == (PRICE, 0)


async def test_a_price_that_is_gone_is_the_one_of_the_submit(
    press: PressGateway, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await press.submit()
    monkeypatch.setattr(press.gateway.prices, "_tariff", Tariff({}))
    # What it says it used has no price either.
    press.press.set("done", pages=3)
    clock.advance(11)
    await press.poll()
    assert await press.charged() == (PRICE, 0)


async def test_a_refund_of_a_task_leaves_the_ledger_whole(
    press: PressGateway, clock: ManualClock
) -> None:
    await press.submit()
    call_id = (await press.task()).call_id

    def refund(key: str, amount: int) -> Refund:
        return Refund(
            call_id=call_id, amount=amount, actor="a", reason="r", idempotency_key=key, at=1
        )

    with pytest.raises(Conflict):
        await press.gateway.ledger.submit(refund("early", 1))
    assert await end(press, clock) == "succeed"
    await press.gateway.ledger.submit(refund("half", PRICE // 2))
    assert await press.charged() == (PRICE // 2, 0)
    await press.gateway.ledger.submit(refund("rest", PRICE // 2))
    with pytest.raises(Conflict):
        await press.gateway.ledger.submit(refund("more", 1))
    assert await press.charged() == (0, 0)
    (row,) = await press.server.usage()
    assert row.credits == 0
