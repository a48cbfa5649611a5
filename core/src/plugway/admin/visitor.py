"""Who asks on a public route, where a key is welcome and not required."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugway.errors import ClientError

if TYPE_CHECKING:
    from plugway.gateway import Gateway
    from plugway.identity.principal import Principal
    from plugway.request import Request


def caller(gateway: Gateway, request: Request) -> Principal:
    """Return who presents a key on a public route.

    Args:
        gateway: The gateway.
        request: To a public route.

    Raises:
        NotAuthenticated: No valid key.
        NotPermitted: The key may not be used from this address.
    """
    local: Principal | None = request.scope.get("plugway.principal")
    if local is not None:
        return local
    principal = gateway.identity.identify(request.scope["headers"])
    gateway.identity.check(principal, model=None, ip=request.client_ip)
    return principal


def visitor(gateway: Gateway, request: Request) -> Principal | None:
    """Return who presents a key on a public route; None: nobody does.

    Args:
        gateway: The gateway.
        request: To a public route.
    """
    try:
        return caller(gateway, request)
    except ClientError:
        return None
