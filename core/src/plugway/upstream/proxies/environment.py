"""The proxies that the environment names, for channels without one of their own."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING

from plugway.errors import ConfigurationError
from plugway.upstream.proxies.exempt import Exempt
from plugway.upstream.proxies.proxy import FORM, parse_proxy

if TYPE_CHECKING:
    from yarl import URL

#: What deployments that plugway replaces set for both schemes.
OLD = "PROXY"

#: Decisions kept, by origin.
KEPT = 1024


class EnvironmentProxies:
    """Follows `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, in lower case too, else `PROXY`.

    Loopback never goes through them.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Read the variables once.

        Args:
            environ: The environment.

        Raises:
            ConfigurationError: A variable holds no proxy's address.
        """
        self._proxies: dict[str, URL] = {}
        for scheme in ("http", "https"):
            text = _variable(environ, f"{scheme}_proxy") or environ.get(OLD, "").strip()
            if text:
                try:
                    proxy = parse_proxy(text if "://" in text else f"http://{text}")
                except ConfigurationError:
                    name = f"{scheme.upper()}_PROXY"
                    name = name if _variable(environ, name.lower()) else OLD
                    raise ConfigurationError(f"{name}: {FORM}") from None
                self._proxies[scheme] = proxy
        self._without = Exempt.parse(_variable(environ, "no_proxy"))
        self._decided: dict[tuple[str, str | None, int | None], URL | None] = {}

    def find(self, target: URL) -> URL | None:
        """Return the proxy for a request; None: straight.

        Args:
            target: Where the request goes.
        """
        if not self._proxies:
            return None
        origin = (target.scheme, target.host, target.port)
        try:
            return self._decided[origin]
        except KeyError:
            if len(self._decided) >= KEPT:
                self._decided.clear()
            proxy = self._proxies.get(target.scheme)
            if proxy is not None and (_is_loopback(target) or self._without.covers(target)):
                proxy = None
            self._decided[origin] = proxy
            return proxy


def _is_loopback(target: URL) -> bool:
    host = (target.host or "").rstrip(".").lower()
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _variable(environ: Mapping[str, str], name: str) -> str:
    return (environ.get(name) or environ.get(name.upper()) or "").strip()
