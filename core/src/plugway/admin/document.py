"""The OpenAPI document of this gateway, its plugins' routes included."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from plugway.contract import Mount, Operation
from plugway.openapi import document

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway.gateway import Gateway
    from plugway.request import Request


def mounts(gateway: Gateway) -> list[Mount]:
    """Return the mount.

    Args:
        gateway: The gateway.
    """
    made: list[bytes] = []

    async def endpoint(request: Request) -> ASGIApp:
        if not made:
            # Routes do not change while a gateway runs.
            described = document(
                gateway.registry.routes,
                version=metadata.version("plugway"),
                server=gateway.current().server.public_url,
            )
            made.append(msgspec.json.encode(described))
        return Response(made[0], media_type="application/json")

    return [
        Mount(
            path="/openapi.json",
            endpoint=endpoint,
            methods=frozenset({"GET"}),
            public=True,
            operation=Operation(summary="This document", tags=("health",)),
        )
    ]
