"""An account that has expired is renewed by a round of the gateway's, and chats work again."""

from __future__ import annotations

import pytest
from business_gateway import Business
from machine_browser import machine_browser

pytestmark = pytest.mark.anyio

MINT = "/auth/getoxsrf"


@pytest.fixture
def environ() -> dict[str, str]:
    """Let renewals happen."""
    machine_browser()
    return {"PLUGWAY__PLUGINS__GEMINI_BUSINESS__RENEWAL": "browser"}


async def renew(business: Business) -> None:
    """Do a round, and wait for what it began."""
    await business.server.gateway.renewing.round()
    await business.server.gateway.renewing.idle()


async def test_an_expired_account_is_renewed_and_chats_work_again(bare: Business) -> None:
    await bare.channel("first")
    emulator = bare.emulator
    emulator.behaviour.renewal_revokes = True
    emulator.mishap("refused", call="mint", code=401)
    assert (await bare.ask()).status >= 400
    assert (await bare.row("first")).state == "expired"
    await renew(bare)
    row = await bare.row("first")
    assert (row.state, row.failures, row.reason) == ("ready", 0, "")
    assert row.expires_at == pytest.approx(bare.clock.now() + 12 * 3600 * 1_000_000, abs=9e7)
    old, new = emulator.accounts["first"].sign_ins
    assert (await bare.ask("Hello again")).status == 200
    last = [seen for seen in emulator.seen if seen.path == MINT][-1]
    assert new.ses in (last.header("cookie") or "")
    assert old.revoked


async def test_what_takes_a_person_says_so_in_the_list(bare: Business) -> None:
    await bare.channel("first", max_failures=1)
    bare.emulator.accounts["first"].state = "expired"
    assert (await bare.ask()).status >= 400
    await renew(bare)
    row = await bare.row("first")
    assert row.state == "quarantined"
    assert "plugway gemini-business login first@business.example" in row.reason


async def test_an_outage_changes_no_account_for_good(bare: Business) -> None:
    await bare.channel("first", max_failures=1)
    bare.emulator.mishap("refused", call="mint", code=401)
    assert (await bare.ask()).status >= 400
    before = bare.emulator.account_file("first")
    bare.emulator.mishap("lost", call="page", times=9)
    await renew(bare)
    row = await bare.row("first")
    assert (row.state, row.renewal_failures) == ("expired", 0)
    assert bare.emulator.account_file("first") == before


async def test_cookies_are_renewed_before_they_end(bare: Business) -> None:
    await bare.channel("first", "second", renew_before=3600)
    bare.clock.advance(10 * 3600)
    await renew(bare)
    assert [len(one.sign_ins) for one in bare.emulator.accounts] == [1, 1]
    bare.clock.advance(1.5 * 3600)
    await renew(bare)
    assert [len(one.sign_ins) for one in bare.emulator.accounts] == [2, 2]
    assert await bare.states() == {"first": "ready", "second": "ready"}
