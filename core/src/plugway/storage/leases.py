"""Leases: background work that one node does at a time."""

from __future__ import annotations

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q

from plugway.storage.database import Database
from plugway.storage.models import Lease


async def acquire(database: Database, name: str, owner: str, now_us: int, seconds: float) -> bool:
    """Take a lease, or keep it for longer.

    Args:
        database: Where leases are kept.
        name: What is leased, at most 190 characters.
        owner: Who asks; one name a process, at most 64 characters.
        now_us: Microseconds since 1970.
        seconds: How long it lasts unless it is taken again or released, above 0.

    Returns:
        Whether the owner has it now.

    Raises:
        Unavailable: The database is away, so nobody knows.
    """
    until = now_us + round(seconds * 1_000_000)

    async def claim() -> bool:
        free = Q(until__lte=now_us) | Q(owner=owner)
        if await Lease.filter(free, name=name).update(owner=owner, until=until):
            return True
        if await Lease.exists(name=name):
            return False
        try:
            await Lease.create(name=name, owner=owner, until=until)
        except IntegrityError:
            return False
        return True

    return await database.run(claim)


async def release(database: Database, name: str, owner: str) -> bool:
    """Give a lease back before its time.

    Args:
        database: Where leases are kept.
        name: What is leased.
        owner: Who gives it back.

    Returns:
        Whether the owner had it.

    Raises:
        Unavailable: The database is away; the lease ends by itself.
    """
    return await database.run(lambda: Lease.filter(name=name, owner=owner).delete()) > 0
