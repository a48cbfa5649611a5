"""Profiles as credentials of a running gateway: renewed, checked, and told of."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aistudio_profiles import CANARY, text
from command_line import Ran, Shell
from machine_browser import machine_browser

from plugway import ConfigurationError, CredentialExpired
from plugway.admin.check import Check, check_channel
from plugway.credentials.pool import Credential
from plugway.credentials.store import find
from plugway.storage.models import CredentialRow
from plugway.testing import GatewayServer, ManualClock
from plugway_aistudio.emulator import AIStudioEmulator
from plugway_aistudio.profiles.credential import AIStudioProfile
from plugway_aistudio.profiles.profile import read

pytestmark = pytest.mark.anyio


async def channel(server: GatewayServer, upstream: AIStudioEmulator, **settings: Any) -> None:
    machine_browser()
    await server.channel(
        "aistudio",
        upstream.url,
        name="studio",
        models=["*"],
        secrets=[json.dumps({"name": "work", **json.loads(upstream.profile("first"))})],
        settings={"proxy": "direct", **settings},
    )


async def row(server: GatewayServer) -> CredentialRow:
    return await server.gateway.database.run(lambda: find(1))


async def credential(server: GatewayServer) -> Credential:
    gateway = server.gateway
    await gateway.snapshots.refresh()
    [studio] = gateway.channels.all()
    [found] = gateway.credentials.all(studio.id)
    return found


async def refused(server: GatewayServer) -> None:
    """Have a call find that the profile is not signed in."""
    gateway = server.gateway
    [studio] = gateway.channels.all()
    gateway.credentials.refused(await credential(server), studio, "The page asks for a sign-in.")
    await gateway.background.stop(60)
    assert (await row(server)).state == "expired"


async def renew(server: GatewayServer) -> None:
    """Do a round, and wait for what it began."""
    await server.gateway.renewing.round()
    await server.gateway.renewing.idle()


async def checked(server: GatewayServer) -> Check:
    [studio] = server.gateway.channels.all()
    [check] = await check_channel(server.gateway, studio)
    return check


async def test_a_profile_that_is_signed_in_after_all_is_renewed(
    server: GatewayServer, upstream: AIStudioEmulator
) -> None:
    await channel(server, upstream)
    before = read((await credential(server)).secret)
    await refused(server)
    await renew(server)
    after = await row(server)
    assert (after.state, after.reason, after.label) == ("ready", "", "work")
    fresh = read((await credential(server)).secret)
    assert fresh.cookies != before.cookies
    assert after.expires_at == pytest.approx((fresh.ends or 0) * 1_000_000)


async def test_one_that_takes_a_person_says_what_to_do(
    server: GatewayServer, upstream: AIStudioEmulator
) -> None:
    await channel(server, upstream, max_failures=1)
    upstream.accounts["first"].state = "expired"
    await refused(server)
    await renew(server)
    after = await row(server)
    assert after.state == "quarantined"
    assert "plugway aistudio login work" in after.reason


async def test_cookies_that_have_ended_open_no_browser(
    server: GatewayServer, upstream: AIStudioEmulator, clock: ManualClock
) -> None:
    await channel(server, upstream)
    clock.advance(400 * 86_400)
    check = await checked(server)
    assert not check.ok
    assert "have ended" in (check.reason or "")
    await refused(server)
    await renew(server)
    assert "plugway aistudio login work" in (await row(server)).reason
    assert not upstream.seen


async def test_an_outage_is_not_held_against_a_profile(
    server: GatewayServer, upstream: AIStudioEmulator
) -> None:
    await channel(server, upstream, max_failures=1)
    await refused(server)
    upstream.fail("status", path="/prompts", status=503)
    await renew(server)
    after = await row(server)
    assert (after.state, after.renewal_failures) == ("expired", 0)


async def test_a_check_visits_the_page_and_asks_no_model(
    server: GatewayServer, upstream: AIStudioEmulator
) -> None:
    await channel(server, upstream)
    await refused(server)
    check = await checked(server)
    assert (check.ok, check.reason) == (True, None)
    assert (await row(server)).state == "ready"
    assert not upstream.asked
    upstream.accounts["first"].state = "expired"
    check = await checked(server)
    assert not check.ok
    assert "plugway aistudio login work" in (check.reason or "")


async def test_without_a_browser_nobody_says_that_a_profile_works(
    server: GatewayServer, upstream: AIStudioEmulator, clock: ManualClock
) -> None:
    kind = AIStudioProfile(clock)
    assert not kind.renews
    await channel(server, upstream)
    [studio] = server.gateway.channels.all()
    secret = (await credential(server)).secret
    grant = await kind.mint(secret, studio, server.gateway.upstream)
    assert grant.headers == ()
    assert not any(one.value in repr(grant) for one in read(secret).cookies)
    with pytest.raises(ConfigurationError, match="takes a browser"):
        await kind.check(grant, studio, server.gateway.upstream)
    with pytest.raises(CredentialExpired):
        await kind.renew(secret, studio, server.gateway.upstream)


async def test_the_list_shows_when_a_profile_that_is_used_up_has_quota_again(
    server: GatewayServer, clock: ManualClock, tmp_path: Path
) -> None:
    secrets = [text(name="work")]
    await server.channel(
        "aistudio", "http://127.0.0.1:9", name="studio", models=["*"], secrets=secrets
    )
    admin = await server.user("boss", credits_=0, role="admin")
    url = ("--url", server.url, "--admin-key", await server.key(admin))
    [studio] = server.gateway.channels.all()

    async def listed(quota: str, *options: str) -> Ran:
        """Let a quota be used up, and list the credentials beside the gateway's loop."""
        used_up = await credential(server)
        server.gateway.credentials.exhausted(used_up, studio, 7200, "429: no quota", (quota,))
        await server.gateway.background.stop(60)
        words = (*url, "credentials", "list", *options)
        return await asyncio.to_thread(Shell(tmp_path / "elsewhere"), *words)

    # A model's quota, and then that of the whole account.
    (one,) = (await listed("gemini-2.5-pro", "--json")).json
    assert (one["label"], one["state"]) == ("work", "ready")
    resting = one["quotas"]["gemini-2.5-pro"]["resting_until"]
    assert resting.startswith("2027-01-15T10:00")
    (one,) = (await listed("text", "--json")).json
    assert (one["state"], one["cooling_until"]) == ("cooling", resting)
    ran = await listed("text")
    assert "gemini-2.5-pro" in ran.out
    assert "2027-01-15" in ran.out
    assert CANARY not in ran.out + json.dumps(one)
