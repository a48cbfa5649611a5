"""Where a request came from, when proxies that are trusted stand between."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Any

from plugway.errors import ConfigurationError

if TYPE_CHECKING:
    from starlette.types import Scope

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_MAPPED_BITS = 96


def parse_address(text: str) -> Address:
    """Read an address; an IPv4 one inside IPv6 becomes IPv4, an interface name is dropped.

    Raises:
        ValueError: It is none.

    Example:
        >>> parse_address("::ffff:192.0.2.1")
        IPv4Address('192.0.2.1')
    """
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def parse_network(text: str) -> Network:
    """Read an address or a network in CIDR form.

    Raises:
        ValueError: It is none, or has bits set beyond its prefix, which is mostly a typo.

    Example:
        >>> parse_network("192.0.2.0/24")
        IPv4Network('192.0.2.0/24')
    """
    network = ip_network(text)
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED_BITS:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))
    return network


class ClientAddress:
    """Finds the client's address of a request.

    Example:
        >>> find = ClientAddress(("10.0.0.0/8",))
        >>> headers = [(b"x-forwarded-for", b"203.0.113.9, 198.51.100.7, 10.0.0.2")]
        >>> find.client_ip({"client": ("10.0.0.1", 4711), "headers": headers})
        '198.51.100.7'
    """

    def __init__(self, trusted: tuple[str, ...] = ()) -> None:
        """Take the proxies to believe.

        Args:
            trusted: Addresses and networks of our own proxies.

        Raises:
            ConfigurationError: One is neither; it is named.
        """
        networks = []
        for text in trusted:
            try:
                networks.append(parse_network(text.strip()))
            except ValueError as error:
                raise ConfigurationError(
                    f"server.trusted_proxies: {text!r} is no address or network: {error}"
                ) from None
        self._trusted = tuple(networks)

    def client_ip(self, scope: Scope | Mapping[str, Any]) -> str:
        """Return the client's address, or "" for a peer that has none, as on a Unix socket.

        `X-Forwarded-For` is read from its right end, where our own proxies write: a hop is
        believed only if the one after it is trusted, and something else than an address
        ends the walk.

        Args:
            scope: An ASGI HTTP scope.
        """
        client = scope.get("client")
        peer: str = client[0] if client else ""
        if not self._trusted and peer.replace(".", "").isdecimal():
            # The server's own word: an IPv4 address, and nobody else is believed.
            return peer
        try:
            address = parse_address(peer)
        except ValueError:
            return ""
        if self._is_trusted(address):
            for hop in reversed(_hops(scope)):
                try:
                    address = parse_address(_without_port(hop))
                except ValueError:
                    break
                if not self._is_trusted(address):
                    break
        return str(address)

    def is_from_proxy(self, scope: Scope | Mapping[str, Any]) -> bool:
        """Say whether one of the trusted proxies has sent a request.

        Args:
            scope: An ASGI HTTP scope.
        """
        client = scope.get("client")
        try:
            return self._is_trusted(parse_address(client[0] if client else ""))
        except ValueError:
            # A peer without an address, as on a Unix socket.
            return False

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def _hops(scope: Scope | Mapping[str, Any]) -> list[str]:
    values = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return b",".join(values).decode("latin-1").split(",") if values else []


def _without_port(hop: str) -> str:
    hop = hop.strip()
    if hop.startswith("["):
        inside, bracket, port = hop[1:].partition("]")
        return inside if bracket and (not port or port.startswith(":")) else hop
    if hop.count(":") == 1:
        return hop.partition(":")[0]
    return hop
