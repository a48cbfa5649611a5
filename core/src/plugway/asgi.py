"""The gateway as an ASGI application: request id, routes, error shapes, drain."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from starlette.responses import JSONResponse

from plugway.admin import admin_mounts
from plugway.calls.body import ClientDeparted
from plugway.chat.dialects import chat_mounts
from plugway.clock import Clock
from plugway.contract import ErrorBody, Mount, plain_error
from plugway.contract.routes import SOCKET
from plugway.errors import PlugwayError
from plugway.gateway import Gateway
from plugway.identity.address import ClientAddress
from plugway.identity.presented import without_key
from plugway.media.mounts import media_mounts
from plugway.request import Request
from plugway.server.guard import REQUEST_ID, STARTED, TASK, Guard
from plugway.server.inflight import Inflight
from plugway.socket import Socket
from plugway.telemetry.access import FACTS, OVERHEAD, AccessLog, CallFacts
from plugway.telemetry.logs import request_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from plugway.identity.principal import Principal
    from plugway.settings import ServerSettings

log = logging.getLogger(__name__)


def create_app(
    home: Path,
    *,
    environ: Mapping[str, str] | None = None,
    plugins: Mapping[str, object] | None = None,
    clock: Clock | None = None,
) -> App:
    """Make the application of one gateway.

    Args:
        home: The home directory.
        environ: Overrides of the settings; default: the process's environment.
        plugins: Plugins by name instead of those installed.
        clock: The time; default: the machine's.

    Returns:
        An ASGI application that starts with its lifespan, or by `await app.start()`.

    Raises:
        ConfigurationError: Settings, vault key or, in strict mode, a plugin is unusable.
    """
    return App(Gateway(home, environ=environ, plugins=plugins, clock=clock))


class App:
    """Serves one gateway.

    Attributes:
        gateway: The gateway.
        inflight: Running requests, and whether more are wanted.
    """

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.inflight = Inflight()
        gateway.running = self.inflight
        self._guard = Guard(self._dispatch, self.server_settings, gateway.clock, self.inflight)
        self._address = ClientAddress(gateway.current().server.trusted_proxies)
        self._access = AccessLog(gateway.metrics)
        self._started = False

    def server_settings(self) -> ServerSettings:
        """Return how to listen and what to accept, as the settings say now."""
        return self.gateway.current().server

    async def start(self, *, serving: bool = True) -> None:
        """Start the gateway, once.

        Raises:
            ConfigurationError: It cannot start.
        """
        if not self._started:
            mounts = [
                *admin_mounts(self.gateway, self.inflight),
                *chat_mounts(self.gateway),
                *media_mounts(self.gateway),
            ]
            await self.gateway.start(mounts, serving=serving)
            self._started = True
            keyless_user = self.server_settings().keyless_user
            if serving and keyless_user:
                log.warning(
                    "NO KEY IS ASKED FOR: whoever uses this machine calls as the user %s; "
                    "unset server.keyless_user where anybody else is on it",
                    keyless_user,
                )

    async def stop(self) -> None:
        """Close everything; no request runs any more."""
        if self._started:
            self._started = False
            await self.gateway.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await self._guard(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await self.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, mount, scope["path_params"] = self.gateway.registry.routes.find(SOCKET, scope["path"])
        endpoint = cast("Callable[[Socket], Awaitable[None]]", mount.endpoint)
        await endpoint(
            Socket(
                scope,
                receive,
                send,
                request_id=scope[REQUEST_ID],
                client_ip=self._address.client_ip(scope),
                principal=self._identify(scope, mount),
            )
        )

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send)
            return
        gateway = self.gateway
        answer = _Answer(send, scope)
        mount: Mount | None = None
        plugin = "core"
        failure: PlugwayError | None = None
        unanswered = 499
        ip = self._address.client_ip(scope)
        token = request_id.set(answer.request_id)
        try:
            plugin, mount, params = gateway.registry.routes.find(scope["method"], scope["path"])
            scope["path_params"] = params
            if mount.instead is not None:
                mount = mount.serving(scope)
            request = Request(
                scope,
                receive,
                answer,
                request_id=answer.request_id,
                started=scope[STARTED],
                task=scope[TASK],
                client_ip=ip,
                principal=self._identify(scope, mount),
                deadlines=self.inflight,
            )
            endpoint = cast("Callable[[Request], Awaitable[ASGIApp]]", mount.endpoint)
            response = await endpoint(request)
            await response(scope, receive, answer)
        except Exception as error:  # every failure is rendered in the surface's own shape
            failure = error if isinstance(error, PlugwayError) else PlugwayError()
            if failure is not error:
                log.exception("plugin %s failed", plugin)
            if answer.status is not None:
                # Half an answer has gone: only a broken connection tells the client.
                raise failure from error
            await self._refuse(scope, receive, answer, mount, failure)
        except asyncio.CancelledError:
            # The guard's deadline, which answers for us, or the end of the gateway's patience.
            unanswered = 504
            raise
        finally:
            request_id.reset(token)
            self._access.note(
                scope,
                plugin=plugin,
                route=mount.path if mount else "",
                status=answer.status or unanswered,
                seconds=gateway.clock.monotonic() - scope[STARTED],
                sent=answer.sent,
                request_id=answer.request_id,
                ip=ip,
                error=failure.code if failure else None,
            )

    def _identify(self, scope: Scope, mount: Mount) -> Principal | None:
        local: Principal | None = scope.get("plugway.principal")
        if local is not None or mount.public:
            # Only the command line, in this process, can put a principal into the scope.
            return local
        keyless = self.gateway.identity.keyless(scope)
        if keyless is not None:
            return keyless
        query: bytes = scope["query_string"]
        if "key" in mount.keys:
            scope["query_string"] = without_key(query)
        return self.gateway.identity.identify(scope["headers"], mount.keys, query)

    async def _refuse(
        self,
        scope: Scope,
        receive: Receive,
        answer: _Answer,
        mount: Mount | None,
        error: PlugwayError,
    ) -> None:
        body = render(mount, error, answer.request_id)
        response = JSONResponse(body.content, body.status, dict(body.headers))
        if body.status == 401:
            response.headers.setdefault("www-authenticate", "Bearer")
        if error.retry_after is not None:
            response.headers.setdefault("retry-after", str(max(1, round(error.retry_after))))
        if isinstance(error, ClientDeparted):
            with suppress(Exception):  # nobody is there; servers differ in whether they mind
                await response(scope, receive, answer)
            return
        await response(scope, receive, answer)


def render(mount: Mount | None, error: PlugwayError, request_id: str) -> ErrorBody:
    """Render an error in a surface's shape, or in plugway's own where there is none."""
    shape = mount.errors if mount is not None else getattr(error, "errors", plain_error)
    return shape(error, request_id)


def _told(scope: Scope, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return an answer's headers with the request's id, and the overhead of a call."""
    told = [*headers, (b"x-request-id", scope[REQUEST_ID].encode("latin-1"))]
    facts: CallFacts | None = scope.get(FACTS)
    # What is relayed has it already, from the moment when its first byte could go.
    if facts is not None and all(name != OVERHEAD for name, _ in told):
        told.append((OVERHEAD, b"%.3f" % (facts.overhead * 1000)))
    return told


class _Answer:
    """Passes messages to the server, and keeps what the access log wants to know."""

    __slots__ = ("_scope", "_send", "request_id", "sent", "status")

    def __init__(self, send: Send, scope: Scope) -> None:
        self._send = send
        self._scope = scope
        self.request_id: str = scope[REQUEST_ID]
        self.status: int | None = None
        self.sent = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = _told(self._scope, message.get("headers", ()))
        else:
            self.sent += len(message.get("body", b""))
        await self._send(message)
