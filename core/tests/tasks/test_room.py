"""Accounts that have no room, or are not fit, for a task that waits for one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from pool_kiln import KilnHouse

from plugway.storage.models import CredentialRow

pytestmark = pytest.mark.anyio


async def until(met: Callable[[], object]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(10):
        while not met():
            await asyncio.sleep(0.01)


def waiting(house: KilnHouse) -> list[str]:
    """Return the calls that wait for an account."""
    places = house.server.gateway.queue.list()
    return [place.call_id for place in places if place.state == "waiting"]


async def test_a_task_that_waits_for_room_does_not_hold_up_other_kinds(house: KilnHouse) -> None:
    await house.open(1, most=1)
    await house.fire("video")
    late = asyncio.create_task(house.fire("video"))
    await until(lambda: waiting(house))
    async with asyncio.timeout(5):
        assert (await house.fire("image"))[0] == 200
    assert not late.done()
    house.jobs["job-1"] = {"state": "failed"}
    assert (await late)[0] == 200


async def test_it_can_be_cancelled_while_it_waits_for_another_account(house: KilnHouse) -> None:
    await house.open(2, most=1)
    _, first = await house.fire()
    _, second = await house.fire()
    house.jobs["job-2"] = {"state": "failed"}
    await house.task(second["id"])
    house.says["kiln-1"] = "403 Forbidden"
    before = await house.server.balance(house.user)
    late = asyncio.create_task(house.fire())
    await until(lambda: house.asked["kiln-1"] == 2 and waiting(house))
    assert await house.server.gateway.queue.cancel(waiting(house)[0])
    status, said = await late
    assert (status, said["error"]["code"]) == (499, "cancelled")
    task = await house.task(first["id"], lambda _: True)
    assert (task.credential_id, await house.server.balance(house.user)) == (1, before)


async def test_one_that_has_not_paid_is_no_answer_while_another_is_full(house: KilnHouse) -> None:
    await house.open(2, most=1, wait=0)
    house.plugin.poor = {"kiln-0"}
    await house.fire()
    status, said = await house.fire()
    assert (status, said["error"]["code"]) == (429, "quota_exhausted")


async def test_a_plugin_that_cannot_say_what_suits_harms_nobody(house: KilnHouse) -> None:
    await house.open(2)
    house.plugin.broken = True
    assert [status for status, _ in [await house.fire() for _ in range(3)]] == [200] * 3


async def test_an_account_that_was_refused_is_tried_again_although_others_work(
    house: KilnHouse,
) -> None:
    await house.open(2)
    gateway = house.server.gateway
    pool, channel = gateway.credentials, gateway.channels.all()[0]
    doubtful = pool.get(channel.id, 1)
    assert doubtful is not None
    pool.refused(doubtful, channel, "not now", "restricted")
    async with asyncio.timeout(10):
        while (await house.states())[0] != "restricted":
            await asyncio.sleep(0.01)
    await gateway.database.run(lambda: CredentialRow.filter(id=1).update(cooling_until=1))
    await pool.load()
    await house.fire()
    assert (house.asked, doubtful.state) == ({"kiln-0": 1}, "ready")


async def test_what_an_account_is_told_meanwhile_outlasts_an_older_success(
    house: KilnHouse,
) -> None:
    await house.open(1, daily_images=5)
    pool, channel = house.server.gateway.credentials, house.server.gateway.channels.all()[0]
    house.plugin.works.clear()
    older = asyncio.create_task(house.fire())
    account = pool.get(channel.id, 1)
    assert account is not None
    async with asyncio.timeout(10):
        while not (places := house.server.gateway.queue.list()) or places[0].started is None:
            await asyncio.sleep(0.01)
    pool.exhausted(account, channel, 600.0, "used up")
    house.plugin.works.set()
    assert (await older)[0] == 200
    assert account.state == "cooling"
    # And it is counted, with no other claim that would have it written.
    async with asyncio.timeout(10):
        while '"images":1' not in (await house.quotas())[0]:
            await asyncio.sleep(0.01)
