"""A base for emulators: an HTTP server that remembers what it saw and fails on demand."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal

import msgspec
from aiohttp import web

from plugway.contract import Tour
from plugway.testing.control import CONTROL, control_routes
from plugway.testing.faults import GARBAGE, Fault, Faults, Outlet, hang_up, pause
from plugway.testing.listener import Listener
from plugway.testing.seen import Seen

#: Requests that are remembered; older ones are forgotten.
REMEMBERED = 1_000

#: Longest request body that is read at once and remembered.
BODY_BYTES = 1 << 20

_FAULT = web.RequestKey("fault", Fault)


class EmulatorServer:
    """Stands in for an upstream over HTTP; a subclass gives the routes.

    Every request is remembered in `seen`, and faults happen to those that fit them.
    The same can be asked for over HTTP, at `/_emulator/…` on the same port: see
    `plugway.testing.control`.

    Attributes:
        provider: Name of the provider it stands in for.
        secret: A secret it accepts.
        models: Models a channel to it should list.
        settings: Channel settings for it, as `--set` would give them.
        tour: Calls for the demo.
        missing: What these calls need and this machine does not have, and how to get it.
        unread: Beginnings of paths whose request bodies are left to the endpoints, so
            that they can stream.
        seen: The last requests, oldest first.
        faults: What is still to go wrong.
        url: The base URL while it runs.

    Example:
        >>> import asyncio
        >>> class Hello(EmulatorServer):
        ...     provider = "hello"
        ...     def routes(self):
        ...         return [web.get("/", self.hello)]
        ...     async def hello(self, request):
        ...         return web.json_response({"hello": "you"})
        >>> async def visit():
        ...     emulator = Hello()
        ...     url = await emulator.start()
        ...     await emulator.stop()
        ...     return url
        >>> asyncio.run(visit()).startswith("http://127.0.0.1:")
        True
    """

    provider: str = ""
    secret: str | None = None
    models: tuple[str, ...] = ()
    settings: Mapping[str, str] = MappingProxyType({})
    tour: tuple[Tour, ...] = ()
    missing: str = ""
    unread: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.seen: deque[Seen] = deque(maxlen=REMEMBERED)
        self.faults = Faults()
        self.url = ""
        self._count = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._runner: web.AppRunner | None = None
        self._listener: Listener | None = None
        self._busy: set[asyncio.BaseTransport | None] = set()
        self._released = asyncio.Event()

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return the upstream's routes."""
        raise NotImplementedError

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen, and return the base URL.

        Args:
            host: Address to listen on.
            port: Port to listen on; 0: any free one.
        """
        app = web.Application(middlewares=[self._serve], client_max_size=1 << 30)
        app.add_routes(control_routes(self))
        app.add_routes(self.routes())
        self._runner = web.AppRunner(
            app,
            access_log=None,
            auto_decompress=False,
            handler_cancellation=True,
            max_field_size=1 << 16,
            max_line_size=1 << 16,
            shutdown_timeout=0.5,
        )
        await self._runner.setup()
        self._listener = Listener(self._runner, self._busy, host, port)
        self.url = await self._listener.listen()
        return self.url

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._runner is None or self._listener is None:
            return
        self.release()
        await self._listener.stop()
        await self._runner.cleanup()
        self._runner = self._listener = None

    def fail(self, kind: str, **details: Any) -> None:
        """Let something go wrong with a coming request.

        Args:
            kind: A `Fault.kind`.
            details: Other fields of `Fault`.
        """
        self.faults.add(msgspec.convert({"kind": kind, **details}, Fault))

    def release(self) -> None:
        """End the stalls that wait now."""
        self._released.set()
        self._released = asyncio.Event()

    async def refuse(self) -> None:
        """Stop listening: connections are refused until `resume`."""
        await self._listening().refuse()

    async def silence(self) -> None:
        """Accept connections and never say a word, not even in a TLS handshake."""
        await self._listening().silence()

    def leave(self, mode: Literal["refuse", "silence"], seconds: float) -> None:
        """Refuse connections, or keep silent, and come back.

        Args:
            mode: Which.
            seconds: For how long, above 0.
        """
        self._listening().leave(mode, seconds)

    async def resume(self) -> None:
        """Listen again, on the same port."""
        await self._listening().listen()

    async def until(self, count: int, seconds: float = 10.0) -> Seen:
        """Wait for requests to come in.

        Args:
            count: How many in all since the start.
            seconds: Longest wait.

        Returns:
            The last one.

        Raises:
            TimeoutError: They did not come.
        """
        if self._count < count:
            arrived = asyncio.get_running_loop().create_future()
            self._waiting.append((count, arrived))
            async with asyncio.timeout(seconds):
                await arrived
        return self.seen[-1]

    async def stream(
        self,
        request: web.Request,
        chunks: AsyncIterable[bytes],
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> web.StreamResponse:
        """Answer in pieces, each sent when it is there; faults apply to them.

        Args:
            request: The request.
            chunks: Pieces of the body.
            status: HTTP status.
            headers: Headers; without a content length the answer is chunked.
        """
        response = web.StreamResponse(status=status, headers=headers)
        await response.prepare(request)
        outlet = Outlet(request, request.get(_FAULT), self._released)
        async for chunk in chunks:
            await outlet.write(response, chunk)
            if outlet.closed:
                break
        return response

    def _listening(self) -> Listener:
        if self._listener is None:
            raise RuntimeError("the emulator is not running")
        return self._listener

    @web.middleware
    async def _serve(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        transport = request.transport
        self._busy.add(transport)
        try:
            if request.path.startswith(CONTROL):
                return await handler(request)
            return await self._witness(request, handler)
        finally:
            self._busy.discard(transport)

    async def _witness(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers
        )
        seen = Seen(method=request.method, target=request.raw_path, headers=headers)
        self.seen.append(seen)
        fault = self.faults.take(request.method, request.path)
        try:
            if fault is None or fault.read:
                await self._read(request, seen)
        finally:
            self._arrived()
        try:
            response, seen.status = await self._answer(request, handler, fault)
        except (asyncio.CancelledError, ConnectionError):
            seen.left = True
            raise
        except web.HTTPException as error:
            seen.status = error.status
            raise
        return response

    async def _read(self, request: web.Request, seen: Seen) -> None:
        # The endpoint gets the same bytes again from `request.read()`.
        if not request.path.startswith(self.unread) and (request.content_length or 0) <= BODY_BYTES:
            seen.body = await request.read()

    def _arrived(self) -> None:
        self._count += 1
        for count, arrived in self._waiting:
            if count <= self._count and not arrived.done():
                arrived.set_result(None)
        self._waiting = [pair for pair in self._waiting if not pair[1].done()]

    async def _answer(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
        fault: Fault | None,
    ) -> tuple[web.StreamResponse, int | None]:
        if fault is not None:
            if fault.kind == "status":
                body = msgspec.json.encode(fault.json)
                headers = {"Content-Type": "application/json", **fault.headers}
                answer = web.Response(status=fault.status, body=body, headers=headers)
                return answer, fault.status
            if fault.kind == "delay" or (fault.kind == "stall" and fault.after is None):
                await pause(fault.seconds, self._released)
            elif fault.kind in ("drop", "garbage") or fault.after is None:
                if fault.kind == "garbage" and request.transport is not None:
                    request.transport.write(GARBAGE)
                hang_up(request)
                return web.Response(), None
            else:
                request[_FAULT] = fault
        response = await handler(request)
        if not response.prepared and isinstance(response, web.Response) and _FAULT in request:
            return await self._piecewise(request, response), response.status
        return response, response.status

    async def _piecewise(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        body = response.body if isinstance(response.body, bytes) else b""
        headers = {**response.headers, "Content-Length": str(len(body))}

        async def whole() -> AsyncIterator[bytes]:
            yield body

        return await self.stream(request, whole(), status=response.status, headers=headers)
