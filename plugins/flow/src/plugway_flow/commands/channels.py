"""The channels that commands are for."""

from __future__ import annotations

from typing import Any

from plugway import ConfigurationError
from plugway_flow.provider import NAME


def chosen(client: Any, name: str | None) -> list[str]:
    """Return the names of channels to Flow.

    Args:
        client: Speaks to the gateway.
        name: The only one that is meant; None: all.

    Raises:
        ConfigurationError: There is no such channel.
    """
    found = [one["name"] for one in client.items("channels", provider=NAME)]
    if name is None:
        return found
    if name not in found:
        raise ConfigurationError(f"there is no channel {name} to Flow")
    return [name]
