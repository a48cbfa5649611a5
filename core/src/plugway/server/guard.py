"""The outermost ASGI wrapper: nothing reaches the app but through it."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import TYPE_CHECKING, Any

from plugway.errors import PlugwayError
from plugway.ids import new_id
from plugway.server.admission import admit
from plugway.server.deadlines import Deadlines, running_task
from plugway.server.exchange import Exchange, Upload
from plugway.server.handshake import Handshake
from plugway.server.inflight import Inflight
from plugway.server.refusals import DeadlinePassed, refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from plugway.clock import Clock
    from plugway.settings import ServerSettings

_log = logging.getLogger(__name__)

#: Scope keys under which the app finds what the guard gave the request.
REQUEST_ID = "plugway.request_id"
STARTED = "plugway.started"
TASK = "plugway.task"

# What a client may choose itself; anything else is replaced.
_OWN_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")


class Guard:
    """Lets well-formed requests through, within limits, and ends what takes too long.

    The app finds the request's id, the client's own or a new one, in `scope[REQUEST_ID]`,
    and the monotonic seconds of its arrival in `scope[STARTED]`. Its `receive` raises
    `PayloadTooLarge`, `BodyTimeout` or `BadRequest` when a body breaks a limit or breaks
    off; the app may render them in its own shape.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Callable[[], ServerSettings],
        clock: Clock,
        inflight: Inflight | None = None,
        *,
        cleartext_http2: bool = False,
        linger: float = 5.0,
    ) -> None:
        """Wrap an app.

        Args:
            app: Speaks ASGI 3.
            settings: Returns the limits that hold now.
            clock: Tells when a request came in.
            inflight: Counts the running requests. Default: one of its own.
            cleartext_http2: Let HTTP/2 in without TLS. A proxy in front may be led to
                tunnel it past its own checks, so it is off.
            linger: Seconds that an unwanted body is read before its answer is completed.
        """
        self.inflight = Inflight() if inflight is None else inflight
        self._app = app
        self._settings = settings
        self._clock = clock
        self._cleartext_http2 = cleartext_http2
        self._linger = linger
        self._pauses = Deadlines()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._drains: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the server."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            else:
                await self._socket(scope, receive, send)
            return
        limits = self._settings()
        fields = dict(scope["headers"])
        scope[REQUEST_ID] = request_id = _request_id(fields)
        scope[STARTED] = self._clock.monotonic()
        scope[TASK] = task = self._running_task()
        inflight = self.inflight
        inflight.begin(task, limits.request_timeout)
        exchange: Exchange | None = None
        try:
            try:
                length = admit(scope, fields, limits, cleartext_http2=self._cleartext_http2)
                if length == 0:
                    exchange = Exchange(receive, send)
                else:
                    exchange = self._upload(scope, receive, send, limits, length)
                await self._app(scope, exchange.receive, exchange.send)
            except (Exception, asyncio.CancelledError) as error:  # the last defence
                refusal = self._refusal(error, task)
                if refusal is None:
                    raise
                if exchange is None:
                    exchange = self._upload(scope, receive, send, limits, None)
                if not exchange.started:
                    _log.info("request %s refused: %s", request_id, refusal.code)
                    await refuse(exchange.send, refusal, request_id)
                else:
                    # Returning without the end of the response makes every server close
                    # the connection, so that the client does not take it for whole.
                    _log.warning("request %s broke off: %s", request_id, refusal.code)
        finally:
            if exchange is not None:
                exchange.close()
            inflight.end(task)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        fields = dict(scope["headers"])
        scope[REQUEST_ID] = request_id = _request_id(fields)
        scope[STARTED] = self._clock.monotonic()
        handshake = Handshake(scope, receive, send, request_id)
        await handshake.run(self._app, fields, self._settings(), self.inflight)

    def _running_task(self) -> asyncio.Task[Any]:
        # Asking which loop runs is a system call on Python 3.11, and it is always the same.
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            # Another loop: a test's, or an embedding program's.
            self._loop = None
            task = running_task()
        return task

    def _refusal(self, error: BaseException, task: asyncio.Task[Any]) -> PlugwayError | None:
        if isinstance(error, asyncio.CancelledError):
            return DeadlinePassed() if self.inflight.passed(task) else None
        if isinstance(error, PlugwayError):
            return error
        _log.error("the app failed", exc_info=error)
        return PlugwayError()

    def _upload(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        limits: ServerSettings,
        length: int | None,
    ) -> Upload:
        return Upload(
            receive,
            send,
            limits,
            length=length,
            says_close=scope["http_version"].startswith("1"),
            linger=self._linger,
            pauses=self._pauses,
            drains=self._drains,
        )


def _request_id(fields: dict[bytes, bytes]) -> str:
    own = fields.get(b"x-request-id")
    if own is not None and _OWN_ID.fullmatch(own):
        return own.decode("ascii")
    return new_id()
