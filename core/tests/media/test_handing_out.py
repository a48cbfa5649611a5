"""Media fetched over HTTP by their signed URLs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from plugway import Mount
from plugway.errors import NotFound
from plugway.hookspecs import hookimpl
from plugway.media.answer import answer
from plugway.media.kept import Kept
from plugway.request import Request
from plugway.testing.clock import ManualClock
from plugway.testing.server import GatewayServer

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
SIZE = len(PNG)


class Owner:
    """Is a plugin that hands out what is its caller's."""

    @hookimpl
    def register_routes(self, gateway: Any) -> list[Mount]:
        async def endpoint(request: Request) -> Any:
            kept = await gateway.media.get(request.path_params["id"])
            if kept is None or kept.user_id != request.principal.user_id:
                raise NotFound
            return await answer(gateway.media, kept, request, filename="Füchse.png")

        methods = frozenset({"GET", "HEAD"})
        return [Mount(path="/own/{id}", endpoint=endpoint, methods=methods)]


@dataclass
class Stage:
    """Is a gateway with a picture, and somebody who has no key."""

    server: GatewayServer
    clock: ManualClock
    client: aiohttp.ClientSession
    kept: Kept
    url: str

    async def get(self, method: str = "GET", url: str = "", **headers: str) -> Got:
        """Fetch the picture, or something else."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.request(method, url or self.url, headers=named) as answer:
            return Got(answer.status, await answer.read(), answer.headers)


@dataclass
class Got:
    """Is an answer."""

    status: int
    body: bytes
    headers: Any


@pytest.fixture(scope="module")
async def stage(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """Run a gateway, whose clock stands still, for all tests of this module."""
    clock = ManualClock()
    home = tmp_path_factory.mktemp("media") / "home"
    async with (
        GatewayServer(home, plugins={"owner": Owner()}, clock=clock) as server,
        aiohttp.ClientSession() as client,
    ):
        media = server.gateway.media
        kept = await media.keep(PNG, call_id="c1", user_id=1, mime_type="text/html")
        yield Stage(server, clock, client, kept, media.url(kept, server.url))


async def test_whoever_has_the_url_gets_it(stage: Stage) -> None:
    got = await stage.get()
    assert (got.status, got.body) == (200, PNG)
    headers = got.headers
    assert headers["content-type"] == "image/png"
    assert headers["content-length"] == str(SIZE)
    assert headers["content-disposition"] == "inline"
    assert headers["cache-control"] == "private, max-age=86400, immutable"
    assert headers["etag"] == f'"{stage.kept.id}"'
    assert headers["last-modified"] == "Fri, 15 Jan 2027 08:00:00 GMT"
    assert headers["accept-ranges"] == "bytes"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none';")
    assert headers["content-security-policy"].endswith("; sandbox")
    head = await stage.get("HEAD", range="bytes=0-1")
    assert (head.status, head.body) == (200, b"")
    own = ("date", "x-request-id")
    assert {name: value for name, value in head.headers.items() if name.lower() not in own} == {
        name: value for name, value in headers.items() if name.lower() not in own
    }
    assert (await stage.get("POST")).status == 405


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [("bytes=0-7", 0, 8), ("bytes=1000-", 1000, SIZE), ("bytes=-5", SIZE - 5, SIZE)],
)
async def test_a_part_of_it(stage: Stage, header: str, start: int, end: int) -> None:
    got = await stage.get(range=header)
    assert (got.status, got.body) == (206, PNG[start:end])
    assert got.headers["content-range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert got.headers["content-length"] == str(end - start)


async def test_a_part_that_is_not_there(stage: Stage) -> None:
    got = await stage.get(range=f"bytes={SIZE}-")
    assert (got.status, got.body) == (416, b"")
    assert got.headers["content-range"] == f"bytes */{SIZE}"


EARLIER, THEN, LATER = (f"Fri, 15 Jan 2027 0{hour}:00:00 GMT" for hour in (7, 8, 9))


async def test_conditions(stage: Stage) -> None:
    tag = f'"{stage.kept.id}"'
    part = {"range": "bytes=0-1"}
    for status, headers in (
        (304, {"if_none_match": tag}),
        (304, {"if_none_match": f'"x", W/{tag}'}),
        (304, {"if_none_match": "*", **part}),
        (304, {"if_modified_since": THEN}),
        (200, {"if_modified_since": EARLIER}),
        (200, {"if_modified_since": "yesterday"}),
        (200, {"if_none_match": '"x"', "if_modified_since": LATER}),
        (412, {"if_match": '"x"'}),
        (412, {"if_match": f"W/{tag}"}),
        (412, {"if_unmodified_since": EARLIER}),
        (206, {"if_match": tag, "if_unmodified_since": EARLIER, **part}),
        (206, {"if_range": tag, **part}),
        (206, {"if_range": THEN, **part}),
        (200, {"if_range": f"W/{tag}", **part}),
        (200, {"if_range": '"x"', **part}),
        (200, {"if_range": LATER, **part}),
    ):
        got = await stage.get(**headers)
        assert got.status == status, headers
        assert got.headers["etag"] == tag
        assert (got.body == b"") == (status in (304, 412))


@pytest.mark.parametrize(
    ("content", "said", "served", "end"),
    [
        (b"<!doctype html><script>", "text/html", "application/octet-stream", "bin"),
        (b"<svg xmlns='x'><script/></svg>", "image/svg+xml", "application/octet-stream", "bin"),
        (b"?", "", "application/octet-stream", "bin"),
        (b"%PDF-1.7", "", "application/pdf", "pdf"),
    ],
)
async def test_what_a_browser_might_run_is_saved(
    stage: Stage, content: bytes, said: str, served: str, end: str
) -> None:
    media = stage.server.gateway.media
    kept = await media.keep(content, call_id="c2", user_id=1, mime_type=said)
    got = await stage.get(url=media.url(kept, stage.server.url))
    assert f"{kept.id}.{end}?" in media.url(kept, "")
    assert (got.status, got.body) == (200, content)
    assert got.headers["content-type"] == served
    assert got.headers["content-disposition"] == "attachment"


async def test_urls_that_are_not_ours(stage: Stage) -> None:
    kept, base = stage.kept, stage.server.url
    query = stage.url.partition("?")[2]
    for url in (
        stage.url[:-1],
        stage.url.replace("until=", "until=1"),
        stage.url.replace(".png", ".html"),
        stage.url.replace(kept.id, "0" * 40),
        f"{base}/media/{kept.id}.png",
        f"{base}/media/{kept.id}.png?{query}".replace("&", "&amp;"),
        f"{base}/media/vault.key?{query}",
        f"{base}/media/{kept.id}.png?signature=%ff&until=%00",
    ):
        got = await stage.get(url=url)
        assert got.status == 403, url
        assert b'"not_permitted"' in got.body


async def test_what_is_gone_is_said_to_be(stage: Stage) -> None:
    media = stage.server.gateway.media
    kept = await media.keep(PNG, call_id="c3", user_id=1)
    url = media.url(kept, stage.server.url)
    await media.remove(kept.id)
    got = await stage.get(url=url)
    assert (got.status, b'"gone"' in got.body) == (410, True)
    # Its row is there, and somebody has taken the file away.
    kept = await media.keep(PNG, call_id="c3", user_id=1)
    (stage.server.home / "media" / kept.place).unlink()
    got = await stage.get(url=media.url(kept, stage.server.url))
    assert (got.status, b'"gone"' in got.body) == (410, True)


async def test_its_owner_gets_it_without_a_signature(stage: Stage) -> None:
    server = stage.server
    alice, mallory = await server.user("alice"), await server.user("mallory")
    kept = await server.gateway.media.keep(PNG, call_id="c4", user_id=alice.id)
    url = f"{server.url}/own/{kept.id}"
    key = f"Bearer {await server.key(alice)}"
    got = await stage.get(url=url, authorization=key, range="bytes=-4")
    assert (got.status, got.body) == (206, PNG[-4:])
    assert got.headers["cache-control"] == "private, no-cache"
    assert got.headers["content-disposition"] == (
        "inline; filename=\"F_chse.png\"; filename*=UTF-8''F%C3%BCchse.png"
    )
    other = await stage.get(url=url, authorization=f"Bearer {await server.key(mallory)}")
    assert other.status == 404


async def test_who_leaves_early_is_no_longer_read_for(stage: Stage) -> None:
    gateway = stage.server.gateway
    kept = await gateway.media.keep(bytes(32_000_000), call_id="c5", user_id=1)
    async with aiohttp.ClientSession(read_bufsize=1_024) as client:
        answer = await client.get(gateway.media.url(kept, stage.server.url))
        assert len(await answer.content.readexactly(1_000)) == 1_000
        answer.close()
    async with asyncio.timeout(10):
        while len(gateway.running):
            await asyncio.sleep(0.01)


async def test_a_url_ends(stage: Stage) -> None:
    """Comes last: the clock is everybody's."""
    media = stage.server.gateway.media
    kept = await media.keep(PNG, call_id="c6", user_id=1)
    url = media.url(kept, stage.server.url)
    stage.clock.advance(86_399)
    got = await stage.get(url=url)
    assert (got.status, got.headers["cache-control"]) == (200, "private, max-age=1, immutable")
    stage.clock.advance(1)
    got = await stage.get(url=url)
    assert (got.status, b"expired" in got.body) == (410, True)
    # It can be had again by another one, until it is removed.
    assert (await stage.get(url=media.url(kept, stage.server.url))).status == 200
    stage.clock.advance(7 * 86_400)
    assert await media.get(kept.id) is None
