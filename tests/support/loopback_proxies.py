"""Real proxies on loopback: HTTP, SOCKS5 and SOCKS4, with and without a login, good and bad."""

from __future__ import annotations

import asyncio
import base64
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType

Login = tuple[str, str]


class LoopbackProxy(ABC):
    """Listens on loopback and passes on what it is asked to.

    Attributes:
        scheme: Of its URL.
        port: Where it listens; the same one after it came back.
        asked: Hosts and ports that it was asked for.
        connections: How many there were.
        standing: Connections that have not ended.
        tls: Set, it is spoken to over TLS.
        works: Off, it closes what is accepted without a word.
        on_request: Called at each request.
    """

    scheme: str

    def __init__(self, login: Login | None = None) -> None:
        """Prepare; `async with` listens.

        Args:
            login: User and password that it wants.
        """
        self.login = login
        self.port = 0
        self.asked: list[str] = []
        self.connections = 0
        self.tls: ssl.SSLContext | None = None
        self.works = True
        self.on_request: Callable[[], object] = lambda: None
        self._server: asyncio.Server | None = None
        self.standing: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Return its URL, login included."""
        login = "" if self.login is None else f"{':'.join(self.login).rstrip(':')}@"
        scheme = "https" if self.tls else self.scheme
        return f"{scheme}://{login}127.0.0.1:{self.port}"

    @property
    def name(self) -> str:
        """Return host and port."""
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> LoopbackProxy:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, after `stop` on the same port again."""
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", self.port, ssl=self.tls
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Die: refuse connections, and cut those that stand."""
        if self._server is not None:
            self._server.close()
        for task in self.standing:
            task.cancel()
        await asyncio.gather(*self.standing, return_exceptions=True)

    @abstractmethod
    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""

    async def carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        destination: str,
        *,
        granted: bytes,
        refused: bytes,
        first: bytes = b"",
    ) -> None:
        """Connect to a destination on loopback, and pass bytes both ways.

        Args:
            reader: The client's.
            writer: The client's.
            destination: Host and port.
            granted: Said when the connection stands.
            refused: Said when it does not.
            first: Sent to the destination before anything else.
        """
        self.asked.append(destination)
        self.on_request()
        try:
            port = int(destination.rpartition(":")[2])
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.write(refused)
            await writer.drain()
            return
        try:
            writer.write(granted)
            far_writer.write(first)
            await asyncio.gather(_pump(far_reader, writer), _pump(reader, far_writer))
        finally:
            far_writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.standing.add(task)
        self.connections += 1
        try:
            if self.works:
                await self.serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort() if not self.works else writer.close()
            self.standing.discard(task)


class HttpProxy(LoopbackProxy):
    """Speaks HTTP: tunnels with CONNECT, and requests for whole URLs.

    Attributes:
        status: Answered to every request; None: it does what it is asked to.
    """

    scheme = "http"

    def __init__(self, login: Login | None = None, status: int | None = None) -> None:
        super().__init__(login)
        self.status = status

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        if (status := self.status or (0 if self._is_let_in(lines) else 407)) != 0:
            self.asked.append(target)
            writer.write(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
            return
        refused = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
        if method == "CONNECT":
            granted = b"HTTP/1.1 200 Connection established\r\n\r\n"
            await self.carry(reader, writer, target, granted=granted, refused=refused)
            return
        destination, _, path = target.removeprefix("http://").partition("/")
        kept = [line for line in lines[1:-2] if not line.lower().startswith("proxy-")]
        first = "\r\n".join([f"{method} /{path} HTTP/1.1", *kept, "", ""]).encode("latin-1")
        await self.carry(reader, writer, destination, granted=b"", refused=refused, first=first)

    def _is_let_in(self, lines: list[str]) -> bool:
        if self.login is None:
            return True
        basic = base64.b64encode(":".join(self.login).encode("latin-1")).decode()
        return f"Proxy-Authorization: Basic {basic}" in lines


class Socks5Proxy(LoopbackProxy):
    """Speaks SOCKS5 (RFC 1928), with a login RFC 1929.

    Attributes:
        reply: Answered to every request; None: it does what it is asked to.
    """

    scheme = "socks5"

    def __init__(self, login: Login | None = None, reply: int | None = None) -> None:
        super().__init__(login)
        self.reply = reply

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        _, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        wanted = 0 if self.login is None else 2
        writer.write(bytes((5, wanted if wanted in methods else 255)))
        await writer.drain()
        if wanted not in methods or (wanted and not await self._is_let_in(reader, writer)):
            return
        _, _, _, kind = await reader.readexactly(4)
        size = {1: 4, 4: 16}.get(kind) or (await reader.readexactly(1))[0]
        place = await reader.readexactly(size)
        host = ".".join(map(str, place)) if kind == 1 else place.decode("latin-1")
        destination = f"{host}:{int.from_bytes(await reader.readexactly(2))}"
        rest = bytes((0, 1, 0, 0, 0, 0, 0, 0))
        if self.reply is not None:
            self.asked.append(destination)
            writer.write(bytes((5, self.reply)) + rest)
            await writer.drain()
            return
        granted, refused = bytes((5, 0)) + rest, bytes((5, 5)) + rest
        await self.carry(reader, writer, destination, granted=granted, refused=refused)

    async def _is_let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        _, size = await reader.readexactly(2)
        user = await reader.readexactly(size)
        password = await reader.readexactly((await reader.readexactly(1))[0])
        right = (user.decode(), password.decode()) == self.login
        writer.write(bytes((1, 0 if right else 1)))
        await writer.drain()
        return right


class Socks4Proxy(LoopbackProxy):
    """Speaks SOCKS4, and SOCKS4a for names; its login is a user without a password."""

    scheme = "socks4"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        await reader.readexactly(2)
        port = int.from_bytes(await reader.readexactly(2))
        place = await reader.readexactly(4)
        user = (await reader.readuntil(b"\0"))[:-1].decode()
        host = ".".join(map(str, place))
        if host == "0.0.0.1":
            host = (await reader.readuntil(b"\0"))[:-1].decode()
        refused = bytes((0, 0x5B)) + bytes(6)
        if self.login is not None and user != self.login[0]:
            writer.write(refused)
            await writer.drain()
            return
        granted = bytes((0, 0x5A)) + bytes(6)
        await self.carry(reader, writer, f"{host}:{port}", granted=granted, refused=refused)


class HangingProxy(LoopbackProxy):
    """Accepts and never says anything."""

    scheme = "http"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read until the client has had enough."""
        while await reader.read(65_536):
            pass


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
