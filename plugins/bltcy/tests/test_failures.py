"""What clients are told when the upstream fails: B7."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from bltcy_gateway import PassThrough

pytestmark = pytest.mark.anyio


async def failed(whole: PassThrough, status: int, reason: str) -> None:
    got, body = await whole.call("POST", "/runway/x?key=canary", json={"prompt": "canary"})
    assert got == status
    assert set(body) == {"code", "message"}
    assert body["code"] == "request_failed"
    assert reason in body["message"]
    for secret in ("canary", whole.key, whole.emulator.secret or "", "127.0.0.1", "Traceback"):
        assert secret not in str(body)


async def test_refused(gateway: PassThrough) -> None:
    await gateway.emulator.refuse()
    await failed(gateway, 502, "connection refused")
    await gateway.emulator.resume()
    assert await gateway.charged(calls=1) == 0


async def channel(whole: PassThrough, base_url: str, **settings: Any) -> None:
    secrets = [whole.emulator.secret or ""]
    await whole.server.channel("bltcy", base_url, secrets=secrets, settings=settings)


async def test_a_tls_handshake_that_stalls(bare: PassThrough) -> None:
    await bare.emulator.silence()
    await channel(bare, bare.emulator.url.replace("http:", "https:"), connect_timeout=0.2)
    await failed(bare, 502, "TLS handshake timed out")
    assert await bare.charged(calls=1) == 0


async def test_a_server_without_tls(bare: PassThrough) -> None:
    await channel(bare, bare.emulator.url.replace("http:", "https:"))
    await failed(bare, 502, "TLS handshake failed")


async def test_a_name_that_is_none(bare: PassThrough) -> None:
    await channel(bare, "http://upstream.invalid")
    await failed(bare, 502, "name not resolved")
    assert await bare.charged(calls=1) == 0


async def test_headers_that_do_not_come(bare: PassThrough) -> None:
    await channel(bare, bare.emulator.url, headers_timeout=0.2)
    bare.emulator.fail("stall")
    await failed(bare, 504, "too long")


@pytest.mark.parametrize("kind", ["drop", "garbage"])
async def test_an_answer_that_is_none(gateway: PassThrough, kind: str) -> None:
    gateway.emulator.fail(kind)
    await failed(gateway, 502, "upstream")


async def test_an_answer_that_breaks_off_is_cut_for_the_client(gateway: PassThrough) -> None:
    gateway.emulator.fail("cut", path="/runway/_test/bytes", after=100_000)
    async with gateway.client.get("/runway/_test/bytes/300000") as response:
        assert response.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.content.read()


async def test_the_old_system_s_error_is_passed_on_untouched(gateway: PassThrough) -> None:
    body = {"code": "upstream_busy", "message": "try later"}
    gateway.emulator.fail("status", status=500, json=body)
    assert await gateway.call("POST", "/suno/submit/music", json={}) == (500, body)
