"""The relay to compare with: the same server and client library, and nothing of plugway.

`python bench/bare.py UPSTREAM SERVER` relays every request and prints its own address.
"""

from __future__ import annotations

import sys
from typing import Any

import aiohttp
import yarl

from plugway.server.inflight import Inflight
from plugway.server.listener import bind
from plugway.server.process import run
from plugway.settings import ServerSettings

HOP = {b"connection", b"keep-alive", b"transfer-encoding", b"content-length", b"host"}


class Bare:
    """Relays as little code can: headers filtered, body streamed both ways."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            self.session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), auto_decompress=False
            )
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self.session.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        assert self.session is not None
        url = self.upstream + scope["path"]
        if scope["query_string"]:
            url += "?" + scope["query_string"].decode()
        headers = [(n.decode(), v.decode()) for n, v in scope["headers"] if n not in HOP]
        message = await receive()
        body: Any = message.get("body")
        if message.get("more_body"):
            body = upload(body, receive)
        async with self.session.request(
            scope["method"], yarl.URL(url, encoded=True), headers=headers, data=body or None
        ) as answer:
            await send(
                {
                    "type": "http.response.start",
                    "status": answer.status,
                    "headers": [
                        (n, v)
                        for n, v in answer.raw_headers
                        if n.lower() not in HOP or n.lower() == b"content-length"
                    ],
                }
            )
            while True:
                chunk = await answer.content.readany()
                last = not chunk or answer.content.at_eof()
                await send({"type": "http.response.body", "body": chunk, "more_body": not last})
                if last:
                    return


async def upload(first: bytes, receive: Any) -> Any:
    """Yield a request body as it comes."""
    yield first
    while True:
        message = await receive()
        yield message["body"]
        if not message.get("more_body"):
            return


def ready(url: str) -> None:
    """Tell the parent where this process listens."""
    print(url, flush=True)


def main(upstream: str, server: str) -> None:
    """Serve until the parent ends this process, in a process like the gateway's."""
    settings = ServerSettings(port=0)
    run(
        Bare(upstream),
        lambda: settings,
        sock=bind(settings),
        inflight=Inflight(),
        server=server,  # type: ignore[arg-type]  # checked by run
        on_ready=ready,
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "hypercorn")
