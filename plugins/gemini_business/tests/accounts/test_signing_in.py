"""A person signs in, in a browser of its own, and one account is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from business_gateway import Business
from gemini_business_emulated import Visitor
from machine_browser import descendants, gone, machine_browser
from person import Person, leaver, nobody, owner

from plugway import (
    Browser,
    ConfigurationError,
    CredentialRestricted,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from plugway_gemini_business.account import Account, written
from plugway_gemini_business.signing_in import sign_in
from plugway_gemini_business.visit import Place

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.anyio


async def enter(
    visitor: Visitor, person: Person, *, seconds: float = 60, url: str = ""
) -> Account | None:
    url = url or visitor.emulator.url
    return await sign_in(
        machine_browser(),
        Place(url, url),
        now=visitor.now,
        proxy=Browser.DIRECT,
        seconds=seconds,
        visible=False,
        person=person,
    )


async def test_an_account_is_taken_as_soon_as_its_page_works() -> None:
    async with Visitor("first", "second") as visitor:
        visitor.emulator.accounts["first"].state = "expired"
        before = descendants()
        account = await enter(visitor, owner(visitor.emulator))
        assert account is not None
        known = visitor.emulator.accounts["first"]
        assert (account.email, account.csesidx) == (known.email, known.csesidx)
        assert account.config_id == known.config_id
        assert account.expires_at is not None
        assert 0 <= visitor.now() + 12 * 3600 - account.expires_at < 60
        assert known.sign_ins[-1].ses in written(account)
        status, _ = await visitor.mint("first", {"Cookie": account.cookie_header})
        assert status == 200
        assert await gone(before)


async def test_each_begins_without_a_past() -> None:
    async with Visitor("first", "second") as visitor:
        emails = []
        for name in ("first", "second"):
            account = await enter(visitor, owner(visitor.emulator, name))
            assert account is not None
            emails.append(account.email)
        assert emails == ["first@business.example", "second@business.example"]


async def test_a_closed_window_is_no_account_and_no_error() -> None:
    async with Visitor("first") as visitor:
        before = descendants()
        assert await enter(visitor, leaver) is None
        assert await gone(before)


async def test_nobody_signs_in() -> None:
    async with Visitor("first") as visitor:
        before = descendants()
        with pytest.raises(UpstreamTimeout, match="within 3 s"):
            await enter(visitor, nobody, seconds=3)
        assert await gone(before)


async def test_pages_that_stop_a_renewal_do_not_stop_a_person() -> None:
    async with Visitor("first") as visitor:
        known = visitor.emulator.accounts["first"]
        known.page = "challenge"

        async def person(page: Page) -> None:
            await page.fill("#email", known.email)
            await page.click("button")
            await page.locator("#recaptcha").wait_for()
            # What a person does there, nobody sees.
            known.page = "normal"
            await page.goto(visitor.emulator.url)
            await owner(visitor.emulator)(page)

        account = await enter(visitor, person)
        assert account is not None
        assert account.email == known.email


async def test_an_account_that_the_api_does_not_take_is_not_stored() -> None:
    async with Visitor("first") as visitor:
        visitor.emulator.mishap("refused", call="sessions", code=403)
        with pytest.raises(CredentialRestricted):
            await enter(visitor, owner(visitor.emulator))


async def test_a_page_that_cannot_be_reached_is_told() -> None:
    async with Visitor("first") as visitor:
        url = visitor.emulator.url
    with pytest.raises(UpstreamUnreachable, match="CONNECTION_REFUSED"):
        await enter(visitor, nobody, url=url)


async def test_without_a_display_nothing_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    browser = machine_browser()
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    before = descendants()
    place = Place("http://127.0.0.1:1", "http://127.0.0.1:1")
    with pytest.raises(ConfigurationError, match="no display"):
        await sign_in(browser, place, now=lambda: 0.0)
    assert descendants() <= before


async def test_what_was_signed_in_serves_chats(bare: Business) -> None:
    emulator, url = bare.emulator, bare.emulator.url
    account = await sign_in(
        machine_browser(),
        Place(url, url),
        now=lambda: bare.clock.now() / 1_000_000,
        proxy=Browser.DIRECT,
        visible=False,
        person=owner(emulator),
    )
    assert account is not None
    settings = {"use_cooldown": 0, "wait": 1}
    await bare.server.channel(
        "gemini_business",
        url,
        secrets=[written(account)],
        settings=settings,
        models=["gemini-auto"],
    )
    assert (await bare.ask(model="gemini-auto")).status == 200
