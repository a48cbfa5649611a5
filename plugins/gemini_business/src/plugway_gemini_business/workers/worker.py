"""A worker: takes renewals from a gateway, does them, and brings back what it got."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections.abc import Awaitable, Callable
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
import msgspec

from plugway import BadRequest, NotAuthenticated, Secret
from plugway_gemini_business.account import written
from plugway_gemini_business.workers import failures, messages
from plugway_gemini_business.workers.delivery import Delivery
from plugway_gemini_business.workers.desk import account_of
from plugway_gemini_business.workers.failures import Failure
from plugway_gemini_business.workers.messages import (
    ClientReady,
    Error,
    RefreshResult,
    TaskRefresh,
)

if TYPE_CHECKING:
    from plugway_gemini_business.workers.messages import Message
    from plugway_gemini_business.workers.moment import Clock

log = logging.getLogger(__name__)

#: Seconds until the first try to connect again, and the longest.
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0

#: Seconds for one renewal, and for those that run when the worker is told to stop.
LIMIT, PATIENCE = 180.0, 30.0

#: Gets a fresh secret of the same account.
Renew = Callable[[Secret], Awaitable[Secret]]


class Worker:
    """Renews accounts for one gateway, for as long as it runs.

    Attributes:
        id: Tells it from other workers, as long as it runs.
        running: Ids of the renewals that it has.
    """

    def __init__(
        self,
        server: str,
        secret: str,
        renew: Renew,
        *,
        clock: Clock,
        threads: int = 1,
        name: str = "",
        proxy: str = "",
        limit: float = LIMIT,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Prepare; `run` works.

        Args:
            server: Address of the gateway, `http://…` or `https://…`.
            secret: What it shares with workers.
            renew: Does a renewal.
            clock: The time.
            threads: Renewals at a time, from 1 to 64.
            name: For people.
            proxy: URL of a proxy to the gateway; empty: from the environment.
            limit: Seconds for one renewal.
            chance: Returns numbers from 0 to 1, so that workers do not all come back at once.
        """
        self.id = secrets.token_hex(12)
        self._server = server.rstrip("/")
        self._headers = {messages.HEADER: secret}
        self._renew = renew
        self._clock = clock
        self._threads = min(max(threads, 1), messages.MAX_THREADS)
        self._name = name
        self._proxy = proxy
        self._limit = limit
        self._chance = chance
        self._room = asyncio.Semaphore(self._threads)
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._connected = asyncio.Event()
        self._welcome = False
        self._stopping = False
        self._heard = 0.0
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._delivery: Delivery

    @property
    def running(self) -> list[str]:
        """Return the ids of the renewals that it has, those not yet delivered included."""
        return list(self._tasks)

    @property
    def is_connected(self) -> bool:
        """Return whether it speaks with the gateway."""
        return self._connected.is_set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop, then finish or give back what it has.

        Args:
            stop: Set when it should stop.

        Raises:
            NotAuthenticated: The gateway does not take the secret.
        """
        if urlsplit(self._server).scheme == "http" and not _is_loopback(self._server):
            log.warning("%s is no https address: secrets can be read on the way", self._server)
        session = aiohttp.ClientSession(
            headers=self._headers,
            trust_env=not self._proxy,
            proxy=self._proxy or None,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        async with session:
            self._delivery = Delivery(session, self._server, self.id, self._clock, self._connected)
            line = asyncio.create_task(self._stay_connected(session))
            told = asyncio.create_task(stop.wait())
            try:
                await asyncio.wait((line, told), return_when=asyncio.FIRST_COMPLETED)
                if not line.done():
                    await self._wind_up()
            finally:
                told.cancel()
                await self._end_tasks()
                line.cancel()
                (outcome,) = await asyncio.gather(line, return_exceptions=True)
        if isinstance(outcome, Exception):
            raise outcome

    async def _stay_connected(self, session: aiohttp.ClientSession) -> None:
        pause = FIRST_PAUSE
        while True:
            self._welcome = False
            try:
                await self._converse(session)
                log.warning("the connection to %s has ended", self._server)
            except aiohttp.WSServerHandshakeError as error:
                if error.status == 401:
                    raise NotAuthenticated(
                        f"{self._server} does not take the workers' secret"
                    ) from None
                log.warning("%s answers with status %s", self._server, error.status)
            except (aiohttp.ClientError, OSError) as error:
                log.warning("%s cannot be reached: %s", self._server, type(error).__name__)
            if self._welcome:
                pause = FIRST_PAUSE
            # A half at least, so that a gateway that comes back is not stormed.
            await self._clock.sleep(pause * (0.5 + self._chance() / 2))
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _converse(self, session: aiohttp.ClientSession) -> None:
        """Speak with the gateway until the connection ends."""
        socket = await session.ws_connect(f"{self._server}/ws", max_msg_size=4 * messages.MAX_BYTES)
        watch = asyncio.create_task(self._watch(socket))
        try:
            self._socket, self._heard = socket, self._clock.monotonic()
            ready = ClientReady(
                max_threads=self._threads,
                client_version=_version(),
                protocol_version=messages.PROTOCOL,
                worker_id=self.id,
                name=self._name,
                tasks=tuple(self._tasks)[: messages.MAX_THREADS],
            )
            await self._say("client_ready", ready)
            log.info("connected to %s", self._server)
            self._connected.set()
            async for got in socket:
                self._heard = self._clock.monotonic()
                if got.type is aiohttp.WSMsgType.TEXT:
                    await self._take(got.data)
        finally:
            self._connected.clear()
            self._socket = None
            watch.cancel()
            await socket.close()

    async def _watch(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while self._clock.monotonic() - self._heard < messages.GATEWAY_SILENCE:
            await self._clock.sleep(messages.HEARTBEAT)
        log.warning("%s is silent", self._server)
        await socket.close()

    async def _take(self, text: str) -> None:
        try:
            message = messages.read(text)
            await self._answer(message)
        except BadRequest as error:
            log.warning("a message of the gateway is passed over: %s", error.message)

    async def _answer(self, message: Message) -> None:
        self._welcome = True
        if message.type == "heartbeat":
            await self._say("heartbeat_ack")
        elif message.type == "task_refresh":
            self._begin(messages.data_of(message, TaskRefresh))
        elif message.type == "task_register":
            failure = RefreshResult(success=False, error="unsupported")
            await self._say("register_result", failure)
        elif message.type == "error":
            error = messages.data_of(message, Error)
            log.warning("the gateway says: %s: %s", error.code, error.message)

    def _begin(self, task: TaskRefresh) -> None:
        id_ = task.task_id or task.email
        if self._stopping or id_ in self._tasks:
            return
        self._tasks[id_] = asyncio.create_task(self._do(id_, task))

    async def _do(self, id_: str, task: TaskRefresh) -> None:
        try:
            try:
                async with self._room:
                    result, file = await self._result(task)
            except asyncio.CancelledError:
                await self._give_back(task)
                return
            if file is not None:
                result = await self._delivery.upload(task, file, result)
            if result is not None:
                await self._deliver(result)
        except Exception:  # one renewal must not stop the others; its lease ends by itself
            log.exception("the renewal %s was lost", id_)
        finally:
            self._tasks.pop(id_, None)

    async def _result(self, task: TaskRefresh) -> tuple[RefreshResult | None, str | None]:
        """Return what became of a renewal, and the account's file if there is one."""
        try:
            account = account_of(task)
        except BadRequest as error:
            return _failed(task, Failure(kind="upstream", message=error.message)), None
        try:
            async with asyncio.timeout(self._limit):
                fresh = await self._renew(Secret(written(account)))
        except Exception as error:  # noqa: BLE001  # whatever it is, the gateway hears its kind
            failure = failures.of_error(error)
            log.warning("the renewal %s failed: %s", task.task_id, failure.kind)
            return _failed(task, failure), None
        log.info("the renewal %s is done", task.task_id)
        done = RefreshResult(success=True, email=task.email, task_id=task.task_id)
        return done, fresh.reveal()

    async def _deliver(self, result: RefreshResult) -> None:
        """Send a result, after the next connection if there is none."""
        while True:
            await self._connected.wait()
            try:
                await self._say("refresh_result", result)
                if not self._stopping:
                    await self._say("request_task")
            except (aiohttp.ClientError, OSError):
                # Cut just now: another connection comes, or the end of this worker.
                self._connected.clear()
                continue
            return

    async def _give_back(self, task: TaskRefresh) -> None:
        if self.is_connected:
            try:
                await self._say("refresh_result", _failed(task, Failure(kind="given_back")))
            except (aiohttp.ClientError, OSError):
                log.warning("a renewal could not be given back; its lease ends by itself")

    async def _wind_up(self) -> None:
        """Let renewals that run come to their end, for a while."""
        self._stopping = True
        if not self._tasks:
            return
        log.info("stopping: %d renewals are still running", len(self._tasks))
        patience = asyncio.create_task(self._clock.sleep(PATIENCE))
        ended = asyncio.create_task(_all(*self._tasks.values()))
        await asyncio.wait((patience, ended), return_when=asyncio.FIRST_COMPLETED)
        patience.cancel()
        ended.cancel()

    async def _end_tasks(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _say(self, type_: str, data: msgspec.Struct | None = None) -> None:
        if self._socket is None:
            raise ConnectionResetError
        await self._socket.send_str(messages.written(type_, self._clock.now() / 1_000_000, data))


async def _all(*tasks: asyncio.Task[None]) -> None:
    await asyncio.wait(tasks)


def _failed(task: TaskRefresh, failure: Failure) -> RefreshResult:
    return RefreshResult(
        success=False,
        email=task.email,
        task_id=task.task_id,
        error=failure.message or failure.reason,
        kind=failure.kind,
        retry_after=failure.retry_after,
    )


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def _version() -> str:
    try:
        return f"plugway-gemini-business {version('plugway-gemini-business')}"
    except PackageNotFoundError:
        return "plugway-gemini-business"
