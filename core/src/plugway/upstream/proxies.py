"""Which proxy a request to an upstream takes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from ipaddress import ip_address, ip_network

from yarl import URL

from plugway.errors import ConfigurationError

#: A channel's proxy setting that means no proxy, whatever the environment says.
DIRECT = "direct"
#: Decisions kept, by origin.
KEPT = 1024

#: Why a SOCKS proxy cannot be used.
NO_SOCKS = "proxy: SOCKS needs an extra: pip install 'plugway[socks]'"

_SOCKS = {"socks5": "socks5", "socks5h": "socks5", "socks4": "socks4"}
_FORM = "the right form is http://host:port, https://host:port or socks5://host:port"


def parse_proxy(text: str) -> URL:
    """Return a proxy's address.

    Args:
        text: An `http`, `https`, `socks5`, `socks5h` or `socks4` URL; user and password may
            be in it.

    Raises:
        ConfigurationError: Not usable; the message does not repeat it.

    Example:
        >>> parse_proxy("socks5h://127.0.0.1")
        URL('socks5://127.0.0.1:1080')
    """
    try:
        url = URL(text)
        host, port = url.host, url.port
    except ValueError:
        raise ConfigurationError(f"proxy: {_FORM}", field="proxy") from None
    if url.scheme in _SOCKS and host:
        return url.with_scheme(_SOCKS[url.scheme]).with_port(port or 1080)
    if url.scheme not in ("http", "https") or not host:
        raise ConfigurationError(f"proxy: {_FORM}", field="proxy")
    return url


def check_proxy(text: str) -> None:
    """Refuse a channel's proxy setting that could not be used here.

    Args:
        text: As typed: an address, `direct` or nothing.

    Raises:
        ConfigurationError: Not usable; the message does not repeat it.
    """
    if text and text != DIRECT and is_socks(parse_proxy(text)) and not find_spec("aiohttp_socks"):
        raise ConfigurationError(NO_SOCKS, field="proxy")


def is_socks(proxy: URL) -> bool:
    """Return whether a proxy speaks SOCKS.

    Args:
        proxy: From `parse_proxy`.
    """
    return proxy.scheme in _SOCKS


class EnvironmentProxies:
    """Follows `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, in lower case too.

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
            text = _variable(environ, f"{scheme}_proxy")
            if text:
                try:
                    proxy = parse_proxy(text if "://" in text else f"http://{text}")
                except ConfigurationError:
                    raise ConfigurationError(f"{scheme.upper()}_PROXY: {_FORM}") from None
                self._proxies[scheme] = proxy
        without = _variable(environ, "no_proxy").lower().split(",")
        self._without = [entry.strip() for entry in without if entry.strip()]
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
            if proxy is not None and self._is_without(target):
                proxy = None
            self._decided[origin] = proxy
            return proxy

    def _is_without(self, target: URL) -> bool:
        host = (target.host or "").rstrip(".").lower()
        try:
            address = ip_address(host)
        except ValueError:
            address = None
            if host == "localhost" or host.endswith(".localhost"):
                return True
        if address is not None and address.is_loopback:
            return True
        for entry in self._without:
            if entry == "*":
                return True
            if address is not None:
                if _covers(entry, host, target.port):
                    return True
                continue
            name, _, port = entry.partition(":")
            name = name.removeprefix("*").removeprefix(".")
            matches = host == name or host.endswith(f".{name}")
            if name and matches and port in ("", str(target.port)):
                return True
        return False


def _covers(entry: str, host: str, port: int | None) -> bool:
    if entry in (f"{host}:{port}", f"[{host}]:{port}", f"[{host}]"):
        return True
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:
        return False


def _variable(environ: Mapping[str, str], name: str) -> str:
    return (environ.get(name) or environ.get(name.upper()) or "").strip()
