"""The WebSocket that an endpoint gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.websockets import WebSocket

from plugway.errors import NotAuthenticated

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from plugway.identity.principal import Principal


class Socket(WebSocket):
    """Is a Starlette WebSocket that also knows its caller and its own id.

    An error of plugway that is raised before `accept` is answered with its own HTTP status.

    Attributes:
        id: What the client sees in `x-request-id`.
        client_ip: The client's address, behind trusted proxies too.
    """

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        request_id: str,
        client_ip: str,
        principal: Principal | None = None,
    ) -> None:
        super().__init__(scope, receive, send)
        self.id = request_id
        self.client_ip = client_ip
        self._principal = principal

    @property
    def principal(self) -> Principal:
        """Return the caller.

        Raises:
            NotAuthenticated: The route is public and no key was presented.
        """
        if self._principal is None:
            raise NotAuthenticated(reason="absent")
        return self._principal
