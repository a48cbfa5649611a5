"""Stands in for the upstream: the endpoints people use, and an echo on every other path.

Below `/<prefix>/_test/` are answers of a kind: `bytes/<count>` (`?coding=gzip`),
`stream?events=…&interval=…`, `mirror` (the request's body comes back while it arrives),
`status/<code>`. Everything else that is not a known endpoint is told back: method, target as
on the wire, headers, and the body's length and SHA-256.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from types import MappingProxyType

from aiohttp import web

from plugway import Tour
from plugway.testing import EmulatorServer
from plugway_bltcy.emulated_jobs import Endpoint, Jobs
from plugway_bltcy.settings import PREFIXES

CHUNK = 64 * 1024

#: What `bytes/<count>` is made of: any part tells where it belongs.
PATTERN = b"".join(b"%07d\n" % number for number in range(CHUNK // 8))

#: The first job of a fresh emulator.
_FIRST = "00000000-0000-4000-8000-000000000001"


class BltcyEmulator(EmulatorServer):
    """Answers like the upstream, on any path below the prefixes.

    A job takes three looks to be done, whatever the time.
    """

    provider: str = "bltcy"
    secret: str | None = "sk-emulator-0123456789abcdef"  # noqa: S105  # accepted by the emulator alone
    models: tuple[str, ...] = tuple(dict.fromkeys(PREFIXES.values()))
    settings: Mapping[str, str] = MappingProxyType({"passthrough_quota": "1000", "poll_quota": "0"})
    unread: tuple[str, ...] = tuple(f"/{prefix}/_test/" for prefix in PREFIXES)
    tour: tuple[Tour, ...] = (
        Tour(
            title="submit a Runway job: 1000 credits",
            path="/runwayml/v1/image_to_video",
            json={"promptText": "a lighthouse", "model": "gen4_turbo", "ratio": "1280:720"},
        ),
        Tour(title="ask how it is doing: free", method="GET", path=f"/runwayml/v1/tasks/{_FIRST}"),
        Tour(
            title="submit a Suno song: 1000 credits",
            path="/suno/submit/music",
            json={"prompt": "a song about the sea", "mv": "chirp-v4"},
        ),
        Tour(
            title="send a request that the upstream refuses: it costs nothing",
            path="/suno/submit/music",
            json={"mv": "chirp-v4"},
            expect=400,
        ),
    )

    def __init__(self, prefixes: Iterable[str] = ()) -> None:
        """Prepare.

        Args:
            prefixes: More prefixes than the plugin has by itself.
        """
        super().__init__()
        self._prefixes = (*PREFIXES, *prefixes)
        self.jobs = Jobs(lambda: self.url)

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return the upstream's routes."""
        yield web.get("/files/{name}", self._file)
        for method, path, endpoint in self.jobs.routes():
            yield web.route(method, path, self._guarded(endpoint))
        for prefix in self._prefixes:
            test = f"/{prefix}/_test"
            yield web.get(f"{test}/bytes/{{count}}", self._guarded(self._bytes))
            yield web.get(f"{test}/stream", self._guarded(self._events))
            yield web.route("*", f"{test}/mirror", self._guarded(self._mirror))
            yield web.route("*", f"{test}/status/{{code}}", self._guarded(self._status))
            yield web.route("*", f"/{prefix}", self._guarded(self._echo))
            yield web.route("*", f"/{prefix}/{{rest:.*}}", self._guarded(self._echo))

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def checked(request: web.Request) -> web.StreamResponse:
            given = request.headers.getall("Authorization", [])
            expected = f"Bearer {self.secret}"
            if len(given) != 1 or not hmac.compare_digest(given[0].encode(), expected.encode()):
                error = {"message": "Invalid token", "type": "new_api_error", "code": ""}
                return web.json_response({"error": error}, status=401)
            return await endpoint(request)

        return checked

    async def _echo(self, request: web.Request) -> web.StreamResponse:
        digest, size = hashlib.sha256(), 0
        async for chunk in _body(request):
            digest.update(chunk)
            size += len(chunk)
        told = {
            "method": request.method,
            "target": request.raw_path,
            "headers": [
                [name.decode("latin-1"), value.decode("latin-1")]
                for name, value in request.raw_headers
            ],
            "body_bytes": size,
            "body_sha256": digest.hexdigest(),
        }
        response = web.json_response(told)
        # What an upstream behind a balancer sends, and what clients rely on.
        response.headers.add("Set-Cookie", "upstream=1; Path=/")
        response.headers.add("X-Told", "first")
        response.headers.add("X-Told", "second")
        return response

    async def _mirror(self, request: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": request.headers.get("Content-Type", "application/octet-stream")}
        if request.content_length is not None:
            headers["Content-Length"] = str(request.content_length)
        return await self.stream(request, _body(request), headers=headers)

    async def _bytes(self, request: web.Request) -> web.StreamResponse:
        count = _number(request.match_info["count"], most=1 << 30)
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(count)}
        if request.query.get("coding") == "gzip":
            body = gzip.compress((PATTERN * (count // CHUNK + 1))[:count], mtime=0)
            return web.Response(body=body, headers={"Content-Encoding": "gzip"})
        return await self.stream(request, _pattern(count), headers=headers)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        events = _number(request.query.get("events", "3"), most=100_000)
        interval = _number(request.query.get("interval", "0"), most=60_000) / 1000

        async def lines() -> AsyncIterator[bytes]:
            for number in range(events):
                yield b"data: %s\n\n" % json.dumps({"index": number}).encode()
                await asyncio.sleep(interval)
            yield b"data: [DONE]\n\n"

        return await self.stream(request, lines(), headers={"Content-Type": "text/event-stream"})

    async def _status(self, request: web.Request) -> web.StreamResponse:
        code = _number(request.match_info["code"], most=599)
        if code < 200:
            raise web.HTTPBadRequest(text="a final status, please")
        if code in (204, 304):
            return web.Response(status=code)
        error = {"message": f"status {code} was asked for", "type": "upstream_error", "code": ""}
        headers = {"Retry-After": "7"} if code in (429, 503) else {}
        return web.json_response({"error": error}, status=code, headers=headers)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=PATTERN[:1024], content_type="video/mp4")


async def _body(request: web.Request) -> AsyncIterator[bytes]:
    if request.content.at_eof():
        # It has been read already, and is kept.
        yield await request.read()
        return
    async for chunk in request.content.iter_any():
        yield chunk


async def _pattern(count: int) -> AsyncIterator[bytes]:
    for begin in range(0, count, CHUNK):
        yield PATTERN[: min(CHUNK, count - begin)]


def _number(text: str, *, most: int) -> int:
    if not text.isdecimal() or len(text) > 12 or int(text) > most:
        raise web.HTTPBadRequest(text=f"a number up to {most}, please")
    return int(text)
