"""A plugin that is written for a contract of the future."""

from __future__ import annotations

from plugway import Mount, hookimpl

plugway_contract = 99


@hookimpl
def register_routes() -> list[Mount]:
    return []
