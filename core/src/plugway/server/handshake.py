"""WebSockets: who may open one, and how they end."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import msgspec
from starlette.websockets import WebSocketDisconnect

from plugway.contract import plain_error
from plugway.errors import BadRequest, NotPermitted, PlugwayError, Unavailable
from plugway.server.admission import admit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from plugway.server.inflight import Inflight
    from plugway.settings import ServerSettings

_log = logging.getLogger(__name__)

#: Codes of RFC 6455: the server goes away, breaks a rule of ours, has failed.
GOING_AWAY, REFUSED, FAILED = 1001, 1008, 1011

_DENIAL = "websocket.http.response"


class Handshake:
    """Passes one WebSocket, refuses it before it is open, or closes it after that."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        """Take over what the server gave."""
        self._scope = scope
        self._receive = receive
        self._send = send
        self._request_id = request_id
        self._open = False
        self._closed = False

    async def run(
        self, app: ASGIApp, fields: dict[bytes, bytes], limits: ServerSettings, inflight: Inflight
    ) -> None:
        """Let it in, if it may be, and stay until it ends.

        Args:
            app: What serves it.
            fields: The scope's headers, as a dictionary.
            limits: What is accepted.
            inflight: Ends it when the server stops.
        """
        with inflight.socket():
            try:
                if inflight.stopping:
                    raise Unavailable
                self._admit(fields, limits)
                await app(self._scope, self._receive, self._pass)
            except asyncio.CancelledError:
                if not inflight.stopping:
                    raise
                await self._end(GOING_AWAY, None)
            except WebSocketDisconnect:
                # The client has left, which an endpoint need not have expected.
                self._closed = True
            except PlugwayError as error:
                await self._end(REFUSED, error)
            except Exception:  # noqa: BLE001  # the last defence
                _log.exception("a socket failed")
                await self._end(FAILED, PlugwayError())

    def _admit(self, fields: dict[bytes, bytes], limits: ServerSettings) -> None:
        scope = self._scope
        scheme = {"wss": "https"}.get(scope["scheme"], "http")
        # A handshake is a GET; what holds for its head holds here.
        length = admit({**scope, "method": "GET", "scheme": scheme}, fields, limits)
        if length:
            raise BadRequest("A handshake has no body.")
        origin = fields.get(b"origin")
        host = fields.get(b"host", b"")
        if origin is not None and origin.partition(b"://")[2].lower() != host.lower():
            # Only pages send it; those of others have nothing to say here.
            raise NotPermitted("This origin may not open a socket here.")

    async def _pass(self, message: Message) -> None:
        kind = message["type"]
        if kind == "websocket.accept":
            self._open = True
            told = (b"x-request-id", self._request_id.encode())
            message = {**message, "headers": [*message.get("headers", ()), told]}
        elif kind == "websocket.close":
            self._closed = True
        await self._send(message)

    async def _end(self, code: int, error: PlugwayError | None) -> None:
        if self._closed:
            return
        try:
            if self._open:
                reason = "" if error is None else error.message[:100]
                await self._send({"type": "websocket.close", "code": code, "reason": reason})
            elif error is not None and _DENIAL in self._scope.get("extensions", {}):
                await self._deny(error)
            else:
                await self._send({"type": "websocket.close", "code": code})
        except Exception:  # noqa: BLE001  # it was gone already; servers differ in what they raise
            _log.debug("a socket was gone before it was closed")

    async def _deny(self, error: PlugwayError) -> None:
        rendered = plain_error(error, self._request_id)
        body = msgspec.json.encode(rendered.content)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"x-request-id", self._request_id.encode()),
        ]
        if rendered.status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        start = {"type": f"{_DENIAL}.start", "status": rendered.status, "headers": headers}
        await self._send(start)
        await self._send({"type": f"{_DENIAL}.body", "body": body})
