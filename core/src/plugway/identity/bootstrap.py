"""The first administrator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugway.errors import Conflict
from plugway.identity import keys, users
from plugway.storage.models import User

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.credentials.vault import Vault
    from plugway.identity.keys import NewKey
    from plugway.storage.database import Database


async def administrator(
    database: Database,
    vault: Vault,
    clock: Clock,
    *,
    name: str = "admin",
    another: bool = False,
) -> NewKey:
    """Make an administrator with a random key; nothing has a default password.

    Args:
        database: Where to.
        vault: As for every key.
        clock: The time.
        name: The user's name.
        another: Make one although there is one, for an operator who lost all keys.

    Returns:
        The key, named `first`; it is shown this once.

    Raises:
        Conflict: There is an administrator already, or a user of this name.
    """

    async def work() -> NewKey:
        if not another and await User.filter(role="admin").exists():
            raise Conflict("there is an administrator already")
        user = await users.insert(clock, name=name, role="admin")
        return await keys.insert(vault, clock, user_id=user.id, name="first")

    return await database.transact(work)
