"""What becomes of a task while what it made is fetched, and of a submit that takes long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pool_kiln import KilnHouse

from plugway import Task
from plugway.errors import Unavailable
from plugway.media.store import MediaStore
from plugway.storage.models import MediaRow

pytestmark = pytest.mark.anyio

#: Microseconds of a lease.
LEASE = 60_000_000

#: The same, for which the poller leaves a submit alone that says nothing of itself.
PATIENCE = 650_000


async def test_its_name_is_durable_before_what_it_made_is_fetched(house: KilnHouse) -> None:
    await house.open(1)
    house.says["kiln-0"] = "fired"
    house.jobs["job-1"] = {"state": "succeed", "pot": f"{house.base_url}/pot.png"}
    house.drawn.clear()
    firing = asyncio.create_task(house.fire())
    call_id = await house.begun()
    task = await house.task(call_id, lambda task: task.upstream_id is not None)
    assert (task.state, task.upstream_id, firing.done()) == ("processing", "job-1", False)
    house.drawn.set()
    assert (await firing)[0] == 200
    assert (await house.task(call_id)).state == "succeed"


async def test_what_cannot_be_written_now_is_asked_for_again(
    house: KilnHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.open(1)
    house.says["kiln-0"] = "fired"

    async def full(*_: object, **__: object) -> None:
        raise Unavailable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(MediaStore, "keep", full)
        status, fired = await house.fire()
    assert (status, fired["state"]) == (200, "processing")
    house.jobs["job-1"] = {"state": "succeed", "pot": f"{house.base_url}/pot.png"}
    assert (await house.task(fired["id"])).state == "succeed"


async def test_what_came_of_a_fetch_that_was_given_up_is_removed(house: KilnHouse) -> None:
    await house.open(1)
    stuck = asyncio.Event()

    async def drip() -> AsyncIterator[bytes]:
        yield bytes(2 << 20)
        stuck.set()
        await asyncio.Event().wait()

    gateway = house.server.gateway
    keeping = asyncio.create_task(gateway.media.keep(drip(), call_id="a", user_id=1))
    async with asyncio.timeout(10):
        await stuck.wait()
    keeping.cancel()
    await asyncio.wait((keeping,))
    assert not await gateway.database.run(lambda: MediaRow.all().count())
    folder = house.server.home / "media"
    assert not [path for path in folder.rglob("*") if path.is_file()]


async def test_no_other_node_takes_it_while_it_is_fetched(house: KilnHouse) -> None:
    await house.open(1)
    house.drawn.clear()
    house.jobs["job-1"] = {"state": "succeed", "pot": f"{house.base_url}/pot.png"}
    _, fired = await house.fire()

    def held(at: int | None) -> bool:
        return at is not None and at - house.server.gateway.clock.now() > LEASE

    await house.task(fired["id"], lambda task: held(task.next_poll_at))
    house.drawn.set()
    assert (await house.task(fired["id"])).state == "succeed"
    assert len(house.fetched) == 1


async def test_polls_that_told_nothing_do_not_end_it(house: KilnHouse) -> None:
    await house.open(1)
    house.plugin.poller.most = 2
    house.jobs["job-1"] = {"status": "502 Bad Gateway"}
    _, fired = await house.fire()
    task = await house.task(fired["id"], lambda task: task.failures >= 2)
    assert not task.ended
    house.jobs["job-1"] = {"state": "succeed", "pot": f"{house.base_url}/pot.png"}
    assert (await house.task(fired["id"])).state == "succeed"


async def test_a_long_submit_is_left_alone(tmp_path: Path) -> None:
    house = KilnHouse(tmp_path, PLUGWAY__TASKS__FIND_SECONDS="0.1")
    await house.open(1, total_timeout=0.3)
    house.plugin.works.clear()
    firing = asyncio.create_task(house.fire())
    call_id = await house.begun()
    first = (await house.task(call_id, lambda task: task.credential_id is not None)).next_poll_at
    assert first is not None
    late = first + PATIENCE

    def seen(task: Task) -> bool:
        # Put off again and again; or taken by the poller, whose lease is far longer.
        return task.polls > 0 or late < (task.next_poll_at or 0) < late + LEASE // 2

    task = await house.task(call_id, seen)
    assert (task.state, task.polls) == ("pending", 0)
    house.plugin.works.set()
    assert (await firing)[0] == 200
    await house.close()


async def test_what_is_behind_a_proxy_is_not_inside(tmp_path: Path) -> None:
    house = KilnHouse(tmp_path)
    await house.open(1, proxied=True)
    house.jobs["job-1"] = {"state": "succeed", "pot": "http://127.0.0.2/pot.png"}
    _, fired = await house.fire()
    await house.task(fired["id"], lambda task: task.failures >= 1)
    assert not house.fetched
    house.jobs["job-1"] = {"state": "succeed", "pot": "http://pots.example/pot.png?a=%2F"}
    assert (await house.task(fired["id"])).state == "succeed"
    assert house.fetched == ["http://pots.example/pot.png?a=%2F"]
    await house.close()
