"""Cookies are renewed by a visit to the page, and each page means what it means."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from gemini_business_emulated import Visitor
from machine_browser import descendants, gone, machine_browser

from plugway import (
    Browser,
    ChallengeRequired,
    CredentialExpired,
    CredentialRestricted,
    PlugwayError,
    QuotaExhausted,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from plugway_gemini_business import account_file, cookie_jar, dead_end
from plugway_gemini_business.account import Account, Cookie
from plugway_gemini_business.emulated.accounts import OSES, SES
from plugway_gemini_business.renewing import SECONDS, renewed, renewing
from plugway_gemini_business.settings import GeminiBusinessSettings
from plugway_gemini_business.visit import Place

pytestmark = pytest.mark.anyio

LOGIN = "plugway gemini-business login demo@business.example"


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    """Run an emulator with an account."""
    async with Visitor("demo") as visitor:
        yield visitor


def known(visitor: Visitor, **changes: Any) -> Account:
    """Return the account as a file of the upstream's newest cookies has it."""
    account = account_file.account_of(visitor.emulator.account_file("demo"))
    return msgspec.structs.replace(account, **changes)


async def renew(visitor: Visitor, account: Account, *, seconds: float = 60) -> Account:
    """Renew an account by way of the page, and of nothing else."""
    browser, url = machine_browser(), visitor.emulator.url
    return await renewed(
        browser, account, Place(url, url), now=visitor.now(), proxy=Browser.DIRECT, seconds=seconds
    )


async def test_fresh_cookies_take_the_place_of_the_old_ones(visitor: Visitor) -> None:
    visitor.emulator.behaviour.renewal_revokes = True
    other = Cookie("SID", "g.1", ".google.com")
    before = known(visitor)
    before = msgspec.structs.replace(before, cookies=(*before.cookies, other))
    after = await renew(visitor, before)
    old, new = visitor.emulator.accounts["demo"].sign_ins
    assert (old.revoked, new.revoked) == (True, False)
    assert {(one.name, one.value) for one in after.cookies if one.sent} == {
        (SES, new.ses),
        (OSES, new.oses),
    }
    # What the browser has of other places belongs to its profile, and stays.
    assert [(one.name, one.value) for one in after.cookies if not one.sent] == [("SID", "g.1")]
    assert (after.email, after.csesidx) == (before.email, before.csesidx)
    assert after.config_id == before.config_id
    assert after.expires_at is not None
    assert 0 <= visitor.now() + 12 * 3600 - after.expires_at < 60
    status, _ = await visitor.mint(headers={"Cookie": after.cookie_header})
    assert status == 200


async def test_ids_come_from_the_page_when_the_file_was_wrong(visitor: Visitor) -> None:
    right = known(visitor)
    after = await renew(visitor, known(visitor, csesidx="1", config_id="0-0"))
    assert (after.csesidx, after.config_id) == (right.csesidx, right.config_id)


async def test_one_cookie_is_enough(visitor: Visitor) -> None:
    before = known(visitor)
    before = msgspec.structs.replace(before, cookies=before.cookies[:1])
    after = await renew(visitor, before)
    assert OSES in {one.name for one in after.cookies}


async def test_a_short_life_is_taken_over(visitor: Visitor) -> None:
    visitor.emulator.behaviour.cookie_seconds = 600
    after = await renew(visitor, known(visitor))
    assert after.expires_at is not None
    assert 540 < after.expires_at - visitor.now() <= 600


async def test_cookies_are_good_although_the_page_gives_out_no_new_ones(visitor: Visitor) -> None:
    visitor.emulator.behaviour.renews = False
    before = known(visitor)
    after = await renew(visitor, before)
    assert set(after.cookies) == set(before.cookies)


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"state": "expired"}, CredentialExpired, LOGIN),
        ({"page": "challenge"}, ChallengeRequired, LOGIN),
        ({"page": "restricted"}, CredentialRestricted, "does not let this account in"),
        ({"state": "restricted"}, CredentialRestricted, "does not let this account in"),
    ],
)
async def test_a_page_that_leads_no_further_says_why(
    visitor: Visitor, changes: dict[str, str], error: type[PlugwayError], says: str
) -> None:
    before, processes = known(visitor), descendants()
    for name, value in changes.items():
        setattr(visitor.emulator.accounts["demo"], name, value)
    with pytest.raises(PlugwayError) as caught:
        await renew(visitor, before)
    assert type(caught.value) is error
    assert says in caught.value.message
    # It looked, and typed nothing.
    assert {seen.method for seen in visitor.emulator.seen} == {"GET"}
    assert len(visitor.emulator.accounts["demo"].sign_ins) == 1
    assert await gone(processes)


async def test_the_page_for_a_code_is_for_a_person(visitor: Visitor) -> None:
    browser, url = machine_browser(), visitor.emulator.url
    async with browser.open(proxy=Browser.DIRECT) as context:
        page = await context.new_page()
        await page.goto(f"{url}/verify-oob-code?email=demo%40business.example")
        assert isinstance(await dead_end.of_page(page, read=True), CredentialExpired)


@pytest.mark.parametrize("kind", ["endless", "idle"])
async def test_a_page_that_never_says_anything_is_left(visitor: Visitor, kind: Any) -> None:
    visitor.emulator.accounts["demo"].page = kind
    before = descendants()
    with pytest.raises(UpstreamTimeout, match="within 4 s"):
        await renew(visitor, known(visitor), seconds=4)
    assert await gone(before)


async def test_what_stands_before_the_upstream_is_not_held_against_the_account(
    visitor: Visitor,
) -> None:
    visitor.emulator.mishap("html", call="page")
    with pytest.raises(UpstreamUnreachable, match="status 502"):
        await renew(visitor, known(visitor))
    visitor.emulator.mishap("lost", call="page", times=9)
    with pytest.raises(UpstreamUnreachable, match="ERR_EMPTY_RESPONSE"):
        await renew(visitor, known(visitor))


async def test_too_many_visits_are_told_with_their_time(visitor: Visitor) -> None:
    visitor.emulator.mishap("refused", call="page", code=429, retry_after=77)
    with pytest.raises(QuotaExhausted) as caught:
        await renew(visitor, known(visitor))
    assert caught.value.retry_after == 77


@pytest.mark.parametrize(("code", "error"), [(401, CredentialExpired), (403, CredentialRestricted)])
async def test_a_bearer_that_the_api_refuses_proves_nothing(
    visitor: Visitor, code: int, error: type[PlugwayError]
) -> None:
    visitor.emulator.mishap("refused", call="sessions", code=code)
    with pytest.raises(error):
        await renew(visitor, known(visitor))


@pytest.mark.parametrize(
    ("code", "error"),
    [(401, CredentialExpired), (403, CredentialRestricted), (500, UpstreamUnreachable)],
)
async def test_a_key_that_the_page_does_not_get_is_noticed_at_once(
    visitor: Visitor, code: int, error: type[PlugwayError]
) -> None:
    visitor.emulator.mishap("refused", call="mint", code=code)
    with pytest.raises(error):
        await renew(visitor, known(visitor), seconds=20)


async def test_an_outage_is_no_fault_of_the_account() -> None:
    async with Visitor("demo") as visitor:
        before = known(visitor)
    with pytest.raises(UpstreamUnreachable, match="ERR_CONNECTION_REFUSED") as caught:
        await renew(visitor, before)
    assert visitor.emulator.url not in caught.value.message


async def test_no_secret_is_shown(visitor: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    before = known(visitor)
    after = await renew(visitor, before)
    visitor.emulator.accounts["demo"].state = "expired"
    with pytest.raises(CredentialExpired) as caught:
        await renew(visitor, before)
    shown = f"{caplog.text}{caught.value.message}{caught.value!r}{after!r}"
    for cookie in (*before.cookies, *after.cookies):
        assert cookie.value not in shown


def test_renewals_are_a_matter_of_the_settings() -> None:
    missing = "/nowhere/chromium"
    assert renewing(GeminiBusinessSettings(renewal="off"), Browser()) is None
    assert renewing(GeminiBusinessSettings(), Browser(missing)) is None
    # Asked for, it is there, and says what is missing when it is needed.
    assert renewing(GeminiBusinessSettings(renewal="browser"), Browser(missing)) is not None
    assert not Browser(missing).available
    assert SECONDS < 180


def test_cookies_of_other_hosts_are_not_taken_for_the_upstreams() -> None:
    front = "https://business.gemini.google"
    strange = Cookie("__Secure-C_SES", "x", "gemini.google.evil.example")
    assert cookie_jar.carried(strange, front)["url"] == "https://gemini.google.evil.example/"
    found = cookie_jar.kept(
        [
            {"name": SES, "value": "evil", "domain": "gemini.google.evil.example"},
            {"name": SES, "value": "good", "domain": ".gemini.google", "expires": time.time() + 9},
            {"name": "NID", "value": "a;b", "domain": ".google.com"},
        ],
        front,
        now=time.time(),
    )
    assert [one.value for one, _ in found if one.sent] == ["good"]
    assert len(found) == 2
