"""What the gateway counts, for Prometheus."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.responses import Response

from plugway import gauges
from plugway.admin.route import HEADERS, permit
from plugway.admin.visitor import caller
from plugway.contract import Mount, Operation
from plugway.errors import Unavailable
from plugway.identity.address import parse_address, parse_network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp

    from plugway.gateway import Gateway
    from plugway.identity.address import Network
    from plugway.request import Request

#: Seconds that the ledger has to count its holds; its writer may be busy or waiting.
PATIENCE = 1.0


def mounts(gateway: Gateway) -> list[Mount]:
    """Return the mount.

    Operators and administrators may read it by key; without one, only who comes from
    `server.metrics_networks`.

    Args:
        gateway: The gateway.
    """
    networks = [parse_network(text) for text in gateway.current().server.metrics_networks]

    async def endpoint(request: Request) -> ASGIApp:
        if not _is_inside(request.client_ip, networks):
            await permit(gateway, caller(gateway, request), request.client_ip, "operator")
        with suppress(TimeoutError, Unavailable):
            # Not from a while ago; but what is known is told all the same.
            async with asyncio.timeout(PATIENCE):
                await gauges.update(gateway)
        metrics = gateway.metrics
        headers = {**HEADERS, "content-type": metrics.content_type}
        return Response(await asyncio.to_thread(metrics.render), headers=headers)

    return [
        Mount(
            path="/metrics",
            endpoint=endpoint,
            methods=frozenset({"GET"}),
            public=bool(networks),
            operation=Operation(summary="Metrics in Prometheus' text form", tags=("metrics",)),
        )
    ]


def _is_inside(ip: str, networks: Sequence[Network]) -> bool:
    try:
        address = parse_address(ip)
    except ValueError:
        return False
    return any(address in network for network in networks)
