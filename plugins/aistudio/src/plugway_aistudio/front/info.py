"""`/api/info`: how clients reach the gateway (reference: "Shapes")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from plugway import Mount, Operation, visitor

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway import Gateway, Request

#: What a client may say that it calls the gateway.
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")

#: Roles that see how many keys there are.
_MAY_COUNT = frozenset({"operator", "admin"})


class Info(msgspec.Struct, frozen=True, kw_only=True):
    """Tells how to call the gateway, and no secret.

    Attributes:
        model_name: What answers.
        api_base_url: Base URL for OpenAI's clients.
        server_base_url: Where the gateway is: its public address, or the host that the client
            asked for.
        api_key_required: Requests need a key.
        api_key_count: Keys that let somebody in; for operators and administrators, for others
            null.
        auth_header: How a key is sent; null: none is needed.
        openai_compatible: Always true.
        supported_auth_methods: Where a key may be.
        message: For people.
    """

    model_name: str = "AI Studio"
    api_base_url: str
    server_base_url: str
    api_key_required: bool
    api_key_count: int | None
    auth_header: str | None
    openai_compatible: bool = True
    supported_auth_methods: list[str]
    message: str


class InfoRoute:
    """Answers how to call the gateway, to anybody."""

    def __init__(self, gateway: Gateway) -> None:
        """Take the gateway.

        Args:
            gateway: Knows its address and counts its keys.
        """
        self._gateway = gateway

    def mount(self) -> Mount:
        """Return the mount."""
        return Mount(
            path="/api/info",
            endpoint=self.show,
            methods=frozenset({"GET"}),
            public=True,
            operation=Operation(summary="How to call the gateway", response=Info),
        )

    async def show(self, request: Request) -> ASGIApp:
        """Answer."""
        gateway = self._gateway
        base = gateway.current().server.public_url or _asked(request)
        required = not gateway.current().server.keyless_user
        principal = visitor(gateway, request)
        counts = principal is not None and principal.role in _MAY_COUNT
        info = Info(
            api_base_url=f"{base}/v1",
            server_base_url=base,
            api_key_required=required,
            api_key_count=gateway.identity.number() if counts else None,
            auth_header="Authorization: Bearer <key>" if required else None,
            supported_auth_methods=["Authorization: Bearer", "X-API-Key"],
            message=("A key is required." if required else "From this machine no key is required."),
        )
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        return Response(msgspec.json.encode(info), 200, headers, media_type="application/json")


def _asked(request: Request) -> str:
    """Return the address that the client used, as far as it can be believed."""
    host = request.headers.get("host", "")
    if _HOST.fullmatch(host) is None:
        name, port = request.scope.get("server") or ("127.0.0.1", None)
        name = f"[{name}]" if ":" in name else name
        host = f"{name}:{port}" if port else name
    return f"{request.scope['scheme']}://{host}"
