"""Proxies as the driver of a browser takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from plugway.errors import ConfigurationError

if TYPE_CHECKING:
    from playwright.async_api import ProxySettings

#: Setting of a proxy that says: none.
DIRECT = "direct"

#: Where nobody listens: the port of RFC 863, on this machine.
NOWHERE = "http://127.0.0.1:9"

#: Reached straight, whatever the proxy; named, for a browser that is driven sends all to it.
_LOOPBACK = "127.0.0.0/8,localhost,*.localhost,[::1]"


def proxy_settings(url: str | None) -> ProxySettings | None:
    """Return a proxy as the driver takes it.

    Args:
        url: With its login; `direct`: no proxy, also where the machine has one; None: the
            machine's.

    Raises:
        ConfigurationError: A browser cannot use it.

    Example:
        >>> proxy_settings("http://me:p%40ss@proxy:3128")["password"]
        'p@ss'
    """
    if url is None:
        return None
    if url == DIRECT:
        # A context cannot be told to use none. It is told to go past one for every host; should
        # it not, nobody listens there.
        return {"server": NOWHERE, "bypass": f"*,{_LOOPBACK}"}
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigurationError("the proxy's address cannot be one") from None
    scheme = {"socks5h": "socks5"}.get(parts.scheme, parts.scheme)
    if scheme not in ("http", "https", "socks5") or not parts.hostname:
        raise ConfigurationError(f"a browser cannot use proxies of the kind {parts.scheme}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    settings: dict[str, Any] = {
        "server": f"{scheme}://{host}" + (f":{port}" if port else ""),
        "bypass": _LOOPBACK,
    }
    if parts.username:
        settings["username"] = unquote(parts.username)
        settings["password"] = unquote(parts.password or "")
    return settings  # type: ignore[return-value]  # the driver's type is known to checkers only


def wants_bridge(proxy: str) -> bool:
    """Say whether a proxy is one of those that a browser cannot log in at.

    Args:
        proxy: Its URL, or `direct`.

    Example:
        >>> wants_bridge("socks5://me:secret@proxy:1080"), wants_bridge("socks5://proxy:1080")
        (True, False)
    """
    try:
        parts = urlsplit(proxy)
    except ValueError:
        return False
    return parts.scheme in ("socks5", "socks5h") and bool(parts.username)
