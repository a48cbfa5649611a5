"""Real servers on loopback that do exactly what a test tells them, byte by byte."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from plugway.settings import RelaySettings
from plugway.upstream import Upstream

Handler = Callable[["Peer"], Awaitable[None]]


class Peer:
    """Is one connection as the server sees it."""

    def __init__(
        self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.head = b""

    async def request(self) -> bytes:
        """Read one request, keep its head, return its body."""
        self.head = await self.reader.readuntil(b"\r\n\r\n")
        self.server.heads.append(self.head)
        headers = self.headers()
        if headers.get("transfer-encoding") == "chunked":
            parts = []
            while size := int(await self.reader.readline(), 16):
                parts.append(await self.reader.readexactly(size))
                await self.reader.readexactly(2)
            await self.reader.readexactly(2)
            return b"".join(parts)
        return await self.reader.readexactly(int(headers.get("content-length", 0)))

    def lines(self) -> list[str]:
        """Return the request line and header lines as they came."""
        return self.head.decode("latin-1").split("\r\n")[:-2]

    def headers(self) -> dict[str, str]:
        """Return the headers by lower-case name, the last of each."""
        pairs = (line.partition(":") for line in self.lines()[1:])
        return {name.lower(): value.strip() for name, _, value in pairs}

    async def write(self, data: bytes) -> None:
        """Write, and wait while the other side does not read."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, body: bytes = b"", head: str = "200 OK", *more: str) -> None:
        """Send a whole answer with a length."""
        lines = [f"HTTP/1.1 {head}", f"Content-Length: {len(body)}", *more, "", ""]
        await self.write("\r\n".join(lines).encode("latin-1") + body)

    async def gone(self) -> None:
        """Return when the other side has closed the connection."""
        try:
            while await self.reader.read(65_536):
                pass
        except ConnectionError:
            pass


class Server:
    """Hands each connection to a handler, and notes what it saw."""

    def __init__(self, handler: Handler, tls: ssl.SSLContext | None = None) -> None:
        self._handler = handler
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self.heads: list[bytes] = []
        self.connections = 0
        self.port = 0

    @property
    def url(self) -> str:
        """Return the base URL."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", 0, ssl=self._tls, limit=1 << 20
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and end every handler."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await self._handler(Peer(self, reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()


Serve = Callable[..., Awaitable[Server]]
Open = Callable[..., Awaitable[Upstream]]


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """Close what a test opened, last first."""
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
async def serve(stack: AsyncExitStack) -> Serve:
    """Start a server that hands every connection to a handler."""

    async def start(handler: Handler, tls: ssl.SSLContext | None = None) -> Server:
        server = Server(handler, tls)
        await server.start()
        stack.push_async_callback(server.stop)
        return server

    return start


@pytest.fixture
async def open_upstream(stack: AsyncExitStack) -> Open:
    """Open an `Upstream` that knows nothing of the machine's proxies unless told."""

    async def start(settings: RelaySettings | None = None, **rest: object) -> Upstream:
        rest.setdefault("environ", {})
        opened = Upstream(settings or RelaySettings(), **rest)  # type: ignore[arg-type]  # as given
        await opened.open()
        stack.push_async_callback(opened.close)
        return opened

    return start


@pytest.fixture
async def upstream(open_upstream: Open) -> Upstream:
    """Give an open `Upstream` with the default settings."""
    return await open_upstream()


class Certificates:
    """Holds a server's TLS context, and the context of a client that trusts it."""

    def __init__(self, folder: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = datetime.datetime.now(datetime.UTC)
        names = x509.SubjectAlternativeName(
            [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        )
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(names, critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        path = folder / "server.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(path)
        self.client = ssl.create_default_context(cafile=str(path))


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Make a certificate for loopback that nobody else trusts."""
    return Certificates(tmp_path_factory.mktemp("tls"))
