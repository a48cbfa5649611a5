"""A gateway in server mode, the emulator behind it, and workers of several kinds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp

import plugway_gemini_business
from plugway import Secret
from plugway.storage.models import CredentialRow
from plugway.testing import GatewayServer, ManualClock
from plugway_gemini_business.account import read, written
from plugway_gemini_business.account_file import account_of
from plugway_gemini_business.emulator import GeminiBusinessEmulator
from plugway_gemini_business.workers.worker import Renew, Worker

SECRET = "a-long-enough-pool-secret"
HEADERS = {"X-Pool-Secret": SECRET}

ENVIRON = {
    "PLUGWAY__PLUGINS__STRICT": "true",
    "PLUGWAY__PLUGINS__GEMINI_BUSINESS__MODE": "server",
    "PLUGWAY__PLUGINS__GEMINI_BUSINESS__WORKER_SECRET": SECRET,
}


class Site:
    """Is a gateway whose accounts workers renew, with a clock that moves when told.

    Attributes:
        clock: The time of gateway, workers and upstream.
        emulator: The upstream.
        server: The gateway.
        client: Knows the secret.
        url: Where the gateway is, or was last.
    """

    url: str
    server: GatewayServer
    client: aiohttp.ClientSession

    def __init__(
        self,
        home: Path,
        *accounts: str,
        clock: ManualClock | None = None,
        emulator: GeminiBusinessEmulator | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home
        self.clock = clock or ManualClock()
        self.names = accounts
        self.emulator = emulator or GeminiBusinessEmulator(
            accounts=accounts or ("first",), now=self.now
        )
        self.owns = emulator is None
        self.environ = {**ENVIRON, **(environ or {})}
        self._stack = AsyncExitStack()

    def now(self) -> float:
        """Return seconds since 1970."""
        return self.clock.now() / 1_000_000

    async def __aenter__(self) -> Site:
        if self.owns:
            await self.emulator.start()
        self.client = await self._stack.enter_async_context(aiohttp.ClientSession(headers=HEADERS))
        await self.start()
        if self.names:
            await self.channel(*self.names)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()
        await self.stop()
        if self.owns:
            await self.emulator.stop()

    async def start(self, port: int = 0) -> None:
        """Start the gateway, again after `stop`."""
        self.server = GatewayServer(
            self.home,
            plugins={"gemini_business": plugway_gemini_business},
            environ=self.environ,
            clock=self.clock,
        )
        await self.server.__aenter__()
        self.url = self.server.url

    async def stop(self) -> None:
        """Stop the gateway."""
        await self.server.__aexit__(None, None, None)

    async def channel(self, *accounts: str, name: str = "main", **settings: Any) -> int:
        """Add a channel with accounts of the emulator's."""
        return await self.server.channel(
            "gemini_business",
            self.emulator.url,
            name=name,
            secrets=[self.emulator.account_file(one) for one in accounts],
            settings=settings,
            models=["gemini-2.5-flash"],
        )

    async def row(self, account: str, channel: int | None = None) -> CredentialRow:
        """Return an account's row."""
        which: dict[str, Any] = {"label": self.email(account)}
        if channel is not None:
            which["channel_id"] = channel
        return await self.server.gateway.database.run(lambda: CredentialRow.get(**which))

    async def rows(self) -> list[CredentialRow]:
        """Return all rows."""
        return await self.server.gateway.database.run(lambda: CredentialRow.all())

    async def want(self, *accounts: str) -> None:
        """Have accounts renewed."""
        for one in accounts:
            row = await self.row(one)
            await self.server.gateway.renewals.demand(row.id)

    def email(self, account: str) -> str:
        """Return an account's address."""
        return self.emulator.accounts[account].email

    async def ses(self, account: str, channel: int | None = None) -> str:
        """Return the cookie that the gateway has of an account."""
        from plugway.credentials.credential import open_secret

        row = await self.row(account, channel)
        secret = open_secret(self.server.gateway.vault, row)
        return next(one.value for one in read(secret).cookies if one.name == "__Secure-C_SES")

    async def is_fresh(self, account: str) -> bool:
        """Say whether the gateway has an account's newest cookies, and nothing is due."""
        row = await self.row(account)
        newest = self.emulator.accounts[account].sign_ins[-1].ses
        return row.renewal_at is None and await self.ses(account) == newest

    async def all_fresh(self, *accounts: str) -> None:
        """Let time pass until the gateway has the newest cookies of these accounts."""
        for name in accounts:
            await self.until(partial(self.is_fresh, name))

    async def until(
        self, true: Callable[[], bool | Awaitable[bool]], step: float = 0.05, seconds: float = 60
    ) -> None:
        """Let time pass, a little at a time, until something is true."""
        async with asyncio.timeout(seconds):
            while True:
                found = true()
                if found if isinstance(found, bool) else await found:
                    return
                await asyncio.sleep(0.002)
                self.clock.advance(step)

    def fresh(self, secret: Secret) -> Secret:
        """Sign an account in anew, as its browser would."""
        email = read(secret).email
        (name,) = [one.name for one in self.emulator.accounts if one.email == email]
        self.emulator.sign_in(name)
        return Secret(written(account_of(self.emulator.account_file(name))))

    def renews(self, calls: list[str] | None = None) -> Renew:
        """Return what renews at once, and writes down for whom."""

        async def renew(secret: Secret) -> Secret:
            if calls is not None:
                calls.append(read(secret).email)
            return self.fresh(secret)

        return renew

    def worker(self, renew: Renew, url: str | None = None, **options: Any) -> Running:
        """Return a real worker, which runs within `async with`."""
        options.setdefault("chance", lambda: 0.0)
        return Running(Worker(url or self.url, SECRET, renew, clock=self.clock, **options))

    def raw(self, **options: Any) -> Raw:
        """Return a worker of an earlier system, which speaks JSON."""
        return Raw(self, **options)


class Running:
    """Runs a worker beside the test, and stops it at the end."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.stop = asyncio.Event()
        self.task: asyncio.Task[None]

    async def __aenter__(self) -> Running:
        self.task = asyncio.create_task(self.worker.run(self.stop))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
            return
        self.stop.set()
        await self.task

    async def kill(self, relay: Relay) -> None:
        """End it at once, as a machine that loses its power."""
        relay.cut()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


class Raw:
    """Says what it is told, as JSON."""

    def __init__(
        self, site: Site, headers: dict[str, str] | None = None, path: str = "/ws"
    ) -> None:
        self._site = site
        self._headers = HEADERS if headers is None else headers
        self._path = path
        self.socket: aiohttp.ClientWebSocketResponse

    async def __aenter__(self) -> Raw:
        self._session = aiohttp.ClientSession(headers=self._headers)
        try:
            self.socket = await self._session.ws_connect(
                self._site.url + self._path, max_msg_size=0
            )
        except BaseException:
            await self._session.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()
        await self._session.close()

    async def say(self, type_: str, **data: Any) -> None:
        """Send a message."""
        message = {"type": type_, "timestamp": int(self._site.now()), "data": data}
        await self.socket.send_str(json.dumps(message))

    async def hear(self, type_: str | None = None) -> Any:
        """Return the next message, or the next of a type; let no time pass."""
        async with asyncio.timeout(10):
            while True:
                message = json.loads(await self.socket.receive_str())
                assert set(message) == {"type", "version", "timestamp", "data"}
                assert message["version"] == "1.0"
                if type_ in (None, message["type"]):
                    return message

    async def closed(self) -> int | None:
        """Wait for the end, and return its code."""
        async with asyncio.timeout(10):
            while True:
                got = await self.socket.receive()
                if got.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED):
                    return self.socket.close_code


class Relay:
    """Has one address for a gateway that is now here and now there, or nowhere.

    Attributes:
        url: Where it is.
    """

    url: str

    def __init__(self, site: Site) -> None:
        self._site = site
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Relay:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def lead_to(self, site: Site) -> None:
        """Lead those who come from now on to another gateway."""
        self._site = site

    def cut(self) -> None:
        """Cut every connection without a word."""
        for writer in self._writers:
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        port = int(self._site.url.rpartition(":")[2])
        try:
            inner, out = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, out}
        try:
            await asyncio.gather(_copy(reader, out), _copy(inner, writer))
        finally:
            self._writers -= {writer, out}
            self._tasks.discard(task)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    writer.close()


class Held:
    """Is a renewal that waits until it is let go."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.begun: list[str] = []
        self.go = asyncio.Event()
        self.given_up = 0

    async def __call__(self, secret: Secret) -> Secret:
        self.begun.append(read(secret).email)
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        return self.site.fresh(secret)
