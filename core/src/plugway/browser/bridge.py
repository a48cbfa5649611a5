"""A way for a browser through a SOCKS proxy that wants a login, which browsers cannot give."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from typing import Any
from urllib.parse import urlsplit

from plugway.errors import ConfigurationError

#: Seconds for a request's head and for a connection.
_PATIENCE = 30.0

#: Bytes that are passed on at once.
_CHUNK = 1 << 16

_WHO = (
    b"HTTP/1.1 407 Proxy Authentication Required\r\n"
    b"Proxy-Authenticate: Basic realm=bridge\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)
_NO_WAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_STANDS = b"HTTP/1.1 200 Connection established\r\n\r\n"


@asynccontextmanager
async def bridge(url: str) -> AsyncIterator[str]:
    """Listen on loopback as an HTTP proxy, and pass everything through a SOCKS proxy.

    Args:
        url: The SOCKS proxy's, login included.

    Yields:
        The URL of the HTTP proxy; its login is made for this once, so that no other user of the
        machine gets through.

    Raises:
        ConfigurationError: What it takes is not installed, or the address cannot be one.
    """
    try:
        from python_socks.async_.asyncio import Proxy
    except ImportError:
        raise ConfigurationError(
            "a browser behind a SOCKS proxy with a login takes plugway[browser]"
        ) from None
    try:
        # The proxy resolves names: whoever asks here tells where one goes.
        far = Proxy.from_url(url.replace("socks5h://", "socks5://", 1), rdns=True)
    except ValueError:
        raise ConfigurationError("the proxy's address cannot be one") from None
    password = secrets.token_urlsafe(24)
    known = b"Basic " + base64.b64encode(f"bridge:{password}".encode())
    tasks: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a coroutine runs in one
        tasks.add(task)
        try:
            with closing(writer):
                await _serve(far, known, reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            # Of one side or the other; the browser notices.
            pass
        except asyncio.CancelledError:
            # The end of the bridge, of which the streams' own callback must not hear.
            pass
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        yield f"http://bridge:{password}@127.0.0.1:{port}"
    finally:
        server.close()
        ending = list(tasks)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)


async def _serve(
    far: Any, known: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    async with asyncio.timeout(_PATIENCE):
        head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head[:-4].split(b"\r\n")
    given = [line for line in lines if line.lower().startswith(b"proxy-authorization:")]
    if len(given) != 1 or not secrets.compare_digest(given[0].partition(b":")[2].strip(), known):
        writer.write(_WHO)
        await writer.drain()
        return
    method, target, _ = first.decode("latin-1").split(" ", 2)
    begins = _STANDS, b""
    if method != "CONNECT":
        address = urlsplit(target)
        path = f"{address.path or '/'}?{address.query}" if address.query else address.path or "/"
        dropped = (b"proxy-", b"connection:", b"keep-alive:")
        kept = [line for line in lines if not line.lower().startswith(dropped)]
        asked = [f"{method} {path} HTTP/1.1".encode("latin-1"), *kept, b"Connection: close"]
        begins, target = (b"", b"\r\n".join([*asked, b"", b""])), f"//{address.netloc}"
    place = urlsplit(target if target.startswith("//") else f"//{target}")
    from python_socks import ProxyError, ProxyTimeoutError

    try:
        sock = await far.connect(place.hostname or "", place.port or 80, timeout=_PATIENCE)
    except (OSError, ValueError, ProxyError, ProxyTimeoutError):
        writer.write(_NO_WAY)
        await writer.drain()
        return
    far_reader, far_writer = await asyncio.open_connection(sock=sock)
    with closing(far_writer):
        writer.write(begins[0])
        far_writer.write(begins[1])
        passing = [
            asyncio.ensure_future(_pass(reader, far_writer)),
            asyncio.ensure_future(_pass(far_reader, writer)),
        ]
        try:
            # A half that ends does so for both: a browser keeps none half open.
            await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in passing:
                one.cancel()
            await asyncio.gather(*passing, return_exceptions=True)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
