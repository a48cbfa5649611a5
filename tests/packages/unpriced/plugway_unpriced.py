"""A plugin that names no price for what it serves: the operator must."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from plugway import BearerKey, Gateway, Mount, Provider, Request, Usage, hookimpl


@hookimpl
def register_providers() -> Iterable[Provider]:
    """Return the provider."""
    return [Provider(name="unpriced", title="Unpriced", credential="unpriced", models=("tea",))]


@hookimpl
def register_credentials() -> Iterable[BearerKey]:
    """Return the kind of secret."""
    return [BearerKey("unpriced")]


@hookimpl
def register_routes(gateway: Gateway) -> Iterable[Mount]:
    """Return the route."""

    async def endpoint(request: Request) -> Any:
        usage = Usage(key="tea")
        async with gateway.calls.open(
            request, provider="unpriced", model="tea", usage=usage
        ) as call:
            return await call.relay(await call.forward(request))

    return [Mount(path="/unpriced", endpoint=endpoint, prefix=True)]
