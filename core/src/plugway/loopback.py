"""Which hosts are this machine's own."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address


def is_loopback(host: str) -> bool:
    """Say whether a host's name or address is reached from this machine only.

    Args:
        host: Without a port; an IPv6 address with or without brackets.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("[::1]"), is_loopback("0.0.0.0")
        (True, True, False)
        >>> is_loopback("localhost"), is_loopback("localhost.example.com")
        (True, False)
    """
    name = host.removeprefix("[").removesuffix("]").lower()
    if name == "localhost":
        return True
    try:
        # Only an IPv6 address has a zone.
        address = ip_address(name.partition("%")[0] if ":" in name else name)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback
