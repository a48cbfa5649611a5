"""Credentials as the operator keeps them."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from tortoise.exceptions import IntegrityError

from plugway.contract import CredentialKind
from plugway.credentials import kinds
from plugway.credentials.rotation import CREDENTIAL_SECRET
from plugway.errors import Conflict, NotFound
from plugway.storage.models import CredentialRow, TaskRow

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.credentials.vault import Vault
    from plugway.storage.database import Database


async def add(
    database: Database,
    vault: Vault,
    kind: CredentialKind,
    channel_id: int,
    text: str,
    clock: Clock,
) -> CredentialRow:
    """Save a secret of a channel, sealed.

    Args:
        database: Where to.
        vault: Seals it.
        kind: Checks its form.
        channel_id: Whose it is.
        text: As the operator typed it.
        clock: The time.

    Raises:
        BadRequest: It cannot be a secret of this kind.
        Conflict: The channel has it already.
    """
    secret = kinds.parse(kind, text)
    digest = sha256(secret.reveal().encode()).hexdigest()
    now = clock.now()

    row = CredentialRow(
        channel_id=channel_id,
        kind=kind.name,
        masked=secret.masked(),
        digest=digest,
        state="ready",
        reason="",
        failures=0,
        created_at=now,
        updated_at=now,
    )
    row.sealed = vault.seal(secret.reveal(), **CREDENTIAL_SECRET.of(CREDENTIAL_SECRET.row(row)))

    async def work() -> CredentialRow:
        await row.save()
        return row

    try:
        return await database.transact(work)
    except IntegrityError:
        raise Conflict("the channel has this secret already", field="secret") from None


async def set_state(
    database: Database, credential_id: int, state: str, reason: str, clock: Clock
) -> CredentialRow:
    """Put a credential into a state by the operator's word, and forget its failures.

    Args:
        database: Where it is.
        credential_id: Which.
        state: `ready` clears a cooldown or enables; `disabled` takes it out of use.
        reason: Shown in lists.
        clock: The time.

    Raises:
        NotFound: No such credential.
    """

    async def work() -> CredentialRow:
        row = await find(credential_id)
        row.state, row.reason = state, reason
        row.cooling_until, row.failures = None, 0
        row.updated_at = clock.now()
        await row.save()
        return row

    return await database.transact(work)


async def remove(database: Database, credential_id: int) -> None:
    """Delete a credential.

    Raises:
        NotFound: No such credential.
        Conflict: It has made tasks that have not ended: no other can ask for them.
    """

    async def work() -> None:
        row = await find(credential_id)
        made = TaskRow.filter(channel_id=row.channel_id, credential_id=row.id)
        if await made.filter(next_poll_at__isnull=False).exists():
            raise Conflict(
                f"credential {row.id} has made tasks that have not ended: disable it, and"
                " remove it later",
                field="id",
            )
        await row.delete()

    await database.transact(work)


async def find(credential_id: int) -> CredentialRow:
    """Read a credential by id, inside `database.run` or `database.transact`.

    Raises:
        NotFound: No such credential.
    """
    row = await CredentialRow.get_or_none(id=credential_id)
    if row is None:
        raise NotFound(f"no credential {credential_id}", field="id")
    return row
