"""Who may enter as a worker, and what is said to those who may not."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worker_gateway import ENVIRON, HEADERS, SECRET, Site

import plugway_gemini_business
from plugway import BadRequest, ConfigurationError
from plugway.testing import GatewayServer
from plugway_gemini_business.settings import GeminiBusinessSettings
from plugway_gemini_business.workers import messages
from plugway_gemini_business.workers.messages import ClientReady, RefreshResult

pytestmark = pytest.mark.anyio

PLACES = (
    ("POST", "/pool/upload-account"),
    ("POST", "/admin/registrar/refresh-tasks/claim"),
    ("POST", "/admin/registrar/refresh-tasks/fail"),
    ("GET", "/admin/registrar/metrics"),
)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Run a gateway with one account."""
    async with Site(tmp_path / "home", "first") as site:
        yield site


async def refusal(site: Site, path: str, headers: dict[str, str]) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with site.raw(headers=headers, path=path):
            pass
    return refused.value.status


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/ws", {}),
        ("/ws", {"X-Pool-Secret": ""}),
        ("/ws", {"X-Pool-Secret": SECRET[:-1]}),
        ("/ws", {"X-Pool-Secret": SECRET + "x"}),
        ("/ws", {"X-Pool-Secret": "x" * 5_000}),
        ("/ws", {"X-Pool-Secret": "gehe\u00edm" * 4}),
        ("/ws", {"Authorization": f"Basic {SECRET}"}),
        ("/ws", {**HEADERS, "Authorization": f"Bearer {SECRET}"}),
        (f"/ws?secret={SECRET}", {}),
        (f"/ws?secret={SECRET}", HEADERS),
        (f"/ws?x=1&s%65cret={SECRET}", HEADERS),
    ],
)
async def test_defect_g_without_the_secret_in_a_header_nobody_enters(
    site: Site, path: str, headers: dict[str, str]
) -> None:
    assert await refusal(site, path, headers) == 401
    async with site.client.get(site.url + "/health") as answer:
        assert answer.status == 200


async def test_the_header_opens_and_so_does_the_bearer(site: Site) -> None:
    for headers in (HEADERS, {"Authorization": f"Bearer {SECRET}"}):
        async with site.raw(headers=headers) as worker:
            await worker.say("query_status")
            assert (await worker.hear())["type"] == "status"


async def test_defect_g_pages_of_others_open_nothing(site: Site) -> None:
    assert await refusal(site, "/ws", {**HEADERS, "Origin": "https://elsewhere.example"}) == 403


@pytest.mark.parametrize(("method", "path"), PLACES)
async def test_the_routes_take_the_secret_and_nothing_less(
    site: Site, method: str, path: str
) -> None:
    alice = await site.server.user()
    wrong = [
        {},
        {"X-Pool-Secret": "another-secret-of-some-length"},
        {"Authorization": f"Bearer {await site.server.key(alice)}"},
    ]
    async with aiohttp.ClientSession() as client:
        for headers in wrong:
            async with client.request(method, site.url + path, headers=headers) as answer:
                assert answer.status in (401, 403), headers
        place = f"{site.url}{path}?secret={SECRET}"
        async with client.request(method, place, headers=HEADERS) as answer:
            assert answer.status == 401
            told = (await answer.json())["error"]["message"]
            assert "X-Pool-Secret" in told
            assert SECRET not in told
        async with client.request(method, site.url + path, headers=HEADERS, data="{") as answer:
            assert answer.status == (200 if method == "GET" else 400)


@pytest.mark.parametrize(("role", "status"), [("user", 403), ("operator", 403), ("admin", 200)])
async def test_an_administrators_key_opens_the_registrar(
    site: Site, role: Any, status: int
) -> None:
    user = await site.server.user("bob", role=role)
    headers = {"Authorization": f"Bearer {await site.server.key(user)}"}
    async with aiohttp.ClientSession(headers=headers) as client:
        async with client.get(site.url + "/admin/registrar/metrics") as answer:
            assert answer.status == status
        claim = site.url + "/admin/registrar/refresh-tasks/claim"
        async with client.post(claim, json={"worker_id": "me"}) as answer:
            assert answer.status == status
        async with client.post(site.url + "/pool/upload-account", json={}) as answer:
            assert answer.status == 401


async def test_a_gateway_that_renews_by_itself_has_no_door(tmp_path: Path) -> None:
    plugins = {"gemini_business": plugway_gemini_business}
    async with (
        GatewayServer(tmp_path / "home", plugins=plugins) as server,
        aiohttp.ClientSession(headers=HEADERS) as client,
    ):
        for method, path in PLACES:
            async with client.request(method, server.url + path) as answer:
                assert answer.status == 404
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect(server.url + "/ws")
        assert refused.value.status == 404


@pytest.mark.parametrize("secret", ["", "short", "fifteen-letters", "with a space in the middle"])
async def test_a_server_without_a_good_secret_does_not_start(tmp_path: Path, secret: str) -> None:
    environ = {**ENVIRON, "PLUGWAY__PLUGINS__GEMINI_BUSINESS__WORKER_SECRET": secret}
    plugins = {"gemini_business": plugway_gemini_business}
    with pytest.raises(ConfigurationError) as refused:
        async with GatewayServer(tmp_path / "home", plugins=plugins, environ=environ):
            pass
    assert "WORKER_SECRET" in f"{refused.value.field} {refused.value.message}".upper()
    assert not secret or secret not in refused.value.message


def test_a_gateway_is_no_client_and_shows_no_secret() -> None:
    with pytest.raises(ConfigurationError, match="plugway worker gemini-business"):
        GeminiBusinessSettings(mode="client")
    assert SECRET not in repr(GeminiBusinessSettings(mode="server", worker_secret=SECRET))


async def test_what_cannot_be_read_is_answered_and_then_too_much(site: Site) -> None:
    bad = [
        "",
        "{",
        "[]",
        "null",
        '{"type": 1}',
        '{"data": {}}',
        '{"type": "refresh_result", "data": []}',
        '{"type": "refresh_result", "data": {"success": "yes"}}',
    ]
    async with site.raw() as worker:
        for text in bad:
            await worker.socket.send_str(text)
            said = await worker.hear()
            assert (said["type"], said["data"]["code"]) == ("error", "bad_request")
        # A good one in between, and the count begins anew.
        await worker.say("query_status")
        assert (await worker.hear())["type"] == "status"
        for text in [*bad, "x", "y"]:
            await worker.socket.send_str(text)
        assert await worker.closed() == 4400


async def test_unknown_messages_and_sign_up_are_unsupported(site: Site) -> None:
    async with site.raw() as worker:
        for type_ in ("task_register", "register_result", "register", "delete_everything"):
            await worker.say(type_, success=True, email="me@example.com", error="")
            said = await worker.hear()
            assert (said["data"]["code"], said["data"]["about"]) == ("unsupported", type_)
        await worker.socket.send_bytes(b"{}")
        assert (await worker.hear())["data"]["code"] == "bad_request"


async def test_deep_and_large_messages_do_no_harm(site: Site) -> None:
    async with site.raw() as worker:
        await worker.socket.send_str('{"type":"client_ready","data":' + "[" * 100_000 + "}")
        assert (await worker.hear())["data"]["code"] == "bad_request"
        await worker.socket.send_str("x" * (messages.MAX_BYTES + 1))
        assert await worker.closed() == 1009
    # As many bytes in fewer letters.
    async with site.raw() as worker:
        await worker.socket.send_str("\u00e4" * (messages.MAX_BYTES // 2 + 1))
        assert await worker.closed() == 1009


async def test_a_flood_is_ended(site: Site) -> None:
    async with site.raw() as worker:
        for _ in range(210):
            await worker.say("heartbeat_ack")
        assert await worker.closed() == 4429


async def test_errors_of_ours_close_it_without_a_trace(
    site: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("canary")

    monkeypatch.setattr(site.server.gateway.renewals, "claim", fail)
    with caplog.at_level(logging.CRITICAL):
        async with site.raw() as worker:
            await worker.say("client_ready", max_threads=1)
            got = await worker.socket.receive()
            assert got.data == 1011
            assert "canary" not in str(got.extra)


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_anything_at_all_is_read_or_refused(text: str | bytes) -> None:
    with suppress(BadRequest):
        messages.read(text if isinstance(text, bytes) else text.encode("utf-8", "replace"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)
FIELDS = (*ClientReady.__struct_fields__, *RefreshResult.__struct_fields__)


@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=5))
def test_data_of_any_shape_are_read_or_refused(data: dict[str, Any]) -> None:
    for type_ in (ClientReady, RefreshResult):
        with suppress(BadRequest):
            messages.data_of(messages.Message("any", data), type_)


async def test_fuzzed_messages_leave_the_connection_usable(site: Site) -> None:
    shapes: list[Any] = [None, 0, -1, 2**70, "x", [], {}, [1], {"a": 1}, 1e308, "\u0000", True]
    async with site.raw() as worker:
        for type_ in ("client_ready", "request_task", "refresh_result", "query_status"):
            for field in ("max_threads", "worker_id", "tasks", "email", "success", "task_id"):
                for shape in shapes[:6]:
                    await worker.say(type_, **{"success": False, field: shape})
                    await worker.say("heartbeat")
                    await worker.hear("heartbeat_ack")
                    site.clock.advance(1)
