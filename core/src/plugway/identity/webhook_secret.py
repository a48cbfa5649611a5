"""The secret that signs the callbacks sent to a user.

The vault seals it. While the user takes a new one over, the one before signs too, so that no
callback goes unverified in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from plugway.contract import Secret
from plugway.credentials.rotation import WEBHOOK_SECRET
from plugway.credentials.vault import VaultError
from plugway.errors import NotFound
from plugway.storage.models import User
from plugway.webhooks import new_webhook_secret

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.credentials.vault import Vault
    from plugway.storage.database import Database

#: Seconds for which the secret before a change signs too.
OVERLAP = 86_400


class _Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """Is what the vault seals."""

    secret: str
    previous: str | None = None
    #: Microseconds since 1970 from which on the previous one does not sign.
    until: int = 0


async def renew(database: Database, vault: Vault, clock: Clock, user_id: int) -> Secret:
    """Give a user a new secret; one that it has signs too for a day.

    Args:
        database: Where the user is.
        vault: Seals it.
        clock: The time.
        user_id: Whose.

    Returns:
        The new one, which is not shown again.

    Raises:
        NotFound: There is no such user.
    """
    fresh = new_webhook_secret()

    async def work() -> None:
        row = await User.select_for_update().get_or_none(id=user_id)
        if row is None:
            raise NotFound(f"no user {user_id}", field="user_id")
        kept = _Kept(fresh)
        if row.webhook_secret is not None:
            try:
                previous = _open(vault, user_id, row.webhook_secret).secret
                kept = _Kept(fresh, previous, clock.now() + OVERLAP * 1_000_000)
            except VaultError:
                # Nobody can sign with what does not open; a new one is the way out of that.
                pass
        text = msgspec.json.encode(kept).decode()
        sealed = vault.seal(text, **WEBHOOK_SECRET.of(str(user_id)))
        await User.filter(id=user_id).update(webhook_secret=sealed)

    # No snapshot holds it: deliveries read it each time.
    await database.transact(work, revise=False)
    return Secret(fresh)


async def remove(database: Database, user_id: int) -> None:
    """Send a user's callbacks unsigned from now on; the secrets are gone at once.

    Raises:
        NotFound: There is no such user.
    """

    async def work() -> None:
        if not await User.exists(id=user_id):
            raise NotFound(f"no user {user_id}", field="user_id")
        await User.filter(id=user_id).update(webhook_secret=None)

    await database.transact(work, revise=False)


async def read(database: Database, vault: Vault, user_id: int, now: int) -> tuple[str, ...]:
    """Return the secrets that sign what is sent to a user now, the newest first.

    Args:
        database: Where the user is.
        vault: Opens them.
        user_id: Whose.
        now: Microseconds since 1970.

    Returns:
        Empty: the user has none.

    Raises:
        VaultError: The user has one, and it does not open: nothing may be sent unsigned then.
    """
    row = await database.run(lambda: User.filter(id=user_id).only("id", "webhook_secret").first())
    if row is None or row.webhook_secret is None:
        return ()
    kept = _open(vault, user_id, row.webhook_secret)
    if kept.previous is None or kept.until <= now:
        return (kept.secret,)
    return (kept.secret, kept.previous)


def _open(vault: Vault, user_id: int, sealed: str) -> _Kept:
    text = vault.open(sealed, **WEBHOOK_SECRET.of(str(user_id)))
    return msgspec.json.decode(text, type=_Kept)
