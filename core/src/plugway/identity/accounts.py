"""Accounts as identity opens and shows them; their credits are the ledger's to change."""

from __future__ import annotations

from collections.abc import Iterable

from plugway.errors import BadRequest
from plugway.ids import new_id
from plugway.storage.models import Account

#: The most that one page of a list holds.
MAX_PAGE = 500


async def open_account(owner: str = "") -> Account:
    """Make an empty account, inside `database.transact`.

    Args:
        owner: `user:<id>` or `key:<id>`; empty: `name_account` gives it one later, in the
            same transaction.
    """
    return await Account.create(owner=owner or new_id(), balance=0, held=0, overdraft=0)


async def name_account(account_id: int, owner: str) -> None:
    """Say whose an account is, inside `database.transact`."""
    await Account.filter(id=account_id).update(owner=owner)


async def accounts(ids: Iterable[int | None]) -> dict[int, Account]:
    """Read accounts by id, inside `database.run` or `database.transact`."""
    known = {account_id for account_id in ids if account_id is not None}
    if not known:
        return {}
    return {row.id: row for row in await Account.filter(id__in=known)}


def check_page(after: int, limit: int) -> None:
    """Check where a page of a list starts and how long it is.

    Raises:
        BadRequest: The page is out of bounds.
    """
    if after < 0:
        raise BadRequest("after must be 0 or an id", field="after")
    if not 1 <= limit <= MAX_PAGE:
        raise BadRequest(f"limit must be from 1 to {MAX_PAGE}", field="limit")
