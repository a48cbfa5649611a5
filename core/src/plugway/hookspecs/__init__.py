"""What a plugin can implement, in the order of a gateway's life.

Every hook is optional, synchronous (events excepted), does no I/O, and may take any
subset of its arguments. Results of all plugins are collected; no order is promised.
A plugin whose hook raises or returns something else than promised is left out whole
and named, with the reason, by `plugway plugins`.
"""

from __future__ import annotations

from collections.abc import Callable

from plugway.hookspecs import early, events, start
from plugway.hookspecs.marks import CONTRACT_VERSION, GROUP, hookimpl

__all__ = ["CONTRACT_VERSION", "GROUP", "STAGES", "hookimpl", "specifications"]

#: Modules with specifications, each a part of a gateway's life.
STAGES = (early, start, events)


def specifications() -> dict[str, Callable[..., object]]:
    """Return the specifications by name, in the order they are written.

    Example:
        >>> list(specifications())[0]
        'register_settings'
    """
    mark = f"{GROUP}_spec"
    return {
        name: value
        for stage in STAGES
        for name, value in vars(stage).items()
        if hasattr(value, mark)
    }
