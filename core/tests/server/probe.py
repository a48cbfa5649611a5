"""An app behind the guard, in a process of its own: what the server tests talk to.

Run as `python probe.py CONFIG [FD PARENT]`; see `main` for the configuration.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from plugway.calls.departure import watch
from plugway.clock import SystemClock
from plugway.errors import ConfigurationError
from plugway.server.guard import REQUEST_ID, Guard
from plugway.server.inflight import Inflight
from plugway.server.listener import adopt, bind
from plugway.server.process import run
from plugway.server.supervisor import run_workers
from plugway.settings import ServerSettings

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


def say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class Probe:
    """Answers by path; `/stats` shows what goes on inside."""

    def __init__(self, inflight: Inflight) -> None:
        self.inflight = inflight
        self.events: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
            return
        query = dict(parse_qsl(scope["query_string"].decode()))
        name = scope["path"].strip("/").replace("-", "_") or "index"
        handler = getattr(self, f"on_{name}", self.on_other)
        await handler(scope, receive, send, query)

    async def live(self, receive: Receive, send: Send) -> None:
        await receive()
        if os.environ.get("PROBE_FAILS"):
            raise ConfigurationError("the probe was told to fail")
        await send({"type": "lifespan.startup.complete"})
        await receive()
        say(stopped=os.getpid(), inflight=len(self.inflight), events=self.events)
        await send({"type": "lifespan.shutdown.complete"})

    async def answer(self, send: Send, content: Any, status: int = 200) -> None:
        body = json.dumps(content).encode()
        length = str(len(body)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def on_other(self, scope: Scope, receive: Receive, send: Send, query: Any) -> None:
        seen = {"path": scope["path"], "pid": os.getpid(), "id": scope[REQUEST_ID]}
        await self.answer(send, seen)

    async def on_stats(self, scope: Scope, receive: Receive, send: Send, query: Any) -> None:
        stats = {
            "inflight": len(self.inflight) - 1,
            "tasks": len(asyncio.all_tasks()),
            "fds": len(os.listdir("/proc/self/fd")),
            "events": self.events,
            "pid": os.getpid(),
        }
        await self.answer(send, stats)

    async def on_readyz(self, scope: Scope, receive: Receive, send: Send, query: Any) -> None:
        await self.answer(send, {}, 200 if self.inflight.ready else 503)

    async def on_echo(self, scope: Scope, receive: Receive, send: Send, query: Any) -> None:
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            size += len(message.get("body", b""))
            if not message.get("more_body", False):
                break
        self.events.append("echoed")
        await self.answer(send, {"size": size, "pid": os.getpid()})

    async def on_early(self, scope: Scope, receive: Receive, send: Send, query: Any) -> None:
        """Answer without reading the body, as a refusal does."""
        await self.answer(send, {"early": True}, 401)

    async def on_early_stream(self, scope: Scope, receive: Receive, send: Send, query: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(3):
            await send({"type": "http.response.body", "body": b"tick ", "more_body": True})
        await send({"type": "http.response.body", "body": b"end"})

    async def on_stream(self, scope: Scope, receive: Receive, send: Send, query: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(int(query["n"])):
            body = b"tick %d\n" % number
            await send({"type": "http.response.body", "body": body, "more_body": True})
            await asyncio.sleep(float(query["every"]))
        await send({"type": "http.response.body", "body": b"end\n"})

    async def on_flood(self, scope: Scope, receive: Receive, send: Send, query: Any) -> None:
        """Send until the client leaves."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        watching = watch(receive, lambda: None, asyncio.get_running_loop(), patience=0.01)
        while not watching.left:
            body = bytes(65_536)
            await send({"type": "http.response.body", "body": body, "more_body": True})
            await asyncio.sleep(0)
        watching.stop()
        self.events.append("left flood")

    async def on_wait(self, scope: Scope, receive: Receive, send: Send, query: Any) -> None:
        """Wait for the client to leave, the way a call does."""
        while (await receive()).get("more_body", False):
            pass
        left = asyncio.Event()
        self.events.append(f"waiting {query['name']}")
        watching = watch(receive, left.set, asyncio.get_running_loop(), patience=0.01)
        try:
            await left.wait()
            self.events.append(f"left {query['name']}")
        except asyncio.CancelledError:
            self.events.append(f"cancelled {query['name']}")
            raise
        finally:
            watching.stop()
        await self.answer(send, {})

    async def on_hang(self, scope: Scope, receive: Receive, send: Send, query: Any) -> None:
        if "body" in query:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        try:
            await asyncio.Event().wait()
        finally:
            self.events.append(f"ended {query['name']}")

    async def on_raise(self, scope: Scope, receive: Receive, send: Send, query: Any) -> None:
        if "body" in query:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        raise ValueError("secret detail")


def main() -> int:
    """Serve as CONFIG says: `server`, `settings`, `linger`, `constants`, `workers`."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    config = json.loads(sys.argv[1])
    settings = msgspec.convert(config["settings"], ServerSettings)

    modules = [
        import_module(f"plugway.server.{name}")
        for name in (config["server"], "supervisor", "serve")
    ]
    for name, value in config["constants"].items():
        for module in modules:
            if hasattr(module, name):
                setattr(module, name, value)

    def ready(url: str) -> None:
        say(ready=url, pid=os.getpid())

    def reloaded() -> None:
        say(reloaded=os.getpid())

    if "workers" in config and len(sys.argv) == 2:

        def command(fd: int, parent: int) -> list[str]:
            return [sys.executable, __file__, sys.argv[1], str(fd), str(parent)]

        return run_workers(
            command,
            lambda: settings,
            workers=config["workers"],
            sock=bind(settings),
            clock=SystemClock(),
            on_ready=ready,
            backoff=0.05,
        )
    inflight = Inflight()
    guard = Guard(
        Probe(inflight), lambda: settings, SystemClock(), inflight, linger=config["linger"]
    )
    worker = len(sys.argv) == 4
    run(
        guard,
        lambda: settings,
        sock=adopt(int(sys.argv[2])) if worker else bind(settings),
        inflight=inflight,
        server=config["server"],
        on_ready=ready,
        on_reload=reloaded,
        parent=int(sys.argv[3]) if worker else None,
    )
    return 0


if __name__ == "__main__":
    try:
        code = main()
    except ConfigurationError as error:
        with contextlib.suppress(OSError):
            sys.stderr.write(f"{error.message}\n")
        code = 2
    sys.exit(code)
