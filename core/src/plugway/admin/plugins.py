"""The plugins over HTTP, and what became of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from plugway.admin.route import Route

if TYPE_CHECKING:
    from plugway.admin.ask import Ask


class Plugin(msgspec.Struct, frozen=True, kw_only=True):
    """Is one plugin that was found.

    Attributes:
        name: Its name.
        distribution: The package it came with.
        version: That package's version.
        state: `loaded`, `failed` or `blocked`.
        reason: Why it is not loaded.
        import_ms: Milliseconds that its import took.
        registered: What it registered: names by kind.
    """

    name: str
    distribution: str | None
    version: str | None
    state: str
    reason: str | None
    import_ms: float | None
    registered: dict[str, list[str]]


class Plugins(msgspec.Struct, frozen=True, kw_only=True):
    """Lists every plugin that was found, by name."""

    items: list[Plugin]


def routes() -> list[Route]:
    """Return the routes."""
    return [Route("GET /api/admin/plugins", listed, "List plugins", gives=Plugins)]


async def listed(ask: Ask) -> Plugins:
    """List plugins by name."""
    return Plugins(
        items=[
            Plugin(
                name=one.name,
                distribution=one.distribution,
                version=one.version,
                state=one.state,
                reason=one.reason,
                import_ms=None if one.import_ms is None else round(one.import_ms, 1),
                registered={kind: list(names) for kind, names in one.registered.items()},
            )
            for one in ask.gateway.registry.plugins
        ]
    )
