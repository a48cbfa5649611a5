"""By what address clients reach the gateway."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from plugway.identity.address import ClientAddress

if TYPE_CHECKING:
    from plugway.request import Request
    from plugway.settings import Settings

#: A name or an address with a port or none.
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


def base_of(request: Request, settings: Settings) -> str:
    """Return scheme and host that a client reaches the gateway by.

    `server.public_url` where it is set; else what the request was sent to. What a proxy says of
    that, `X-Forwarded-Proto` and `X-Forwarded-Host`, counts if it is one of
    `server.trusted_proxies`; of several values the last one, which the nearest proxy has written.

    Args:
        request: What came.
        settings: The settings as they are now.

    Returns:
        Such as `https://api.example.com`.
    """
    server = settings.server
    if server.public_url:
        return server.public_url
    scope = request.scope
    scheme: str = scope.get("scheme") or "http"
    host = request.headers.get("host", "")
    if ClientAddress(server.trusted_proxies).is_from_proxy(scope):
        said = _last(request, "x-forwarded-proto").lower()
        scheme = said if said in ("http", "https") else scheme
        host = _last(request, "x-forwarded-host") or host
    if _HOST.fullmatch(host) is None:
        name, port = scope.get("server") or ("127.0.0.1", None)
        name = f"[{name}]" if ":" in name else name
        # Without a port it is the path of a socket.
        host = f"{name}:{port}" if port else "127.0.0.1"
    return f"{scheme}://{host}"


def _last(request: Request, name: str) -> str:
    values = request.headers.getlist(name)
    return values[-1].rpartition(",")[2].strip() if values else ""
