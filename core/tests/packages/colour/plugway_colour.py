"""A plugin with an asynchronous hook where a synchronous one is asked for."""

from __future__ import annotations

from plugway import Mount, hookimpl


@hookimpl
async def register_routes() -> list[Mount]:
    return []
