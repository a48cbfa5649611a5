"""Quotas of keys: a second account under the user's, which must admit a call too.

Its credits are not money of their own. They say how much of its user's a key may spend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugway.errors import Conflict, InsufficientCredits, NotFound
from plugway.identity.accounts import open_account
from plugway.identity.rules import check_quota
from plugway.ids import new_id
from plugway.ledger.operations import Adjust
from plugway.storage.models import Account, Key

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.ledger.ledger import Ledger
    from plugway.storage.database import Database

_TRIES = 3


async def quota_account(key_id: int) -> int:
    """Return the account of a key's quota, made if there is none, inside `database.transact`."""
    owner = f"key:{key_id}"
    account = await Account.get_or_none(owner=owner) or await open_account(owner)
    account_id: int = account.id
    return account_id


async def set_quota(
    database: Database,
    ledger: Ledger,
    clock: Clock,
    key_id: int,
    quota: int | None,
    *,
    actor: str,
    reason: str,
) -> None:
    """Set what a key may still spend, through the ledger.

    A call that ends while this runs may count against the new quota.

    Args:
        database: Where the key is.
        ledger: Changes the account.
        clock: The time.
        key_id: Which.
        quota: Credits, besides those that running calls hold; None: as many as its user has.
        actor: Who says so.
        reason: Why; not empty.

    Raises:
        BadRequest: The quota is out of range.
        NotFound: There is no such key.
        Conflict: Calls were spending it too fast to lower it.
        LedgerUnavailable: The ledger could not be written; the quota is as it was.
    """
    check_quota(quota)

    async def account() -> tuple[int, int]:
        if not await Key.filter(id=key_id).exists():
            raise NotFound(f"no key {key_id}", field="key_id")
        row = await Account.get(id=await quota_account(key_id))
        return row.id, row.balance - row.held

    async def attach(account_id: int | None) -> None:
        await Key.filter(id=key_id).update(account_id=account_id)

    async def fill(wanted: int) -> int:
        account_id, left = await database.transact(account, revise=False)
        if wanted != left:
            await ledger.submit(
                Adjust(
                    account_id=account_id,
                    kind="adjust",
                    amount=wanted - left,
                    actor=actor,
                    reason=reason,
                    idempotency_key=f"quota:{key_id}:{new_id()}",
                    at=clock.now(),
                )
            )
        return account_id

    account_id = None
    if quota is not None:
        for tries_left in reversed(range(_TRIES)):
            try:
                account_id = await fill(quota)
                break
            except InsufficientCredits:
                # A call held some of it after it was read.
                if not tries_left:
                    raise Conflict("calls are spending this quota now; try again") from None
    # Last: the key must not be without a limit while its quota is being filled.
    await database.transact(lambda: attach(account_id))
