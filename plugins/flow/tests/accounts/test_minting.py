"""Access tokens are made of sessions, proven, and renewed in time (reference §5.1)."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from flow_accounts import CREDITS, SESSION, Flow, flow, until

from plugway import (
    AccountMigrated,
    Channel,
    CredentialExpired,
    CredentialRestricted,
    QuotaExhausted,
    UnreadableAnswer,
    UpstreamError,
)
from plugway_flow.accounts.session import COOKIE

pytestmark = pytest.mark.anyio


async def minted(whole: Flow, channel: Channel) -> Any:
    """Return what a call would meet that has no token yet."""
    (credential,) = whole.credentials(channel)
    whole.gateway.grants.forget(credential)
    told: Any
    try:
        told = await whole.token(channel, credential)
    except UpstreamError as error:
        told = error
    assert credential.secret.reveal()[8:40] not in str(told)
    return told


async def test_many_calls_share_one_token_until_five_minutes_before_its_end(
    tmp_path: Path,
) -> None:
    async with flow(tmp_path / "home") as whole:
        channel = await whole.channel(whole.emulator.secrets[0])
        (credential,) = whole.credentials(channel)
        found = await asyncio.gather(*(whole.token(channel, credential) for _ in range(8)))
        (first,) = set(found)
        # The cookie goes to the site and nowhere else, and the token to the API.
        session, credits_ = whole.emulator.seen
        assert (session.path, session.header("cookie")) == (
            SESSION,
            f"{COOKIE}={whole.emulator.secrets[0]}",
        )
        assert (credits_.path, credits_.header("cookie")) == (CREDITS, None)
        assert credits_.header("authorization") == f"Bearer {first}"
        known = whole.accounts.known(credential.id)
        assert known is not None
        assert (known.tier, known.credits, known.email) == ("pro", 1_000, "first@flow.example")
        whole.clock.advance(3_600 - 301)
        (credential,) = whole.credentials(channel)
        assert await whole.token(channel, credential) == first
        whole.clock.advance(1)
        assert await whole.token(channel, credential) != first


async def test_what_the_site_says_of_a_session_is_understood(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with flow(tmp_path / "home") as whole:
        channel = await whole.channel(whole.emulator.secrets[0])
        emulator = whole.emulator
        live = {"access_token": "ya29.x", "user": {"email": "first@flow.example"}}
        ended: list[tuple[dict[str, Any], str]] = [
            ({"json": {}}, "import the new session"),
            ({"json": {**live, "error": "ACCESS_TOKEN_REFRESH_NEEDED"}}, "import the new session"),
            ({"json": {**live, "expires": "2001-01-01T00:00:00.000Z"}}, "import the new session"),
            ({"status": 401}, "import the new session"),
            (_redirect("https://accounts.google.com/v3/signin"), "import the new session"),
            (_redirect("/fx/api/auth/signin?error=x"), "import the new session"),
        ]
        for details, said in ended:
            emulator.fail("status", path=SESSION, **{"status": 200, **details})
            error = await minted(whole, channel)
            assert type(error) is CredentialExpired, (details, error)
            assert said in error.message
        emulator.fail("status", path=SESSION, **_redirect("https://flow.google.com/"))
        error = await minted(whole, channel)
        assert type(error) is AccountMigrated
        assert "moved this account to flow.google.com" in error.message
        others: list[tuple[dict[str, Any], type[UpstreamError]]] = [
            ({"status": 403}, CredentialRestricted),
            ({"status": 429, "headers": {"Retry-After": "7"}}, QuotaExhausted),
            ({"status": 500}, UpstreamError),
            ({"status": 200, "json": []}, UnreadableAnswer),
            ({"status": 200, "json": {"access_token": "a b"}}, UnreadableAnswer),
            (_redirect("https://portal.hotel.example/signin"), UpstreamError),
            (_redirect("https://flow.google.com.evil.example/"), UpstreamError),
        ]
        for details, kind in others:
            emulator.fail("status", path=SESSION, **details)
            error = await minted(whole, channel)
            assert type(error) is kind, (details, error)
        emulator.mishap("truncated", call="session")
        assert type(await minted(whole, channel)) is UnreadableAnswer
        # An API that cannot be asked refutes no token.
        for status in (403, 429, 500):
            emulator.fail("status", path=CREDITS, status=status)
            assert str(await minted(whole, channel)).startswith("ya29.")
        secrets = [emulator.secrets[0], *(one.value for one in emulator.accounts["first"].tokens)]
        assert not [one for one in secrets if one in caplog.text]


async def test_a_new_token_that_does_not_hold_is_not_believed(tmp_path: Path) -> None:
    """Row 13: the refresh "succeeds", and the token stays expired."""
    async with flow(tmp_path / "home") as whole:
        channel = await whole.channel(whole.emulator.secrets[0])
        await minted(whole, channel)
        for kind in ("stale", "lying"):
            if kind == "lying":
                whole.emulator.fail("status", path=CREDITS, status=401)
            whole.emulator.mishap(kind, call="session")
            error = await minted(whole, channel)
            assert type(error) is CredentialExpired, kind
        # And a call that was refused gets a new one at once (defect r).
        (credential,) = whole.credentials(channel)
        whole.emulator.accounts["first"].revoke(sessions=False)
        turn = whole.turn(channel, credential)
        assert (await turn.send("GET", CREDITS)).status == 200
        await turn.close()


async def test_cookies_that_are_exchanged_are_kept(tmp_path: Path) -> None:
    async with flow(tmp_path / "home", rotation="revoked") as whole:
        channel = await whole.channel(whole.emulator.secrets[0])
        account = whole.emulator.accounts["first"]
        for number in range(1, 4):
            (credential,) = whole.credentials(channel)
            # Of calls and rounds at once one asks, and the others have what it got.
            await asyncio.gather(
                *(whole.token(channel, credential) for _ in range(3)), whole.round()
            )
            await whole.gateway.snapshots.refresh()
            await until(lambda: account.secret in whole.credentials(channel)[0].secret.reveal())
            (credential,) = whole.credentials(channel)
            asked = whole.asked(SESSION)
            await whole.token(channel, credential)
            assert whole.asked(SESSION) <= asked + 1, number
            whole.clock.advance(3_600)
        rows = await whole.rows()
        assert [(row.state, row.label) for row in rows] == [("ready", "first@flow.example")]


def _redirect(place: str) -> dict[str, Any]:
    return {"status": 302, "headers": {"Location": place}}
