"""Credentials as the operator keeps them."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tortoise.exceptions import IntegrityError

from plugway.contract import CredentialKind
from plugway.credentials import kinds, records
from plugway.credentials.records import FORGIVEN, find
from plugway.credentials.rotation import CREDENTIAL_SECRET
from plugway.errors import BadRequest, Conflict
from plugway.storage.models import CredentialRow, TaskRow

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.contract import Secret
    from plugway.credentials.vault import Vault
    from plugway.storage.database import Database

__all__ = [
    "FORGIVEN",
    "Outcome",
    "Saved",
    "add",
    "clear",
    "digest_of",
    "find",
    "remove",
    "replace",
    "save",
    "sealed",
    "set_state",
    "verified",
]

#: What became of a secret that was saved.
Outcome = Literal["added", "updated", "unchanged"]


class Saved(NamedTuple):
    """Is a credential that was saved, and what that changed.

    Attributes:
        row: The credential.
        outcome: `added`; `updated`: the channel had another secret of this account;
            `unchanged`: it had this one.
    """

    row: CredentialRow
    outcome: Outcome


async def add(
    database: Database,
    vault: Vault,
    kind: CredentialKind,
    channel_id: int,
    text: str,
    clock: Clock,
) -> CredentialRow:
    """Save a secret that the channel does not have; arguments and errors are those of `save`.

    Raises:
        Conflict: The channel has it already.
    """
    saved = await save(database, vault, kind, channel_id, text, clock)
    if saved.outcome == "unchanged":
        raise Conflict("the channel has this secret already", field="secret")
    return saved.row


async def save(
    database: Database,
    vault: Vault,
    kind: CredentialKind,
    channel_id: int,
    text: str,
    clock: Clock,
) -> Saved:
    """Save a secret of a channel, sealed; a new one of a known account replaces its old one.

    An account whose secret is replaced is ready at once, unless it is disabled: only the
    operator's word ends that. What it has used of its quotas stays.

    Args:
        database: Where to.
        vault: Seals it.
        kind: Checks its form.
        channel_id: Whose it is.
        text: As the operator typed it.
        clock: The time.

    Raises:
        BadRequest: It cannot be a secret of this kind.
        Conflict: It was saved by somebody else at the same moment.
    """
    secret = kinds.parse(kind, text)
    label = kinds.label(kind, secret)
    fresh = sealed(vault, kind, channel_id, secret)
    now = clock.now()

    async def work() -> Saved:
        row = await records.known(channel_id, fresh["digest"], label)
        if row is None:
            return Saved(await records.insert(kind, channel_id, label, fresh, now), "added")
        if row.digest == fresh["digest"]:
            await records.describe(row, label, fresh["expires_at"])
            return Saved(row, "unchanged")
        return Saved(await records.overwrite(row, fresh, label, now), "updated")

    try:
        return await database.transact(work)
    except IntegrityError:
        # Two at once: the other one has it now. A part of a transaction that failed is undone.
        pass
    try:
        return await database.transact(work)
    except IntegrityError:
        raise Conflict("the channel has this secret already", field="secret") from None


async def replace(
    database: Database,
    vault: Vault,
    kind: CredentialKind,
    credential_id: int,
    text: str,
    clock: Clock,
) -> Saved:
    """Put another secret of the same account in a credential's place.

    Args:
        database: Where it is.
        vault: Seals it.
        kind: Checks its form.
        credential_id: Which.
        text: As the operator typed it.
        clock: The time.

    Raises:
        BadRequest: It cannot be a secret of this kind, or is another account's.
        NotFound: No such credential.
        Conflict: Another credential of the channel has this secret or account.
    """
    secret = kinds.parse(kind, text)
    label = kinds.label(kind, secret)
    now = clock.now()

    async def work() -> Saved:
        row = await find(credential_id, lock=True)
        if row.label is not None and label != row.label:
            raise BadRequest("secret: it is another account's: add it", field="secret")
        fresh = sealed(vault, kind, row.channel_id, secret)
        if row.digest == fresh["digest"]:
            return Saved(row, "unchanged")
        return Saved(await records.overwrite(row, fresh, label, now), "updated")

    try:
        return await database.transact(work)
    except IntegrityError:
        raise Conflict(
            "another credential of the channel has this secret or account", field="secret"
        ) from None


def sealed(vault: Vault, kind: CredentialKind, channel_id: int, secret: Secret) -> dict[str, Any]:
    """Return the values of a row that hold a secret; they change together or not at all.

    Args:
        vault: Seals it for its place, which its digest is a part of.
        kind: Knows when it ends.
        channel_id: Whose it is.
        secret: What `parse` returned.
    """
    digest = digest_of(secret)
    place = CREDENTIAL_SECRET.of(
        CREDENTIAL_SECRET.row(CredentialRow(channel_id=channel_id, digest=digest))
    )
    return {
        "digest": digest,
        "sealed": vault.seal(secret.reveal(), **place),
        "masked": secret.masked(),
        "expires_at": kinds.expires(kind, secret),
    }


def digest_of(secret: Secret) -> str:
    """Return what tells a secret from others without saying it."""
    return sha256(secret.reveal().encode()).hexdigest()


async def set_state(
    database: Database, credential_id: int, state: str, reason: str, clock: Clock
) -> CredentialRow:
    """Put a credential into a state by the operator's word, and forget its failures.

    Args:
        database: Where it is.
        credential_id: Which.
        state: `ready` enables; `disabled` takes it out of use.
        reason: Shown in lists.
        clock: The time.

    Raises:
        NotFound: No such credential.
    """
    values = {**FORGIVEN, "state": state, "reason": reason, "updated_at": clock.now()}

    async def work() -> CredentialRow:
        return await records.change(await find(credential_id, lock=True), values)

    return await database.transact(work)


async def clear(database: Database, credential_id: int, clock: Clock) -> CredentialRow:
    """Forget all that keeps a credential from being used: rests, uses of the day, failures.

    Args:
        database: Where it is.
        credential_id: Which.
        clock: The time.

    Raises:
        NotFound: No such credential.
        Conflict: It is disabled.
    """
    values = {**FORGIVEN, "next_use_at": 0, "quotas": "{}", "updated_at": clock.now()}

    async def work() -> CredentialRow:
        row = await find(credential_id, lock=True)
        if row.state == "disabled":
            raise Conflict("it is disabled: enable it")
        return await records.change(row, values)

    return await database.transact(work)


async def verified(database: Database, credential_id: int, secret: Secret, clock: Clock) -> bool:
    """Make a credential ready whose secret was tried and works; a disabled one stays so.

    Args:
        database: Where it is.
        credential_id: Which.
        secret: What was tried.
        clock: The time.

    Returns:
        Whether there was anything to forgive.
    """
    values = {**FORGIVEN, "updated_at": clock.now()}
    # Only if it still has this secret: another one was not tried.
    digest = digest_of(secret)

    async def blamed() -> bool:
        row = await CredentialRow.get_or_none(id=credential_id, digest=digest)
        return row is not None and any(getattr(row, name) != one for name, one in FORGIVEN.items())

    async def work() -> bool:
        its = CredentialRow.filter(id=credential_id, digest=digest).exclude(state="disabled")
        return await its.update(**values) > 0

    return await database.run(blamed) and await database.transact(work)


async def remove(database: Database, credential_id: int) -> None:
    """Delete a credential; its secret can be added again.

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
