"""The request that an endpoint gets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from starlette.requests import Request as StarletteRequest

from plugway.errors import NotAuthenticated

if TYPE_CHECKING:
    import asyncio

    from starlette.types import Receive, Scope, Send

    from plugway.identity.principal import Principal
    from plugway.server.deadlines import Deadlines


class Request(StarletteRequest):
    """Is a Starlette request that also knows its caller and its own id.

    Attributes:
        id: What the client sees in `x-request-id`.
        started: Monotonic seconds when it came in.
        task: The task that serves it.
        client_ip: The client's address, behind trusted proxies too.
    """

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        request_id: str,
        started: float,
        task: asyncio.Task[Any],
        client_ip: str,
        principal: Principal | None = None,
        deadlines: Deadlines | None = None,
    ) -> None:
        super().__init__(scope, receive, send)
        self.id = request_id
        self.started = started
        self.task = task
        self.client_ip = client_ip
        self._principal = principal
        self._deadlines = deadlines

    @property
    def path(self) -> str:
        """Return the decoded path that was routed: never rebuild it from `url`."""
        path: str = self.scope["path"]
        return path

    @property
    def principal(self) -> Principal:
        """Return the caller.

        Raises:
            NotAuthenticated: The route is public and no key was presented.
        """
        if self._principal is None:
            raise NotAuthenticated(reason="absent")
        return self._principal

    @contextmanager
    def untimed(self) -> Iterator[None]:
        """Do not count what is done here as time of the request: its deadline waits.

        Who waits so has a bound of their own for that.
        """
        if self._deadlines is None:
            yield
            return
        left = self._deadlines.pause(self.task)
        try:
            yield
        finally:
            self._deadlines.resume(self.task, left)

    @property
    def asgi_send(self) -> Send:
        """Return the ASGI send, for answers that are streamed by the core."""
        send: Any = self._send
        return send  # type: ignore[no-any-return]  # Starlette keeps it untyped


async def sent(scope: Scope, receive: Receive, send: Send) -> None:
    """Be the response of an endpoint whose answer has gone already."""
