"""Routes of the earlier system that clients know."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plugway import Gateway, Mount
    from plugway_aistudio.front.health import Pages


def mounts(gateway: Gateway, pages: Pages | None = None) -> list[Mount]:
    """Return the routes.

    Args:
        gateway: Whose routes they are.
        pages: Tells how the pages are; None: there are none, and nothing can be asked.
    """
    from plugway_aistudio.front.health import HealthRoute
    from plugway_aistudio.front.info import InfoRoute
    from plugway_aistudio.front.keys import KeyRoutes
    from plugway_aistudio.front.queue import QueueRoutes
    from plugway_aistudio.keys.syncing import KeySync

    return [
        *KeyRoutes(gateway, KeySync(gateway)).mounts(),
        InfoRoute(gateway).mount(),
        HealthRoute(gateway, pages).mount(),
        *QueueRoutes(gateway).mounts(),
    ]
