"""The vault over HTTP: rotation of its key."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from plugway.admin.route import Route
from plugway.credentials import rotation

if TYPE_CHECKING:
    from plugway.admin.ask import Ask


class Rotate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Says how to rotate.

    Attributes:
        retire: Drop the old keys for good: backups made before can then not be opened.
    """

    retire: bool = False


class Rotated(msgspec.Struct, frozen=True, kw_only=True):
    """Tells what a rotation did.

    Attributes:
        key_id: Id of the key that seals from now on.
        resealed: Secrets sealed anew.
        retired: Old keys dropped.
    """

    key_id: str
    resealed: int
    retired: int


def routes() -> list[Route]:
    """Return the routes."""
    return [
        Route("POST /api/admin/vault/rotate", rotate, "Rotate the vault's key", Rotate, Rotated)
    ]


async def rotate(ask: Ask, how: Rotate) -> Rotated:
    """Make a new key current, seal every secret with it, and drop the old ones if asked to."""
    gateway = ask.gateway
    key_id = await asyncio.to_thread(gateway.vault.rotate)
    # Before the rest, which may fail half-way: the key is new from here on.
    await ask.record("vault.rotate", key_id, {"retire": how.retire})
    resealed = await rotation.reseal(gateway.database, gateway.vault)
    retired = await rotation.retire(gateway.database, gateway.vault) if how.retire else 0
    return Rotated(key_id=key_id, resealed=resealed, retired=retired)
