"""Hosts that are reached without a proxy."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from yarl import URL

_SEPARATORS = re.compile(r"[,;\s]+")


class Exempt(msgspec.Struct, frozen=True):
    """Holds the entries of a `no_proxy` list.

    Attributes:
        entries: `host` and `.suffix` with or without a port, addresses, networks, or `*`.

    Example:
        >>> from yarl import URL
        >>> Exempt.parse("internal.example, 10.0.0.0/8").covers(URL("http://10.1.2.3"))
        True
    """

    entries: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Exempt:
        """Return the entries of a list.

        Args:
            text: Separated by commas, semicolons or spaces.
        """
        return cls(tuple(entry for entry in _SEPARATORS.split(text.lower()) if entry))

    def covers(self, target: URL) -> bool:
        """Return whether a request goes there without the proxy.

        Args:
            target: Where the request goes.
        """
        return bool(self.entries) and any(_matches(entry, target) for entry in self.entries)


def _matches(entry: str, target: URL) -> bool:
    if entry == "*":
        return True
    host, port = (target.host or "").rstrip(".").lower(), target.port
    try:
        ip_address(host)
    except ValueError:
        name, _, wanted = entry.partition(":")
        name = name.removeprefix("*").removeprefix(".")
        matches = host == name or host.endswith(f".{name}")
        return bool(name) and matches and wanted in ("", str(port))
    if entry in (f"{host}:{port}", f"[{host}]:{port}", f"[{host}]"):
        return True
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:
        return False
