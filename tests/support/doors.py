"""A plugin with an open door and a closed one, and raw requests to try them with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from starlette.responses import JSONResponse

from plugway import Mount, Request, hookimpl

PATIENCE = 10.0


class DoorsPlugin:
    """Answers below `/open` to everyone and below `/closed` to those with a key.

    Who passed says which door, by which path, and as whom.
    """

    @hookimpl
    def register_routes(self) -> Iterable[Mount]:
        """Return the doors."""

        async def opened(request: Request) -> JSONResponse:
            return JSONResponse({"door": "open", "path": request.path})

        async def closed(request: Request) -> JSONResponse:
            told = {"door": "closed", "path": request.path, "user": request.principal.user}
            return JSONResponse(told)

        return [
            Mount(path="/open", endpoint=opened, prefix=True, public=True),
            Mount(path="/closed", endpoint=closed, prefix=True),
        ]


class Reply(NamedTuple):
    """Is what came back; status 0: nothing did."""

    status: int
    head: str
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body, read as JSON; None: it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def door(self) -> str | None:
        """Return what let the request in."""
        told = self.json if self.status == 200 else None
        if isinstance(told, dict):
            return str(told.get("door", "other"))
        return None if told is None else "other"

    @property
    def names(self) -> list[str]:
        """Return the names of its headers."""
        return sorted(line.partition(":")[0].lower() for line in self.head.splitlines()[1:])


def head(target: bytes, *headers: bytes, method: bytes = b"GET", host: bytes = b"gateway") -> bytes:
    """Write the head of a request.

    Args:
        target: As on the wire.
        headers: Lines after `Host`.
        method: HTTP method.
        host: What the `Host` header says.
    """
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: " + host, *headers]
    return b"\r\n".join([*lines, b"", b""])


async def ask(url: str, data: bytes) -> Reply:
    """Send bytes on a connection of their own, and read the first answer."""
    name, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    try:
        async with asyncio.timeout(PATIENCE):
            return await _exchange(reader, writer, data)
    finally:
        writer.close()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes
) -> Reply:
    sending = asyncio.create_task(_send(writer, data))
    try:
        top = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1")
        body = b""
        lines = [line.lower() for line in top.splitlines()]
        length = [line for line in lines if line.startswith("content-length:")]
        if length:
            body = await reader.readexactly(int(length[0].partition(":")[2]))
        elif "transfer-encoding: chunked" in lines:
            while size := int(await reader.readline(), 16):
                body += (await reader.readexactly(size + 2))[:-2]
        return Reply(int(top.split(" ", 2)[1]), top, body)
    except (asyncio.IncompleteReadError, ConnectionError):
        # A server that cannot read a request may close without a word.
        return Reply(0, "", b"")
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()
