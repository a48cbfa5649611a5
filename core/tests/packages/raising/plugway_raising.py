"""A plugin whose second hook raises."""

from __future__ import annotations

from plugway import Mount, Provider, hookimpl


@hookimpl
def register_providers() -> list[Provider]:
    return [Provider(name="raising", title="Raising")]


@hookimpl
def register_routes() -> list[Mount]:
    raise LookupError("no such thing")
