"""A small upstream that answers as Gemini Business does: `python bench/widget.py PORT`.

What is asked holds `n=` pieces and `ms=` between them; each piece is the moment at which it
is sent, in nanoseconds of the machine's monotonic clock, so that whoever reads it knows how
long it took. Nothing is checked: what is measured is the gateway.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time

from aiohttp import web

SESSION = "collections/default_collection/engines/agentspace-engine/sessions/1"
PIECE = (
    '{"streamAssistResponse":{"answer":{"state":"%s","replies":[{"groundedContent":{"content":'
    '{"role":"model","text":"%s"}}}]}}}'
)


async def key(request: web.Request) -> web.Response:
    """Give a key for the bearer."""
    return web.Response(text=")]}'\n" + '{"xsrfToken":"c2VjcmV0","keyId":"1"}')


async def session(request: web.Request) -> web.Response:
    """Open a session."""
    return web.json_response({"session": {"name": SESSION}})


async def ask(request: web.Request) -> web.StreamResponse:
    """Stream so many moments."""
    asked = await request.text()
    count, pause = (int(found) for found in re.findall(r"(?:n|ms)=(\d+)", asked)[-2:])
    answer = web.StreamResponse(headers={"content-type": "application/json"})
    answer.enable_chunked_encoding()
    await answer.prepare(request)
    await answer.write(b"[")
    for _ in range(count):
        piece = PIECE % ("IN_PROGRESS", f"{time.monotonic_ns()} ")
        await answer.write(piece.encode() + b"\n,\n")
        if pause:
            await asyncio.sleep(pause / 1000)
    await answer.write((PIECE % ("SUCCEEDED", f"{time.monotonic_ns()} ")).encode() + b"]")
    await answer.write_eof()
    return answer


async def other(request: web.Request) -> web.Response:
    """Say yes to whatever else there is."""
    await request.read()
    return web.json_response({})


async def main(port: int) -> None:
    """Listen until the parent ends this process."""
    app = web.Application()
    app.router.add_get("/auth/getoxsrf", key)
    app.router.add_post("/v1alpha/locations/global/widgetCreateSession", session)
    app.router.add_post("/v1alpha/locations/global/widgetStreamAssist", ask)
    app.router.add_route("*", "/{path:.*}", other)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, backlog=2048)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
