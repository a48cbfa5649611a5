"""Profiles of open pages are saved in time, and a good one is never lost by it."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from aistudio_profiles import CANARY, cookie, state, text
from machine_browser import machine_browser
from playwright.async_api import BrowserContext, Error

from plugway import Secret, Unavailable
from plugway.calls.turn import Turn
from plugway.credentials import store
from plugway.credentials.pool import Credential
from plugway.testing import GatewayServer, ManualClock
from plugway_aistudio.emulator import AIStudioEmulator
from plugway_aistudio.profiles.profile import Profile, read
from plugway_aistudio.profiles.saving import Saving

pytestmark = pytest.mark.anyio


class Page:
    """Has what a browser is said to have."""

    def __init__(self, kept: Any) -> None:
        self.kept = kept
        self.asked = 0

    async def state(self) -> Any:
        self.asked += 1
        if isinstance(self.kept, Exception):
            raise self.kept
        return self.kept


class Context:
    """Has a real browser's context."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context

    async def state(self) -> Any:
        return await self.context.storage_state()


class Whole:
    """Is a gateway with one profile, and its saving."""

    def __init__(self, server: GatewayServer, clock: ManualClock) -> None:
        self.server = server
        self.gateway = server.gateway
        self.clock = clock
        self.renewed: list[tuple[int, Secret]] = []
        self.saving = Saving(server.gateway, lambda *news: self.renewed.append(news))

    async def credential(self) -> Credential:
        await self.gateway.snapshots.refresh()
        [channel] = self.gateway.channels.all()
        [credential] = self.gateway.credentials.all(channel.id)
        return credential

    async def stored(self) -> Profile:
        return read((await self.credential()).secret)

    async def turn(self) -> Turn:
        [channel] = self.gateway.channels.all()
        return Turn(cast("Any", None), "call", channel, await self.credential())

    async def after(self, page: Any) -> None:
        """Say that a turn has been answered, and wait for what that began."""
        self.saving.after(await self.turn(), page)
        await self.gateway.background.stop(60)

    async def last(self, page: Any) -> None:
        turn = await self.turn()
        assert turn.secret is not None
        await self.saving.last(turn.channel, 1, turn.secret, page)


@pytest.fixture
async def whole(server: GatewayServer, clock: ManualClock) -> Whole:
    """Give a gateway with one profile, which is saved each hour."""
    await server.channel(
        "aistudio",
        "http://127.0.0.1:9",
        name="studio",
        models=["*"],
        secrets=[text(name="work")],
        settings={"save_seconds": 3600},
    )
    return Whole(server, clock)


async def test_a_profile_is_saved_when_its_time_has_come(whole: Whole) -> None:
    before = await whole.credential()
    page = Page(state(renewed=1))
    await whole.after(page)
    whole.clock.advance(3599)
    await whole.after(page)
    assert page.asked == 0
    whole.clock.advance(1)
    await whole.after(page)
    assert page.asked == 1
    fresh = await whole.credential()
    profile = read(fresh.secret)
    assert [one.value for one in profile.cookies if one.name == "SIDCC"] == [f"{CANARY}-1"]
    assert (profile.name, profile.saved_at) == ("work", whole.clock.now() // 1_000_000)
    assert whole.renewed == [(1, fresh.secret)]
    # A page that was opened with the one is right for the other.
    assert whole.saving.newest(1, before.secret) == fresh.secret
    assert whole.saving.newest(1, fresh.secret) == fresh.secret
    await whole.after(page)
    assert page.asked == 1


async def test_what_has_not_changed_is_not_written(whole: Whole) -> None:
    before = (await whole.credential()).secret
    kept = state()
    kept["cookies"].reverse()
    await whole.last(Page(kept))
    assert (await whole.credential()).secret == before
    assert whole.renewed == []


async def test_a_page_is_saved_before_it_closes_also_when_the_pool_does_not_know_yet(
    whole: Whole,
) -> None:
    turn = await whole.turn()
    assert turn.secret is not None
    for number in (1, 2):
        # The turn's secret is not the stored one any more, the second time.
        await whole.saving.last(turn.channel, 1, turn.secret, Page(state(renewed=number)))
    assert len(whole.renewed) == 2
    assert f"{CANARY}-2" in (await whole.credential()).secret.reveal()


def signed_out(*, names: set[str]) -> Any:
    kept = state(renewed=1)
    kept["cookies"] = [one for one in kept["cookies"] if one["name"] not in names]
    return kept


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ({"cookies": [], "origins": []}, "no cookies: nobody is signed in"),
        ({"cookies": [cookie("NID", "x")], "origins": []}, "no Google sign-in"),
        (signed_out(names={"SAPISID"}), "it has no SAPISID any more"),
        (signed_out(names={"SID", "__Secure-1PSID"}), "it has no SID, __Secure-1PSID any more"),
        (state(end=1_000.0, renewed=1), "its cookies have ended"),
        ({"cookies": [cookie("SID", "x" * (1 << 20))]}, "characters at the most"),
    ],
)
async def test_a_good_profile_is_not_overwritten_by_a_signed_out_one(
    whole: Whole, caplog: pytest.LogCaptureFixture, kept: Any, told: str
) -> None:
    before = (await whole.credential()).secret
    await whole.last(Page(kept))
    assert (await whole.credential()).secret == before
    assert "credential 1 of the channel studio is not saved" in caplog.text
    assert told in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.parametrize("kept", [None, Error("Target closed: SID=canary-7f3")])
async def test_a_page_that_has_ended_says_nothing(
    whole: Whole, caplog: pytest.LogCaptureFixture, kept: Any
) -> None:
    before = (await whole.credential()).secret
    await whole.last(Page(kept))
    assert (await whole.credential()).secret == before
    assert CANARY not in caplog.text


async def test_what_the_operator_put_there_meanwhile_stays(whole: Whole) -> None:
    turn = await whole.turn()
    assert turn.secret is not None
    [channel] = whole.gateway.channels.all()
    await whole.gateway.renewals.adopt(channel, text("second", name="work"))
    await whole.saving.last(channel, 1, turn.secret, Page(state(renewed=1)))
    assert "second-SID" in (await whole.credential()).secret.reveal()
    assert whole.renewed == []


async def test_a_rest_and_the_operators_word_outlast_a_saving(whole: Whole) -> None:
    [channel] = whole.gateway.channels.all()
    pool = whole.gateway.credentials
    pool.exhausted(await whole.credential(), channel, 7200, "429: no quota", ("text",))
    await whole.last(Page(state(renewed=1)))
    assert (await whole.credential()).state == "cooling"
    database, clock = whole.gateway.database, whole.gateway.clock
    await store.set_state(database, 1, "disabled", "by hand", clock)
    await whole.last(Page(state(renewed=2)))
    assert (await whole.credential()).state == "disabled"
    assert len(whole.renewed) == 2


async def test_without_its_database_nothing_is_saved_and_nothing_fails(
    whole: Whole, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(whole.gateway.database, "transact", away)
        await whole.last(Page(state(renewed=1)))
    assert "is not saved: the database is away" in caplog.text
    await whole.last(Page(state(renewed=1)))
    assert len(whole.renewed) == 1


async def test_a_real_browser_keeps_its_profile_fresh(
    server: GatewayServer, upstream: AIStudioEmulator, clock: ManualClock
) -> None:
    browser = machine_browser()
    # The upstream takes none but the last two.
    upstream.accounts["first"].keeps = 2
    await server.channel(
        "aistudio",
        upstream.url,
        name="studio",
        models=["*"],
        secrets=[upstream.profile("first")],
    )
    whole = Whole(server, clock)
    first = await whole.stored()
    async with asyncio.timeout(120), browser.run() as running:
        context = await running.new_context(storage_state=cast("Any", first.state()))
        page = await context.new_page()
        for _ in range(5):
            await page.goto(f"{upstream.url}/prompts/new_chat")
        await whole.last(Context(context))
        saved = await whole.stored()
        assert saved.name == first.name
        # What was stored first is not good any more, what was saved is.
        for profile, good in ((first, False), (saved, True)):
            other = await running.new_context(storage_state=cast("Any", profile.state()))
            its = await other.new_page()
            await its.goto(f"{upstream.url}/prompts/new_chat")
            assert its.url.startswith(upstream.url) is good
        # Signed out, it is not saved.
        await context.clear_cookies()
        await page.goto(f"{upstream.url}/prompts/new_chat")
        await whole.last(Context(context))
    await whole.last(Context(context))
    assert await whole.stored() == saved


async def test_of_a_profile_that_was_removed_no_secret_stays(whole: Whole) -> None:
    turn = await whole.turn()
    assert turn.secret is not None
    await whole.after(Page(state(renewed=1)))
    whole.clock.advance(3_600)
    await whole.after(Page(state(renewed=1)))
    assert whole.saving.newest(1, turn.secret) == (await whole.credential()).secret
    await store.remove(whole.gateway.database, 1)
    await whole.gateway.snapshots.refresh()
    await whole.saving.last(turn.channel, 1, turn.secret, Page(state(renewed=2)))
    assert whole.saving.newest(1, turn.secret) is turn.secret
