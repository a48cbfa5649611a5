"""Clients that sign their own tokens, as the official ones of some upstreams do."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from back_office import Answer, Caller
from pages import blocks
from signed_tokens import Signer, issue, sign
from starlette.responses import JSONResponse

import plugway_bltcy
from plugway import ErrorBody, Mount, NotAuthenticated, PlugwayError, Request, hookimpl
from plugway.testing import GatewayServer
from plugway.testing.scripted import ScriptedUpstream

pytestmark = pytest.mark.anyio

CREDITS = 100_000
PRICE = 1000


class TellingPlugin:
    """Has a surface whose errors say why nobody was let in."""

    @hookimpl
    def register_routes(self) -> Iterable[Mount]:
        """Return the route."""

        async def endpoint(request: Request) -> JSONResponse:
            return JSONResponse({"user": request.principal.user})

        def errors(error: PlugwayError, request_id: str) -> ErrorBody:
            reason = error.reason if isinstance(error, NotAuthenticated) else None
            return ErrorBody(status=error.status, content={"reason": reason})

        return [Mount(path="/telling", endpoint=endpoint, errors=errors)]


class Signed:
    """Is a gateway with a user who has a pair."""

    def __init__(self, server: GatewayServer, client: aiohttp.ClientSession) -> None:
        self.server = server
        self._client = client
        self.upstream = ScriptedUpstream()

    async def prepare(self) -> None:
        """Start the upstream, and issue the pair."""
        base_url = await self.upstream.start()
        models = ["runway", "pika"]
        await self.server.channel("bltcy", base_url, secrets=["upstream-secret"], models=models)
        self.user = await self.server.user(credits_=CREDITS)
        self.signer = await issue(self.server, self.user)

    async def call(
        self, token: bytes | str, path: str = "/runway/x", method: str = "POST"
    ) -> Answer:
        """Make a call with a token."""
        key = token.decode() if isinstance(token, bytes) else token
        return await Caller(self._client, self.server.url, key).call(method, path)

    async def sign_and_call(self, signer: Signer, path: str = "/runway/x") -> int:
        """Make a call with a new token, and return its status."""
        return (await self.call(signer.token(time.time()), path)).status

    async def spent(self) -> int:
        """Return what was charged; nothing may be held, and the ledger must add up."""
        report = await self.server.verify()
        assert report.ok, report.problems
        balance, held = await self.server.balance(self.user)
        assert held == 0
        return CREDITS - balance


@pytest.fixture
async def signed(tmp_path: Path) -> AsyncIterator[Signed]:
    """Run it."""
    plugins: dict[str, object] = {"bltcy": plugway_bltcy, "telling": TellingPlugin()}
    async with (
        GatewayServer(tmp_path / "home", plugins=plugins) as server,
        aiohttp.ClientSession() as client,
    ):
        signed = Signed(server, client)
        await signed.prepare()
        yield signed
        await signed.upstream.stop()


async def test_a_client_that_signs_is_served_and_charged(signed: Signed) -> None:
    token = signed.signer.token(time.time())
    for _ in range(2):
        answer = await signed.call(token)
        assert (answer.status, answer.json) == (200, {"ok": True})
    assert await signed.sign_and_call(signed.signer, "/pika/generate") == 200
    assert await signed.spent() == 3 * PRICE
    rows = await signed.server.usage()
    told = (await signed.call(token, "/api/me", "GET")).json
    assert (told["user"]["name"], told["key"]["name"], told["key"]["kind"]) == (
        *("alice", "pair", "pair"),
    )
    assert {row.key_id for row in rows} == {told["key"]["id"]}
    for seen in signed.upstream.seen:
        assert seen.header("authorization") == "Bearer upstream-secret"
        assert token.decode() not in repr(seen.headers)


async def test_a_pair_that_the_admin_api_issues(signed: Signed) -> None:
    server = signed.server
    key = await server.key(await server.user("root", role="admin"))
    body = {"user": "alice", "name": "app", "pair": True}
    made = (await signed.call(key, "/api/admin/keys", "GET")).json["items"]
    assert [one["name"] for one in made if one["user"] == "alice"] == ["pair"]
    async with aiohttp.ClientSession() as client:
        admin = Caller(client, server.url, key)
        issued = (await admin.post("/keys", body)).json
        signer = Signer(issued["access_key"], issued["secret_key"])
        assert await signed.sign_and_call(signer) == 200
        answer = await admin.patch(f"/keys/{issued['id']}", {"enabled": False})
        assert answer.status == 200
    assert await signed.sign_and_call(signer) == 401
    assert await signed.sign_and_call(signed.signer) == 200
    assert await signed.spent() == 2 * PRICE


async def test_the_pair_s_limits_hold(signed: Signed) -> None:
    server, user = signed.server, signed.user
    narrow = await issue(server, user, "narrow", models=["pika"])
    assert await signed.sign_and_call(narrow, "/runway/x") == 403
    assert await signed.sign_and_call(narrow, "/pika/x") == 200
    away = await issue(server, user, "away", networks=["192.0.2.0/24"])
    assert await signed.sign_and_call(away) == 403
    slow = await issue(server, user, "slow", rate="1/day")
    assert [await signed.sign_and_call(slow) for _ in range(3)] == [200, 429, 429]
    poor = await issue(server, user, "poor", quota=PRICE + PRICE // 2)
    assert [await signed.sign_and_call(poor) for _ in range(2)] == [200, 402]
    short = await issue(server, user, "short", expires_at=server.gateway.clock.now() + 200_000)
    async with asyncio.timeout(10):
        while await signed.sign_and_call(short, "/telling") != 401:
            await asyncio.sleep(0.02)
    assert await signed.spent() == 3 * PRICE


async def test_parallel_calls_of_one_token_cannot_spend_more_than_there_is(signed: Signed) -> None:
    poor = await issue(signed.server, signed.user, "poor", quota=5 * PRICE)
    token = poor.token(time.time())
    answers = await asyncio.gather(*(signed.call(token) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [200] * 5 + [402] * 15
    assert await signed.spent() == 5 * PRICE


async def test_wrong_tokens_cost_nothing_and_reach_nobody(signed: Signed) -> None:
    now, signer = int(time.time()), signed.signer
    other = await issue(signed.server, await signed.server.user("bob"))
    good = signer.token(now)
    for token in (
        Signer(signer.access_key, other.secret).token(now),
        Signer(other.access_key, signer.secret).token(now),
        signer.token(now, iss="ak-unknown"),
        signer.token(now - 7200),
        signer.token(now, nbf=now + 600),
        signer.token(now, exp=...),
        signer.token(now, exp=now + 10**9),
        sign(signer.claims(now), signer.secret, {"alg": "none"}),
        sign(signer.claims(now), signer.secret, {"alg": "HS512"}, "sha512"),
        good[:-43] + b"A" * 43,
        good.rpartition(b".")[0] + b".",
        signer.access_key.encode(),
        signer.secret.encode(),
        f"{signer.access_key}|{signer.secret}".encode(),
    ):
        answer = await signed.call(token)
        assert answer.status == 401, token
        assert answer.json == {
            "code": "not_authenticated",
            "message": "No valid key was presented.",
        }
    assert signed.upstream.seen == []
    assert await signed.server.usage() == []
    assert await signed.spent() == 0


async def test_a_surface_can_tell_why(signed: Signed) -> None:
    now, signer = int(time.time()), signed.signer

    async def why(token: bytes | str) -> Any:
        answer = await signed.call(token, "/telling", "GET")
        return answer.json["reason"] if answer.status == 401 else answer.json["user"]

    assert await why(signer.token(now)) == "alice"
    assert await why(signer.token(now, nbf=now + 600)) == "early"
    assert await why(signer.token(now - 7200)) == "late"
    assert await why(Signer(signer.access_key, "wrong").token(now - 7200)) == "unknown"
    assert await why("sk-0123456789") == "unknown"
    assert await why("a.b.c.d.e") == "malformed"
    assert await why("") == "malformed"
    async with aiohttp.ClientSession() as client:
        answer = await Caller(client, signed.server.url, None).call("GET", "/telling")
    assert answer.json == {"reason": "absent"}


async def test_the_page_s_example_signs(signed: Signed, tmp_path: Path) -> None:
    (block,) = [block for block in blocks("docs/how-to/call.md") if block.name == "sign.py"]
    script = tmp_path / block.name
    script.write_text(block.text, encoding="utf-8")
    pair = {"ACCESS_KEY": signed.signer.access_key, "SECRET_KEY": signed.signer.secret}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        env={**os.environ, **pair, "PLUGWAY": signed.server.url, "NO_PROXY": "*"},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0
    assert json.loads(out)["key"]["name"] == "pair"
