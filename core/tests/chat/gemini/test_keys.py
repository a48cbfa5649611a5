"""Where a key may be: what Google's clients use counts here, and only here."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
import pytest
from gemini_front import HELLO, GeminiFront
from poet import PoetPlugin
from starlette.responses import PlainTextResponse

from plugway import ConfigurationError, Mount, Request, hookimpl
from plugway.testing.server import GatewayServer

pytestmark = pytest.mark.anyio


class Mirror:
    """Shows the address that an endpoint sees."""

    @hookimpl
    def register_routes(self) -> list[Mount]:
        """Return the route."""

        async def show(request: Request) -> PlainTextResponse:
            return PlainTextResponse(str(request.url))

        return [Mount(path="/mirror", endpoint=show, keys={"key"}, methods={"GET"})]


async def nothing(request: Request) -> PlainTextResponse:
    """Be an endpoint."""
    return PlainTextResponse("")


def test_styles_that_there_are_not() -> None:
    for keys in (set(), {"bearer", "cookie"}, {"Key"}):
        with pytest.raises(ConfigurationError, match=r"/x.*keys must be from \['bearer', 'key',"):
            Mount(path="/x", endpoint=nothing, keys=keys)
    assert Mount(path="/x", endpoint=nothing).keys == {"bearer", "x-api-key"}


def test_a_mount_is_not_replaced_by_one_that_is_open() -> None:
    open_, closed = (Mount(path="/x", endpoint=nothing, public=public) for public in (True, False))
    for mount, other in ((closed, open_), (open_, closed)):
        with pytest.raises(ConfigurationError, match="not as public"):
            msgspec.structs.replace(mount, instead=lambda _, other=other: other).serving({})
    assert msgspec.structs.replace(closed, instead=lambda _: None).serving({}).public is False


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[GeminiFront]:
    """Run a gateway with the poet and the mirror."""
    plugin = PoetPlugin()
    plugins = {"poet": plugin, "mirror": Mirror()}
    async with (
        GatewayServer(tmp_path / "home", plugins=plugins) as server,
        aiohttp.ClientSession() as http,
    ):
        front = GeminiFront(server, plugin.poet, http)
        await front.prepare()
        yield front


async def ask(
    front: GeminiFront,
    query: str = "",
    method: str = "GET",
    path: str = "/v1beta/models",
    **own: str,
) -> tuple[int, str]:
    """Return status and text of an answer."""
    headers = {name.replace("_", "-"): value for name, value in own.items()}
    url = f"{front.server.url}{path}{query}"
    async with front.http.request(
        method, url, headers=headers, json=HELLO if method == "POST" else None
    ) as answer:
        return answer.status, await answer.text()


async def test_three_places(front: GeminiFront) -> None:
    for query, headers in (
        ("", {"x_goog_api_key": front.key}),
        (f"?key={front.key}", {}),
        (f"?pageSize=1&key={front.key}&x=y", {}),
        ("", {"authorization": f"Bearer {front.key}"}),
    ):
        assert (await ask(front, query, **headers))[0] == 200
        for path in ("/v1beta/models/poet:generateContent", "/v1/models/poet:countTokens"):
            assert (await ask(front, query, "POST", path, **headers))[0] == 200


async def test_one_and_once(front: GeminiFront) -> None:
    other = await front.server.key(front.user, "other")
    for query, headers in (
        ("", {}),
        ("", {"x_api_key": front.key}),
        ("?key=", {}),
        (f"?key={front.key}&key={front.key}", {}),
        (f"?key={front.key}&key={other}", {}),
        (f"?key={front.key}", {"x_goog_api_key": front.key}),
        (f"?key={front.key}", {"x_goog_api_key": other}),
        ("", {"x_goog_api_key": front.key, "authorization": f"Bearer {other}"}),
        ("?key=sk-nobody-has-this-one", {}),
    ):
        status, told = await ask(front, query, **headers)
        assert status == 401
        assert '"UNAUTHENTICATED"' in told


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/chat/completions"),
        ("POST", "/v1/messages"),
        ("GET", "/api/admin/users"),
        ("GET", "/nowhere"),
    ],
)
async def test_nowhere_else(front: GeminiFront, method: str, path: str) -> None:
    root = await front.server.user("root", role="admin")
    key = await front.server.key(root)
    for query, headers in ((f"?key={key}", {}), ("", {"x_goog_api_key": key})):
        status, told = await ask(front, query, method, path, **headers)
        assert status in (401, 404)
        assert key not in told


async def test_a_list_that_two_apis_have_at_one_path(front: GeminiFront) -> None:
    for path, own, theirs in (
        ("/v1/models", '"models":[', '"object":"list"'),
        ("/v1/models/poet", '"baseModelId":"poet"', '"object":"model"'),
    ):
        for query, headers, part in (
            ("", {"x_goog_api_key": front.key}, own),
            (f"?key={front.key}", {}, own),
            ("", {"authorization": f"Bearer {front.key}", "x_goog_api_client": "x/1"}, own),
            ("", {"authorization": f"Bearer {front.key}"}, theirs),
            ("", {"x_api_key": front.key}, theirs),
        ):
            status, told = await ask(front, query, path=path, **headers)
            assert (status, part in told) == (200, True), told
        for headers, googles in (({"x_goog_api_key": "sk-nobody-has-this"}, True), ({}, False)):
            status, told = await ask(front, path=path, **headers)
            assert (status, '"UNAUTHENTICATED"' in told) == (401, googles)


async def test_a_key_in_the_query_is_written_down_nowhere(
    front: GeminiFront, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "sk-nobody-has-this-one-ever"
    for key, statuses in ((front.key, {200, 400, 404, 405}), (wrong, {401, 404, 405})):
        for method, path in (
            ("GET", "/v1beta/models"),
            ("GET", "/v1beta/models/nobody"),
            ("POST", "/v1beta/models/poet:generateContent"),
            ("POST", "/v1beta/models/poet:streamGenerateContent"),
            ("POST", "/v1beta/models/poet:nothing"),
            ("GET", "/v1beta/nowhere"),
            ("GET", "/v1/models"),
            ("GET", "/v1/chat/completions"),
            ("GET", "/mirror"),
        ):
            status, told = await ask(front, f"?alt=json&key={key}", method, path)
            assert status in statuses
            assert key not in told
    assert len(caplog.records) > 10
    for record in caplog.records:
        text = f"{record.getMessage()} {record.__dict__}"
        assert front.key not in text
        assert wrong not in text


async def test_endpoints_see_no_key_in_the_query(front: GeminiFront) -> None:
    for query, left in (
        ("?key={}", ""),
        ("?a=1&k%65y={}&b=2", "?a=1&b=2"),
        ("?keys=1&key={}&key2=%20", "?keys=1&key2=%20"),
    ):
        status, told = await ask(front, query.format(front.key), path="/mirror")
        assert (status, told.partition("/mirror")[2]) == (200, left)
