"""Accounts are renewed by the operator's word (complaints 1, 3 and 4)."""

from __future__ import annotations

import pytest
from business_admin import Administration
from business_gateway import Business

pytestmark = pytest.mark.anyio


@pytest.fixture
def environ(renewing: dict[str, str]) -> dict[str, str]:
    """Have workers renew."""
    return renewing


async def test_one_account_is_due_now_by_its_address(
    business: Business, administration: Administration
) -> None:
    email = business.emulator.accounts["first"].email
    later = business.clock.now() + 9_000_000_000
    await administration.put(email, renewal_at=later, renewal_failures=3, state="quarantined")
    done = await administration.good("POST /admin/browser-refresh", {"email": f" {email.upper()} "})
    assert set(done) == {"message", "email"}
    assert done["email"] == email
    row = await business.row("first")
    assert (row.renewal_at, row.renewal_failures) == (business.clock.now(), 0)
    assert row.state == "expired"
    second = await business.row("second")
    assert second.renewal_at != business.clock.now()
    assert await administration.audited() == [("a admin/key", "gemini_business.renew")]


async def test_an_account_that_is_not_there_or_not_in_use_is_refused(
    business: Business, administration: Administration
) -> None:
    place = "POST /admin/browser-refresh"
    assert await administration.refused(place, {"email": "nobody@a.example"}) == (404, "email")
    assert await administration.refused(place, {"email": "%"}) == (404, "email")
    assert await administration.refused(place, {"email": ""}) == (400, "email")
    assert await administration.refused(place, {"email": "a" * 191}) == (400, "email")
    assert await administration.refused(place, {}) == (400, "email")
    email = business.emulator.accounts["first"].email
    await administration.put(email, state="disabled")
    assert await administration.refused(place, {"email": email}) == (409, "")
    assert await administration.audited() == []


async def test_a_look_at_the_accounts_has_expired_ones_renewed_in_their_time(
    business: Business, administration: Administration
) -> None:
    first, second = (one.email for one in business.emulator.accounts)
    now = business.clock.now()
    # One that failed just now has its pause; the word of an administrator is another matter.
    await administration.put(
        first, state="expired", renewal_at=None, renewal_failures=1, renewed_at=now
    )
    await administration.put(second, state="quarantined", renewal_at=None)
    done = await administration.good("POST /admin/refresh")
    assert set(done) == {"message", "ready", "pending"}
    assert (done["ready"], done["pending"]) == (0, 2)
    row = await business.row("first")
    assert row.renewal_at is not None
    assert row.renewal_at > now
    assert (await business.row("second")).renewal_at is None


async def test_by_force_all_that_is_out_of_order_is_renewed_now(
    business: Business, administration: Administration
) -> None:
    first, second = (one.email for one in business.emulator.accounts)
    untouched = (await business.row("second")).renewal_at
    await administration.put(first, state="restricted", renewal_at=None, renewal_failures=5)
    done = await administration.good("POST /admin/force-refresh")
    assert set(done) == {"message", "count"}
    assert done["count"] == 1
    row = await business.row("first")
    assert (row.renewal_at, row.renewal_failures) == (business.clock.now(), 0)
    assert (await business.row("second")).renewal_at == untouched
    await administration.put(first, state="disabled")
    await administration.put(second, state="quarantined")
    assert (await administration.good("POST /admin/force-refresh"))["count"] == 1
    assert (await business.row("first")).state == "disabled"


async def test_the_front_tells_of_workers(administration: Administration) -> None:
    seen = await administration.good("GET /")
    assert seen["mode"] == "server"
    assert seen["clients"] == {"count": 0, "total_threads": 0, "list": []}
    url = administration.server.url.replace("http", "ws") + "/ws"
    secret = {"X-Pool-Secret": "a-long-enough-pool-secret"}
    async with administration.client.ws_connect(url, headers=secret) as socket:
        ready = {
            "type": "client_ready",
            "timestamp": 1,
            "data": {"max_threads": 3, "client_version": "2.0.0", "protocol_version": "1.0"},
        }
        await socket.send_json(ready)
        # Once this is answered, that has been heard.
        await socket.send_json({"type": "query_status", "timestamp": 1, "data": {}})
        assert (await socket.receive_json(timeout=10))["type"] == "status"
        clients = (await administration.good("GET /", role="operator"))["clients"]
    assert (clients["count"], clients["total_threads"]) == (1, 3)
    (client,) = clients["list"]
    assert set(client) == {"id", "version", "threads", "is_alive", "last_ping"}
    assert (client["version"], client["threads"], client["is_alive"]) == ("2.0.0", 3, True)
    assert "clients" not in await administration.good("GET /", role="user")


async def test_whether_accounts_are_renewed_is_told_and_not_changed(
    administration: Administration,
) -> None:
    place = "POST /admin/config/browser-refresh"
    done = await administration.good(place, {"enable": True, "headless": True})
    assert set(done) == {"message", "enable", "headless"}
    assert (done["enable"], done["headless"]) == (True, True)
    assert await administration.refused(place, {"enable": False}) == (409, "enable")
    assert await administration.refused(place, {"enable": True, "headless": False}) == (
        409,
        "headless",
    )
    assert await administration.refused(place, {"enable": "yes"}) == (400, "enable")
