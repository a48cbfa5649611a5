"""Tasks whose submits go to a pool of accounts."""

from __future__ import annotations

import asyncio

import pytest
from pool_kiln import KilnHouse

pytestmark = pytest.mark.anyio


async def test_what_is_made_is_kept_and_paid_once(house: KilnHouse) -> None:
    await house.open(1)
    house.jobs["job-1"] = {"state": "succeed", "pot": f"{house.base_url}/pot.png"}
    before = await house.server.balance(house.user)
    status, fired = await house.fire()
    assert (status, fired["state"]) == (200, "processing")
    task = await house.task(fired["id"])
    assert (task.state, task.upstream_id) == ("succeed", "job-1")
    after = await house.server.balance(house.user)
    assert (before[0] - after[0], after[1]) == (10, 0)
    media = house.server.gateway.media
    (kept,) = await media.of(task.call_id)
    assert (kept.mime_type, kept.name) == ("image/png", "pot-1")
    assert await media.read(kept) == b"\x89PNG\r\n\x1a\nfired"
    assert (await house.server.verify()).ok


async def test_a_submit_that_makes_it_at_once_ends_the_task(house: KilnHouse) -> None:
    await house.open(1)
    house.says["kiln-0"] = "succeed"
    _, fired = await house.fire()
    task = await house.task(fired["id"])
    assert (task.state, task.polls) == ("succeed", 1)
    (kept,) = await house.server.gateway.media.of(task.call_id)
    assert kept.mime_type == "image/png"


async def test_parallel_tasks_spread_over_the_accounts(house: KilnHouse) -> None:
    await house.open(3)
    fired = await asyncio.gather(*(house.fire() for _ in range(6)))
    assert [status for status, _ in fired] == [200] * 6
    assert house.asked == {"kiln-0": 2, "kiln-1": 2, "kiln-2": 2}


async def test_an_account_has_no_more_under_way_than_its_channel_says(house: KilnHouse) -> None:
    await house.open(1, most=1)
    _, first = await house.fire()
    second = asyncio.create_task(house.fire())
    async with asyncio.timeout(10):
        while not house.server.gateway.queue.list():
            await asyncio.sleep(0.01)
    assert house.asked["kiln-0"] == 1
    house.jobs["job-1"] = {"state": "failed"}
    await house.task(first["id"])
    status, _ = await second
    assert (status, house.asked["kiln-0"]) == (200, 2)


async def test_who_cannot_wait_is_told_that_all_are_in_use(house: KilnHouse) -> None:
    await house.open(1, most=1, wait=0)
    await house.fire()
    before = await house.server.balance(house.user)
    status, said = await house.fire()
    assert (status, said["error"]["code"]) == (429, "quota_exhausted")
    assert await house.server.balance(house.user) == before


async def test_an_account_that_is_refused_is_left_for_another(house: KilnHouse) -> None:
    await house.open(2)
    house.says["kiln-0"] = "401 Unauthorized"
    fired = [await house.fire() for _ in range(2)]
    assert [status for status, _ in fired] == [200, 200]
    task = await house.task(fired[0][1]["id"], lambda task: task.upstream_id is not None)
    assert task.credential_id == 2
    assert (await house.states())[1] == "ready"
    # With a grant that is made anew once, and then no more.
    assert house.asked == {"kiln-0": 2, "kiln-1": 2}


@pytest.mark.parametrize("said", ["cut", "504 Gateway Timeout"])
async def test_nothing_is_sent_again_where_the_answer_was_lost(house: KilnHouse, said: str) -> None:
    await house.open(2)
    house.says = {"kiln-0": said, "kiln-1": said}
    before = await house.server.balance(house.user)
    status, told = await house.fire()
    assert (status, told["error"]["code"]) == (502, "upstream_interrupted")
    assert sum(house.asked.values()) == 1
    balance, held = await house.server.balance(house.user)
    # Whether it is made is not known: what was held waits for the poller's word.
    assert (before[0] - balance, held) == (0, 10)


async def test_an_account_that_has_not_paid_is_left_alone(house: KilnHouse) -> None:
    await house.open(2)
    house.plugin.poor = {"kiln-0"}
    assert (await house.fire())[0] == 200
    assert await house.states() == ["ready", "ready"]
    house.plugin.poor = {"kiln-0", "kiln-1"}
    status, said = await house.fire()
    assert (status, said["error"]["code"]) == (403, "tier_too_low")
    house.plugin.known = True
    status, said = await house.fire()
    assert (status, said["error"]["code"]) == (403, "tier_too_low")
    assert (await house.server.balance(house.user))[1] == 10
    assert house.asked == {"kiln-1": 1}


async def test_nothing_is_asked_for_for_ever(house: KilnHouse) -> None:
    await house.open(1)
    house.plugin.poller.most = 3
    _, fired = await house.fire()
    task = await house.task(fired["id"])
    assert (task.state, task.polls) == ("expired", 3)
    assert (await house.server.balance(house.user))[1] == 0


async def test_what_cannot_be_fetched_is_asked_for_again(house: KilnHouse) -> None:
    await house.open(1)
    house.jobs["job-1"] = {"state": "succeed", "pot": f"{house.base_url}/jobs/job-1?away"}
    house.plugin.poller.most = 200
    _, fired = await house.fire()
    # A URL of the upstream's that leads inside, and is not its own, is not followed.
    house.jobs["job-1"] = {"state": "succeed", "pot": "http://127.0.0.2:9/pot.png"}
    await house.task(fired["id"], lambda task: task.failures >= 1)
    house.jobs["job-1"] = {"state": "succeed", "pot": f"{house.base_url}/pot.png"}
    task = await house.task(fired["id"])
    assert task.state == "succeed"
