"""Which driver a turn gets, and when one is closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from plugway import Channel, ChatEvent, NoChannel, Secret, Turn
from plugway.testing import ManualClock
from plugway_aistudio.driver import Driver, Health
from plugway_aistudio.pages import Pages, Status
from plugway_aistudio.question import Question
from plugway_aistudio.settings import AIStudioSettings

pytestmark = pytest.mark.anyio

CHANNEL = Channel(
    id=1, provider="aistudio", name="c", base_url="https://a.example", models=frozenset("*")
)


class FakeDriver(Driver):
    """Notes what becomes of it."""

    def __init__(self, secret: Secret, proxy: str) -> None:
        self.secret = secret
        self.proxy = proxy
        self.closed = False

    async def open(self) -> None:
        """Be open."""

    async def submit(self, question: Question) -> None:
        """Take no question."""
        raise NotImplementedError

    def stream(self) -> AsyncGenerator[ChatEvent, None]:
        """Give nothing."""
        raise NotImplementedError

    async def cancel(self) -> None:
        """Have nothing to stop."""

    async def state(self) -> Mapping[str, Any] | None:
        """Have no browser."""
        return None

    def health(self) -> Health:
        """Be well until closed."""
        return Health(open=not self.closed, ready=not self.closed)

    async def close(self) -> None:
        """Note it."""
        self.closed = True


class House:
    """Is pages with drivers that do nothing."""

    def __init__(self, **settings: Any) -> None:
        self.clock = ManualClock()
        self.made: list[FakeDriver] = []
        self.newest: dict[Secret, Secret] = {}
        self.settings = settings
        self.pages = Pages(
            self._make,
            lambda _, secret: self.newest.get(secret, secret),
            lambda: AIStudioSettings(**self.settings),
            self.clock,
        )

    def _make(self, secret: Secret, channel: Channel, proxy: str) -> Driver:
        self.made.append(FakeDriver(secret, proxy))
        return self.made[-1]

    async def use(self, number: int, secret: str = "", channel: Channel = CHANNEL) -> FakeDriver:
        """Take a driver and give it back, a second later."""
        used = turn(number, secret, channel)
        driver = await self.pages.take(used)
        self.clock.advance(1)
        self.pages.give(used)
        return cast("FakeDriver", driver)


def turn(number: int, secret: str = "", channel: Channel = CHANNEL) -> Turn:
    async def proxy_url() -> str | None:
        return None if number else "http://10.0.0.1:3128"

    found: Any = SimpleNamespace(
        credential_id=number,
        secret=Secret(secret or f"profile-{number}"),
        channel=channel,
        proxy_url=proxy_url,
    )
    return cast("Turn", found)


async def test_a_profile_has_one_driver_as_long_as_it_is_the_same() -> None:
    house = House()
    first = await house.use(1)
    assert await house.use(1) is first
    assert await house.use(2) is not first
    # Signed in anew by the operator: begin anew.
    again = await house.use(1, "other")
    assert again is not first
    assert first.closed
    # The channel has changed.
    other = msgspec.structs.replace(CHANNEL, base_url="https://b.example")
    moved = await house.use(1, "other", other)
    assert moved is not again
    assert again.closed


async def test_settings_that_have_changed_count_from_the_next_question_on() -> None:
    house = House()
    first = await house.use(1)
    house.settings["selectors"] = {"run": ("#go",)}
    assert await house.use(1) is not first
    assert first.closed


async def test_what_its_own_page_has_renewed_is_the_same() -> None:
    house = House()
    first = await house.use(1)
    house.newest[Secret("profile-1")] = Secret("fresh")
    house.pages.renewed(1, Secret("fresh"))
    # Until the pool has read it, turns come with the one before.
    assert await house.use(1) is first
    assert await house.use(1, "fresh") is first


async def test_a_browser_gets_the_way_of_its_profile_or_none_at_all() -> None:
    house = House()
    assert (await house.use(0, "p")).proxy == "http://10.0.0.1:3128"
    assert (await house.use(1)).proxy == "direct"


async def test_the_page_unused_longest_makes_room() -> None:
    house = House(pages=2)
    first, second = await house.use(1), await house.use(2)
    busy = turn(1)
    assert await house.pages.take(busy) is first
    third = await house.use(3)
    assert (first.closed, second.closed, third.closed) == (False, True, False)
    # Those at work are never closed for another, which waits for the first that is free.
    await house.pages.take(turn(3))
    waiting = [asyncio.create_task(house.use(number)) for number in (4, 5)]
    for _ in range(20):
        await asyncio.sleep(0)
    assert (first.closed, third.closed, len(house.made)) == (False, False, 3)
    assert house.pages.status().open == 2
    house.pages.give(busy)
    async with asyncio.timeout(30):
        await asyncio.gather(*waiting)
    assert (first.closed, third.closed, len(house.made)) == (True, False, 5)
    assert house.pages.status().open == 2
    # One that waits in vain takes nobody's place.
    await house.pages.take(turn(5))
    leaving = asyncio.create_task(house.use(6))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    house.pages.give(turn(5))
    assert not (await house.use(7)).closed


async def test_one_that_is_not_open_any_more_begins_with_the_newest_cookies() -> None:
    house = House()
    first = await house.use(1)
    house.newest[Secret("profile-1")] = Secret("fresh")
    house.pages.renewed(1, Secret("fresh"))
    await first.close()
    again = await house.use(1)
    assert house.made == [first, again]
    assert again.secret == Secret("fresh")


async def test_a_page_is_opened_anew_after_so_many_requests() -> None:
    house = House(page_requests=2)
    drivers = [await house.use(1) for _ in range(5)]
    assert [house.made.index(one) for one in drivers] == [0, 0, 1, 1, 2]


async def test_pages_that_nobody_uses_are_closed() -> None:
    house = House(idle_seconds=60)
    idle = await house.use(1)
    busy = cast("FakeDriver", await house.pages.take(turn(2)))
    for _ in range(10):
        await asyncio.sleep(0)
        house.clock.advance(10)
    async with asyncio.timeout(10):
        while not idle.closed:
            await asyncio.sleep(0)
    assert [idle.closed, busy.closed] == [True, False]
    await house.pages.close()
    assert [idle.closed, busy.closed] == [True, True]
    assert house.pages.status() == Status()


async def test_how_they_are_is_told() -> None:
    house = House()
    assert house.pages.status() == Status()
    used = turn(1)
    await house.pages.take(used)
    assert house.pages.status() == Status(open=1, busy=1)
    house.pages.give(used)
    assert house.pages.status() == Status(open=1, busy=0)


async def test_a_turn_without_a_profile_gets_nothing() -> None:
    without: Any = SimpleNamespace(credential_id=None, secret=None)
    with pytest.raises(NoChannel):
        await House().pages.take(without)
