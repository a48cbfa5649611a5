"""What a batch writes, collected while it is decided: the moves that all operations share."""

from __future__ import annotations

from typing import Any

from plugway.errors import NotFound
from plugway.ledger.books import Account, Books, Hold
from plugway.ledger.operations import Outcome, UsageRecord
from plugway.ledger.rows import CREDITS, EntryRow, usage_row
from plugway.ledger.task_books import Task
from plugway.ledger.task_rows import CallbackRow

GATEWAY = "gateway"


class Changes:
    """Moves credits in the books and collects the rows that say so."""

    __slots__ = (
        "books",
        "callbacks",
        "corrections",
        "entries",
        "new_tasks",
        "opened",
        "resolved",
        "tasks",
        "touched",
        "usages",
    )

    def __init__(self, books: Books) -> None:
        """Start from what was read.

        Args:
            books: Changed as the database will be.
        """
        self.books = books
        #: Accounts to update.
        self.touched: dict[int, Account] = {}
        #: Holds to insert, as they are at the end of the batch.
        self.opened: dict[str, Hold] = {}
        #: Holds of earlier batches to update.
        self.resolved: dict[str, Hold] = {}
        self.entries: list[EntryRow] = []
        #: Usage rows to insert.
        self.usages: dict[str, list[Any]] = {}
        #: Credits to add to usage rows of earlier batches; those of a refund are negative.
        self.corrections: dict[str, int] = {}
        #: Tasks to insert, as they are at the end of the batch, with what never changes.
        self.new_tasks: dict[str, tuple[Task, tuple[Any, ...]]] = {}
        #: Tasks of earlier batches to update; before new ones take the names they have lost.
        self.tasks: dict[str, Task] = {}
        self.callbacks: list[CallbackRow] = []

    def account(self, number: int) -> Account:
        """Return an account.

        Raises:
            NotFound: There is none.
        """
        account = self.books.accounts.get(number)
        if account is None:
            raise NotFound("there is no such account")
        return account

    def settle(self, hold: Hold, amount: int, at: int, usage: UsageRecord | None) -> Outcome:
        """Charge an open hold: more than it holds only if both accounts admit that."""
        charged = amount
        excess = charged - hold.amount
        if excess > 0 and not self._admits(hold, excess):
            charged = hold.amount
            hold.shortfall = excess
        hold.state = "settled"
        hold.settled_amount = charged
        self._resolve(hold, at)
        balance = self.post(hold, "settle", -charged, -hold.amount, at)
        self._charge(hold.call_id, usage, charged)
        return Outcome(state="settled", charged=charged, shortfall=hold.shortfall, balance=balance)

    def release(self, hold: Hold, at: int, actor: str, reason: str) -> Outcome:
        """Return an open hold."""
        hold.state = "released"
        self._resolve(hold, at)
        balance = self.post(hold, "release", 0, -hold.amount, at, actor=actor, reason=reason)
        return Outcome(state="released", balance=balance)

    def refund(self, hold: Hold, amount: int, at: int, key: str, actor: str, reason: str) -> int:
        """Give back part of a settled hold and return the user's balance."""
        hold.refunded += amount
        if hold.call_id not in self.opened:
            self.resolved[hold.call_id] = hold
        balance = self.post(hold, "refund", amount, 0, at, key=key, actor=actor, reason=reason)
        self._correct(hold.call_id, -amount)
        return balance

    def repeated(self, hold: Hold) -> Outcome:
        """Say what was done to a hold before."""
        return Outcome(
            state=hold.state,
            charged=hold.settled_amount,
            shortfall=hold.shortfall,
            repeated=True,
            balance=self.account(hold.account_id).balance,
        )

    def post(
        self,
        hold: Hold,
        kind: str,
        balance: int,
        held: int,
        at: int,
        *,
        key: str = "",
        actor: str = GATEWAY,
        reason: str = "",
    ) -> int:
        """Move both accounts of a hold and return the user's balance."""
        call_id = hold.call_id
        key = key or call_id
        account = self.books.accounts[hold.account_id]
        account.balance += balance
        account.held += held
        self.touched[account.id] = account
        self.entries.append(
            (account.id, call_id, kind, balance, held, f"{kind}:{key}", actor, reason, at)
        )
        if hold.key_account_id is not None:
            quota = self.books.accounts[hold.key_account_id]
            quota.balance += balance
            quota.held += held
            self.touched[quota.id] = quota
            self.entries.append(
                (quota.id, call_id, kind, balance, held, f"{kind}.key:{key}", actor, reason, at)
            )
        return account.balance

    def keep(self, usage: UsageRecord | None, charged: int) -> None:
        """Write the usage row unless the call has one."""
        if usage is None:
            return
        call_id = usage.call_id
        if call_id not in self.usages and call_id not in self.books.usages:
            self.usages[call_id] = usage_row(usage, charged)

    def _charge(self, call_id: str, usage: UsageRecord | None, charged: int) -> None:
        """Write the usage row, or put the charge on the one that the call has."""
        if call_id in self.usages or call_id in self.books.usages:
            self._correct(call_id, charged)
        elif usage is not None:
            self.usages[call_id] = usage_row(usage, charged)

    def _correct(self, call_id: str, change: int) -> None:
        row = self.usages.get(call_id)
        if row is not None:
            row[CREDITS] += change
        else:
            self.corrections[call_id] = self.corrections.get(call_id, 0) + change

    def _admits(self, hold: Hold, excess: int) -> bool:
        if not self.account(hold.account_id).admits(excess):
            return False
        quota = hold.key_account_id
        return quota is None or self.account(quota).admits(excess)

    def _resolve(self, hold: Hold, at: int) -> None:
        hold.resolved_at = at
        if hold.call_id not in self.opened:
            self.resolved[hold.call_id] = hold
