"""Sealing everything anew after the vault got a new key, then forgetting the old ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from plugway.credentials.vault import VaultError
from plugway.errors import Conflict
from plugway.storage.models import ChannelRow, CredentialRow, Key, User

if TYPE_CHECKING:
    from tortoise.models import Model

    from plugway.credentials.vault import Vault
    from plugway.storage.database import Database

#: Rows in one transaction: short enough that nobody waits for it.
BATCH = 200


class SealedColumn(NamedTuple):
    """Is a column that holds what the vault sealed.

    Attributes:
        model: Its table; the primary key is `id`.
        table: The table's name.
        column: Its name.
        row: Returns what identifies a row for good.
    """

    model: type[Model]
    table: str
    column: str
    row: Callable[[Any], str]

    def of(self, row: str) -> dict[str, str]:
        """Return the arguments that `Vault.seal` and `Vault.open` take for a row."""
        return {"table": self.table, "column": self.column, "row": row}


class _Batch(NamedTuple):
    last: int | None
    done: int
    broken: list[str]


KEY_SECRET = SealedColumn(Key, "plugway_key", "sealed", lambda row: row.digest)
CREDENTIAL_SECRET = SealedColumn(
    CredentialRow,
    "plugway_credential",
    "sealed",
    lambda row: f"{row.channel_id}:{row.digest}",
)

CHANNEL_SECRETS = SealedColumn(ChannelRow, "plugway_channel", "sealed", lambda row: str(row.id))

WEBHOOK_SECRET = SealedColumn(User, "plugway_user", "webhook_secret", lambda row: str(row.id))

#: Every sealed column of the core.
SEALED = (KEY_SECRET, CREDENTIAL_SECRET, CHANNEL_SECRETS, WEBHOOK_SECRET)


async def reseal(database: Database, vault: Vault, columns: Iterable[SealedColumn] = SEALED) -> int:
    """Seal with the current key what an older one sealed; may be stopped and run again.

    Args:
        database: Where the values are.
        vault: Opens and seals them.
        columns: Which; a plugin may name its own.

    Returns:
        How many values were sealed anew.

    Raises:
        VaultError: Some values cannot be opened; they are named and stay as they are.
            All others have been sealed anew.
    """
    done = 0
    broken: list[str] = []
    for column in columns:
        after: int | None = 0
        while after is not None:
            batch = await _reseal_batch(database, vault, column, after)
            after, done = batch.last, done + batch.done
            broken += batch.broken
    if broken:
        raise VaultError(f"cannot be opened with any key of the vault: {', '.join(broken)}")
    return done


async def retire(database: Database, vault: Vault, columns: Iterable[SealedColumn] = SEALED) -> int:
    """Drop the vault's old keys, once nothing needs them.

    Returns:
        How many keys were dropped.

    Raises:
        Conflict: Something is still sealed with an old key; `reseal` first.
        ConfigurationError: The keys come from the environment, or the file cannot be written.
    """
    for column in columns:
        model = column.model

        async def stale(model: type[Model] = model, name: str = column.column) -> bool:
            values = await model.all().values_list(name, flat=True)
            return any(value and not vault.is_current(str(value)) for value in values)

        if await database.run(stale):
            raise Conflict(
                f"{column.table} still holds values that an old key sealed; reseal first"
            )
    return vault.drop_old()


async def _reseal_batch(
    database: Database, vault: Vault, column: SealedColumn, after: int
) -> _Batch:
    model, name = column.model, column.column

    async def work() -> _Batch:
        rows: list[Any] = await model.filter(id__gt=after).order_by("id").limit(BATCH)
        done = 0
        broken = []
        for row in rows:
            sealed = getattr(row, name)
            if not sealed or vault.is_current(sealed):
                continue
            place = column.of(column.row(row))
            try:
                fresh = vault.seal(vault.open(sealed, **place), **place)
            except VaultError:
                broken.append(f"{column.table} {row.id}")
                continue
            # Only over what was read: the secret may have been changed meanwhile.
            done += await model.filter(id=row.id, **{name: sealed}).update(**{name: fresh})
        return _Batch(rows[-1].id if len(rows) == BATCH else None, done, broken)

    return await database.transact(work)
