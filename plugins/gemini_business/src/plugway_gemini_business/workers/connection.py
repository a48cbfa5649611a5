"""One worker's WebSocket, from its first message to its last."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from plugway import BadRequest, Unavailable
from plugway_gemini_business.workers import failures, messages
from plugway_gemini_business.workers.desk import Client
from plugway_gemini_business.workers.messages import (
    ClientReady,
    Error,
    Message,
    RefreshResult,
    TaskRefresh,
)

if TYPE_CHECKING:
    from plugway import Gateway, Socket
    from plugway_gemini_business.workers.desk import Desk

log = logging.getLogger(__name__)

#: Seconds between two looks for renewals that are due.
LOOK = 5.0

#: Seconds of silence after which a worker gets nothing new: it missed two heartbeats.
DOUBT = 60.0

#: Seconds that a worker whose connection is cut keeps what it has, if it can come back.
GRACE = 30.0

#: Messages that may come at once, and how many more a second; messages in error in a row.
BURST, RATE, FAULTS = 200.0, 5.0, 10

#: Messages that wait to be sent.
_OUTBOX = 256

#: Codes that close a connection, beside those of RFC 6455.
TOO_BIG, FAULTY, SILENT, REPLACED, FLOOD = 1009, 4400, 4408, 4409, 4429


class Status(msgspec.Struct, frozen=True):
    """Tells a worker how the accounts are.

    Attributes:
        current_count: Those in good order.
        pending_count: Those that are not.
        target_count: Those that the operator wants.
        need_count: Those that are missing.
    """

    current_count: int
    pending_count: int
    target_count: int
    need_count: int


class _Over(NamedTuple):
    code: int
    reason: str


class Connection:
    """Speaks with one worker."""

    def __init__(self, socket: Socket, desk: Desk, gateway: Gateway, lease: float) -> None:
        """Prepare; `run` speaks.

        Args:
            socket: Whose secret has been checked.
            desk: Has the renewals.
            gateway: Tells the time.
            lease: Seconds of a claim.
        """
        self._socket = socket
        self._desk = desk
        self._clock = gateway.clock
        self._pool = gateway.credentials
        self._lease = lease
        self._owner = f"worker:{secrets.token_hex(12)}"
        self._named = False
        self._ready = ClientReady(max_threads=0)
        self._heard = self._clock.monotonic()
        self._allowance, self._counted = BURST, self._heard
        self._faults = 0
        self._wanted = asyncio.Event()
        self._over: _Over | None = None
        self._ended = asyncio.Event()
        self._outbox: asyncio.Queue[str] = asyncio.Queue(_OUTBOX)
        self._answers: dict[str, Callable[[Message], Awaitable[None]]] = {
            "client_ready": self._begin,
            "request_task": self._more,
            "query_status": self._status,
            "refresh_result": self._result,
            "heartbeat": self._heartbeat,
            "heartbeat_ack": self._nothing,
        }

    def client(self) -> Client:
        """Describe the worker."""
        silent = self._clock.monotonic() - self._heard
        heard = self._clock.now() / 1_000_000 - silent
        return Client(
            id=self._owner.removeprefix("worker:"),
            name=self._ready.name,
            version=self._ready.client_version,
            threads=self._threads,
            busy=self._desk.held(self._owner),
            is_alive=silent < messages.SILENCE,
            last_ping=datetime.fromtimestamp(heard, UTC).isoformat(timespec="seconds"),
            ip=self._socket.client_ip,
        )

    def replace(self) -> None:
        """End it: its worker has opened another one."""
        self._end(REPLACED, "another connection of this worker took its place")

    async def run(self) -> None:
        """Speak until either side ends it, then give back what the worker had."""
        await self._socket.accept()
        self._warn_of_plain_text()
        self._desk.enter(self._owner, self)
        parts = (self._hear(), self._speak(), self._watch(), self._hand_out(), self._ended.wait())
        tasks = [asyncio.ensure_future(part) for part in parts]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            self._desk.leave(self._owner, self)
        log.info("worker %s has gone", self._owner)
        if self._over is not None:
            await self._close(self._over)
        await self._give_back()
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    async def _hear(self) -> None:
        while True:
            got = await self._socket.receive()
            if got["type"] == "websocket.disconnect":
                return
            self._heard = self._clock.monotonic()
            self._limit()
            text = got.get("text")
            size = len(text or got.get("bytes") or b"")
            if size > messages.MAX_BYTES or (
                text is not None and len(text.encode("utf-8", "replace")) > messages.MAX_BYTES
            ):
                self._end(TOO_BIG, f"a message has {messages.MAX_BYTES} bytes at the most")
                return
            if text is None:
                self._fault("bad_request", "expected text")
                continue
            await self._take(text)

    async def _take(self, text: str) -> None:
        about = ""
        try:
            message = messages.read(text)
            about = message.type
            answer = self._answers.get(message.type)
            if answer is None:
                what = "sign-up is not done here" if "register" in about else "no such message"
                self._fault("unsupported", what, about)
                return
            await answer(message)
        except BadRequest as error:
            self._fault("bad_request", error.message, about)
        except Unavailable as error:
            self._say("error", Error(code="unavailable", message=error.message, about=about))
        else:
            self._faults = 0

    async def _speak(self) -> None:
        while True:
            text = await self._outbox.get()
            try:
                await self._socket.send_text(text)
            except (RuntimeError, OSError):
                # It is closed already; servers differ in what they raise.
                return

    async def _watch(self) -> None:
        while True:
            await self._clock.sleep(messages.HEARTBEAT)
            if self._clock.monotonic() - self._heard >= messages.SILENCE:
                log.warning("worker %s is silent, and taken for dead", self._owner)
                self._end(SILENT, "nothing was heard of this worker")
                return
            self._say("heartbeat")

    async def _hand_out(self) -> None:
        while True:
            await self._until_wanted()
            room = self._threads - self._desk.held(self._owner)
            if room <= 0 or self._clock.monotonic() - self._heard >= DOUBT:
                continue
            if self._desk.tally.slow:
                room = 1
            try:
                tasks = await self._claim(room)
            except Unavailable as error:
                log.warning("renewals cannot be handed out: %s", error.message)
                continue
            for task in tasks:
                self._say("task_refresh", task)

    async def _claim(self, room: int) -> list[TaskRefresh]:
        claim = asyncio.ensure_future(self._desk.claim(self._owner, room, self._lease))
        try:
            return await asyncio.shield(claim)
        except asyncio.CancelledError:
            # Cut short, it might have claimed what then nobody gives back.
            await asyncio.gather(claim, return_exceptions=True)
            raise

    async def _until_wanted(self) -> None:
        waits = [
            asyncio.ensure_future(self._wanted.wait()),
            asyncio.ensure_future(self._clock.sleep(LOOK)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        self._wanted.clear()

    async def _begin(self, message: Message) -> None:
        ready = messages.data_of(message, ClientReady)
        if ready.worker_id:
            owner = f"worker:{ready.worker_id}"
            if owner != self._owner:
                if self._desk.held(self._owner) or self._named:
                    raise BadRequest("worker_id: it cannot change")
                self._desk.leave(self._owner, self)
                self._owner, self._named = owner, True
                self._desk.enter(owner, self)
        for task_id in ready.tasks:
            if not await self._desk.take_up(self._owner, task_id, self._lease):
                self._not_held(task_id)
        self._ready = ready
        log.info(
            "worker %s %r is ready: version %r, %d at a time",
            self._owner,
            ready.name,
            ready.client_version,
            self._threads,
        )
        self._wanted.set()

    async def _more(self, message: Message) -> None:
        self._wanted.set()

    async def _status(self, message: Message) -> None:
        good = bad = target = 0
        for channel in self._desk.channels():
            for condition, count in self._pool.conditions(channel).items():
                if condition in ("ready", "in_use", "cooling", "half_open"):
                    good += count
                else:
                    bad += count
            target += getattr(channel.settings, "target_count", 0)
        self._say("status", Status(good, bad, target, max(0, target - good)))

    async def _result(self, message: Message) -> None:
        result = messages.data_of(message, RefreshResult)
        failure = failures.of_words(result.error, result.kind, result.retry_after)
        if not await self._desk.result(self._owner, result, failure):
            self._not_held(result.task_id)
        self._wanted.set()

    async def _heartbeat(self, message: Message) -> None:
        self._say("heartbeat_ack")

    async def _nothing(self, message: Message) -> None:
        pass

    @property
    def _threads(self) -> int:
        return min(max(self._ready.max_threads, 0), messages.MAX_THREADS)

    def _say(self, type_: str, data: msgspec.Struct | None = None) -> None:
        text = messages.written(type_, self._clock.now() / 1_000_000, data)
        try:
            self._outbox.put_nowait(text)
        except asyncio.QueueFull:
            self._end(SILENT, "this worker does not take its messages")

    def _not_held(self, task_id: str) -> None:
        # The same for what is somebody else's, is done, or never was.
        message = "this worker has no such task"
        self._say("error", Error(code="not_held", message=message, task_id=task_id))

    def _fault(self, code: str, message: str, about: str = "") -> None:
        self._say("error", Error(code=code, message=message, about=about))
        self._faults += 1
        if self._faults >= FAULTS:
            self._end(FAULTY, "too many messages that cannot be read")

    def _limit(self) -> None:
        allowed = self._allowance + (self._heard - self._counted) * RATE
        self._allowance, self._counted = min(BURST, allowed) - 1, self._heard
        if self._allowance < 0:
            self._end(FLOOD, "too many messages")

    def _end(self, code: int, reason: str) -> None:
        if self._over is None:
            self._over = _Over(code, reason)
            self._ended.set()

    async def _close(self, over: _Over) -> None:
        try:
            await self._socket.close(over.code, over.reason)
        except (RuntimeError, OSError):
            log.debug("a worker's socket was gone before it was closed")

    async def _give_back(self) -> None:
        dead = self._over is not None and self._over.code == SILENT
        if self._named and not dead:
            # A short cut costs no renewal: the worker comes back and brings it.
            await self._clock.sleep(GRACE)
        if self._desk.is_here(self._owner):
            return
        try:
            await self._desk.release(self._owner)
        except Unavailable as error:
            log.warning("what worker %s had is for others later: %s", self._owner, error.message)

    def _warn_of_plain_text(self) -> None:
        socket = self._socket
        forwarded = socket.headers.get("x-forwarded-proto", "")
        try:
            is_local = ip_address(socket.client_ip).is_loopback
        except ValueError:
            is_local = False
        if socket.scope["scheme"] == "ws" and forwarded not in ("https", "wss") and not is_local:
            log.warning(
                "a worker at %s is connected without TLS: the secret and the cookies of "
                "accounts can be read on the way",
                socket.client_ip,
            )
