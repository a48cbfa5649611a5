"""A plugin with a typo in the name of a hook."""

from __future__ import annotations

from plugway import Mount, hookimpl


@hookimpl
def register_route() -> list[Mount]:
    return []
