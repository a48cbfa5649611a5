"""Which addresses a client may make the gateway connect to.

The check is made where the socket is made, on the very address that is then connected to:
what a name resolved to before, how an address was spelt, or who redirected makes no
difference.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

import msgspec
from yarl import URL

from plugway.errors import AddressRefused

#: Longest URL taken from a client, characters.
MAX_URL = 8192

# IANA's special-purpose addresses that are not for everyone, multicast and reserved space,
# and Azure's platform address, which is public but answers from within.
_NOT_PUBLIC_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "168.63.129.16/32",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",
        ),
    )
)
# Of IPv6 only global unicast, without the parts that stand for an IPv4 address (Teredo, 6to4;
# mapped and NAT64 addresses lie outside of it), for documentation or for special uses.
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3ffe::/16", "3fff::/20"))
)


class AddressDenied(OSError):
    """The policy does not admit this address."""


class AddressPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Decides where requests to client-given URLs may go.

    Attributes:
        ports: Ports that may be reached.
        exempt: Addresses and ports that are admitted whatever they are.

    Example:
        >>> AddressPolicy().admits("169.254.169.254", 80)
        False
    """

    ports: frozenset[int] = frozenset({80, 443, 8080, 8443})
    exempt: frozenset[tuple[str, int]] = frozenset()

    def admits(self, address: str, port: int) -> bool:
        """Return whether an address may be connected to.

        Args:
            address: A final numeric address, as the socket gets it.
            port: The port.
        """
        if (address, port) in self.exempt:
            return True
        return port in self.ports and _is_public(address)

    def check_url(self, text: str | URL) -> URL:
        """Return a URL whose form is acceptable; where it leads shows when it is connected to.

        Args:
            text: As the client or a redirect gave it.

        Raises:
            AddressRefused: Scheme, port, user or password, or no URL at all.
        """
        try:
            if len(str(text)) > MAX_URL:
                raise ValueError
            url = URL(text)
            host, port = url.host, url.port
        except ValueError:
            raise AddressRefused("That is not a URL.") from None
        if url.scheme not in ("http", "https") or not host:
            raise AddressRefused("Only http and https URLs can be used.")
        if url.raw_user is not None or url.raw_password is not None:
            raise AddressRefused("A URL with a user or a password cannot be used.")
        if port not in self.ports and (host, port) not in self.exempt:
            raise AddressRefused(f"Only the ports {sorted(self.ports)} can be used.")
        return url

    def open_socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Make the socket for one address.

        Args:
            info: The address as `socket.getaddrinfo` gives it.

        Raises:
            AddressDenied: It is not admitted.
        """
        family, kind, protocol, _, target = info
        scoped = len(target) > 3 and target[3] != 0
        if scoped or not self.admits(target[0], target[1]):
            raise AddressDenied
        return socket.socket(family, kind, protocol)


def _is_public(text: str) -> bool:
    try:
        address: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if address.scope_id is not None or address not in _PUBLIC_6:
        return False
    return not any(address in network for network in _NOT_PUBLIC_6)
