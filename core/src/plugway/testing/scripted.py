"""An upstream that does what a test scripts, byte by byte."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from plugway.server.deadlines import running_task


class Seen:
    """Is one request as the upstream saw it."""

    def __init__(self, head: bytes, body: bytes) -> None:
        line, _, rest = head.partition(b"\r\n")
        self.line = line.decode("latin-1")
        self.headers = [
            (name.decode().lower(), value.strip().decode("latin-1"))
            for name, _, value in (one.partition(b":") for one in rest.split(b"\r\n") if one)
        ]
        self.body = body

    def header(self, name: str) -> str | None:
        """Return a header's first value."""
        return next((value for one, value in self.headers if one == name), None)


Script = Callable[["Seen", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class ScriptedUpstream:
    """Answers each request with the next script; the last one stays."""

    def __init__(self) -> None:
        self.scripts: list[Script] = [ok]
        self.seen: list[Seen] = []
        self.closed = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def start(self) -> str:
        """Listen."""
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        """Stop listening and cut what is open."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = running_task()
        self._tasks.add(task)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n"))[:-4]
                seen = Seen(head, b"")
                if (length := seen.header("content-length")) is not None:
                    seen.body = await reader.readexactly(int(length))
                elif seen.header("transfer-encoding"):
                    seen.body = await _chunked(reader)
                self.seen.append(seen)
                script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
                await script(seen, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.closed.set()
        except asyncio.CancelledError:
            pass  # the test is over: the connection is closed below
        finally:
            self._tasks.discard(task)
            writer.close()


async def _chunked(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).strip(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return body


def answer(status: str, body: bytes = b'{"ok":true}', *headers: str) -> Script:
    """Script a whole answer."""

    async def script(
        seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        lines = [f"HTTP/1.1 {status}", "content-type: application/json", *headers]
        lines.append(f"content-length: {len(body)}")
        head = "\r\n".join([*lines, "", ""]).encode()
        writer.write(head if seen.line.startswith("HEAD") else head + body)
        await writer.drain()

    return script


ok = answer("200 OK")
