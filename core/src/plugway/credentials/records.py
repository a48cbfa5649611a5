"""Rows of credentials as the operator's word changes them, inside a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plugway.errors import NotFound
from plugway.storage.models import CredentialRow

if TYPE_CHECKING:
    from plugway.contract import CredentialKind

#: Values of a credential that nothing is held against, whatever was before.
FORGIVEN: dict[str, Any] = {
    "state": "ready",
    "reason": "",
    "cooling_until": None,
    "failures": 0,
    "renewal_at": None,
    "renewal_owner": None,
    "renewal_until": None,
    "renewal_failures": 0,
}


async def find(credential_id: int, *, lock: bool = False) -> CredentialRow:
    """Read a credential by id, inside `database.run` or `database.transact`.

    Args:
        credential_id: Which.
        lock: Keep others from changing it until the transaction ends.

    Raises:
        NotFound: No such credential.
    """
    query = CredentialRow.select_for_update() if lock else CredentialRow.all()
    row = await query.get_or_none(id=credential_id)
    if row is None:
        raise NotFound(f"no credential {credential_id}", field="id")
    return row


async def known(channel_id: int, digest: str, label: str | None) -> CredentialRow | None:
    """Return the row of a channel that has a secret or, better, an account."""
    # Locked: MySQL would else show a transaction what was there when it began.
    rows = CredentialRow.filter(channel_id=channel_id).select_for_update()
    row = None if label is None else await rows.filter(label=label).first()
    return row or await rows.filter(digest=digest).first()


async def insert(
    kind: CredentialKind, channel_id: int, label: str | None, fresh: dict[str, Any], now: int
) -> CredentialRow:
    """Add a credential that is ready.

    Args:
        kind: Its kind.
        channel_id: Whose it is.
        label: Whose account it is; None: nobody can tell.
        fresh: What holds its secret, as `plugway.credentials.store.sealed` returns it.
        now: Microseconds since 1970.
    """
    return await CredentialRow.create(
        channel_id=channel_id,
        kind=kind.name,
        label=label,
        state="ready",
        reason="",
        failures=0,
        created_at=now,
        updated_at=now,
        **fresh,
    )


async def describe(row: CredentialRow, label: str | None, expires_at: int | None) -> None:
    """Note what a kind says of a secret today and did not say when it was saved."""
    if (row.label, row.expires_at) != (label, expires_at):
        await change(row, {"label": label, "expires_at": expires_at})


async def overwrite(
    row: CredentialRow, fresh: dict[str, Any], label: str | None, now: int
) -> CredentialRow:
    """Give a credential another secret; it is ready then, unless it is disabled.

    Args:
        row: The credential.
        fresh: What holds the secret, as `plugway.credentials.store.sealed` returns it.
        label: Whose account it is; None: nobody can tell.
        now: Microseconds since 1970.
    """
    values = {**FORGIVEN, **fresh, "label": label, "renewed_at": now, "updated_at": now}
    if row.state == "disabled":
        del values["state"], values["reason"]
    return await change(row, values)


async def change(row: CredentialRow, values: dict[str, Any]) -> CredentialRow:
    """Write these columns and no others: the pool counts in the rest meanwhile."""
    row.update_from_dict(values)
    await row.save(update_fields=list(values))
    return row
