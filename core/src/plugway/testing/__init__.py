"""What tests of plugway and of its plugins are built from."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plugway.testing.clock import ManualClock
    from plugway.testing.contract import PluginContract
    from plugway.testing.emulator import EmulatorServer
    from plugway.testing.faults import Fault
    from plugway.testing.seen import Seen
    from plugway.testing.server import GatewayServer

__all__ = [
    "EmulatorServer",
    "Fault",
    "GatewayServer",
    "ManualClock",
    "PluginContract",
    "Seen",
]

#: Where each is: pytest imports this package in every run, and most runs need none of it.
_LAZY = {
    "EmulatorServer": "plugway.testing.emulator",
    "Fault": "plugway.testing.faults",
    "GatewayServer": "plugway.testing.server",
    "ManualClock": "plugway.testing.clock",
    "PluginContract": "plugway.testing.contract",
    "Seen": "plugway.testing.seen",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module 'plugway.testing' has no attribute {name!r}")
    value: object = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
