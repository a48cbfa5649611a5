"""A batch, decided: pure, so that tests can hammer it without a database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from plugway.errors import BadRequest, Conflict, InsufficientCredits, NotFound, PlugwayError
from plugway.ledger.books import Account, Books, Entry, Hold, entry_key
from plugway.ledger.bounds import MAX_BALANCE, clip
from plugway.ledger.operations import (
    Adjust,
    Expire,
    Operation,
    Outcome,
    Record,
    Refund,
    Release,
    Reserve,
    Settle,
    UsageRecord,
)
from plugway.ledger.rows import CREDITS, EntryRow, usage_row

#: What an operation is answered with: what it did, or why it did nothing.
Answer = Outcome | PlugwayError

_GATEWAY = "gateway"
_SWEEPER = "sweeper"


class Plan:
    """Decides a batch in order and collects the rows to write.

    An operation that is refused changes no account and no hold. The usage row of a call
    is kept whatever becomes of its hold, once; its credits are what the call was charged,
    less what was refunded.

    Example:
        >>> books = Books([Account(id=1, balance=100, held=0, overdraft=0)])
        >>> reserve = Reserve(call_id="a", account_id=1, key_account_id=None, key_id=None,
        ...     amount=60, quote="", created_at=0, expires_at=9)
        >>> Plan(books).decide([reserve])[0].state, books.accounts[1].held
        ('open', 60)
    """

    __slots__ = ("_books", "corrections", "entries", "opened", "resolved", "touched", "usages")

    def __init__(self, books: Books) -> None:
        """Start from what was read.

        Args:
            books: Changed by `decide` as the database will be.
        """
        self._books = books
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

    def decide(self, operations: Iterable[Operation]) -> list[Answer]:
        """Decide the operations, each on top of the ones before.

        Args:
            operations: They have passed `bounds.check`.

        Returns:
            An answer each, in the same order.
        """
        answers: list[Answer] = []
        for operation in operations:
            try:
                answers.append(self._decide(operation))
            except PlugwayError as refusal:
                answers.append(refusal)
        return answers

    def _decide(self, operation: Operation) -> Outcome:
        if isinstance(operation, Reserve):
            return self._reserve(operation)
        if isinstance(operation, Settle):
            return self._settle(operation)
        if isinstance(operation, Release):
            return self._release(operation)
        if isinstance(operation, Record):
            hold = self._books.holds.get(operation.usage.call_id)
            self._keep(operation.usage, _cost(hold))
            return Outcome()
        if isinstance(operation, Expire):
            return self._expire(operation)
        if isinstance(operation, Adjust):
            return self._adjust(operation)
        return self._refund(operation)

    def _reserve(self, operation: Reserve) -> Outcome:
        known = self._books.holds.get(operation.call_id)
        if known is not None:
            if (
                known.account_id != operation.account_id
                or known.key_account_id != operation.key_account_id
                or known.key_id != operation.key_id
                or known.amount != operation.amount
            ):
                raise Conflict("this call holds credits already, for something else")
            return self._repeated(known)
        if not self._account(operation.account_id).admits(operation.amount):
            raise InsufficientCredits
        quota = operation.key_account_id
        if quota is not None and not self._account(quota).admits(operation.amount):
            raise InsufficientCredits("the quota of this key does not cover this call")
        hold = Hold(
            operation.call_id,
            operation.account_id,
            quota,
            operation.key_id,
            None,
            operation.amount,
            "open",
            0,
            0,
            0,
            operation.expires_at,
            None,
            operation.quote,
            operation.created_at,
        )
        self._books.holds[hold.call_id] = self.opened[hold.call_id] = hold
        balance = self._post(hold, "reserve", 0, hold.amount, operation.created_at)
        return Outcome(state="open", balance=balance)

    def _settle(self, operation: Settle) -> Outcome:
        hold = self._books.holds.get(operation.call_id)
        if hold is None:
            self._keep(operation.usage, 0)
            raise NotFound("this call holds no credits")
        if hold.state != "open":
            self._keep(operation.usage, _cost(hold))
            if hold.state == "released":
                raise Conflict("the credits of this call were released before it was settled")
            return self._repeated(hold)
        charged = operation.amount
        excess = charged - hold.amount
        if excess > 0 and not self._admits(hold, excess):
            charged = hold.amount
            hold.shortfall = excess
        hold.state = "settled"
        hold.settled_amount = charged
        self._resolve(hold, operation.at)
        balance = self._post(hold, "settle", -charged, -hold.amount, operation.at)
        self._charge(hold.call_id, operation.usage, charged)
        return Outcome(state="settled", charged=charged, shortfall=hold.shortfall, balance=balance)

    def _release(self, operation: Release) -> Outcome:
        hold = self._books.holds.get(operation.call_id)
        if hold is None:
            self._keep(operation.usage, 0)
            raise NotFound("this call holds no credits")
        if hold.state != "open":
            self._keep(operation.usage, _cost(hold))
            if hold.state == "settled":
                raise Conflict("this call is settled, so its credits cannot be released")
            return self._repeated(hold)
        self._keep(operation.usage, 0)
        return self._let_go(hold, operation.at, _GATEWAY, clip(operation.reason, 255))

    def _expire(self, operation: Expire) -> Outcome:
        hold = self._books.holds.get(operation.call_id)
        if hold is None:
            raise NotFound("this call holds no credits")
        if hold.state != "open" or hold.task_id is not None or hold.expires_at > operation.at:
            return self._repeated(hold)
        return self._let_go(hold, operation.at, _SWEEPER, "expired")

    def _let_go(self, hold: Hold, at: int, actor: str, reason: str) -> Outcome:
        hold.state = "released"
        self._resolve(hold, at)
        balance = self._post(hold, "release", 0, -hold.amount, at, actor=actor, reason=reason)
        return Outcome(state="released", balance=balance)

    def _adjust(self, operation: Adjust) -> Outcome:
        account = self._account(operation.account_id)
        key = entry_key(operation)
        amount = operation.amount
        reason = clip(operation.reason, 255)
        entry = Entry(key, account.id, None, operation.kind, amount, reason)
        known = self._books.entries.get(key)
        if known is not None:
            if known != entry:
                raise Conflict("this idempotency key was used for something else")
            return Outcome(charged=amount, repeated=True, balance=account.balance)
        if amount < 0 and not account.admits(-amount):
            raise InsufficientCredits("the account has less than that which is not held")
        if account.balance + amount > MAX_BALANCE:
            raise BadRequest(f"a balance may not exceed {MAX_BALANCE}", field="amount")
        account.balance += amount
        self.touched[account.id] = account
        actor = clip(operation.actor, 128)
        self.entries.append(
            (account.id, None, operation.kind, amount, 0, key, actor, reason, operation.at)
        )
        self._books.entries[key] = entry
        return Outcome(charged=amount, balance=account.balance)

    def _refund(self, operation: Refund) -> Outcome:
        hold = self._books.holds.get(operation.call_id)
        if hold is None:
            raise NotFound("this call was never charged")
        amount = operation.amount
        reason = clip(operation.reason, 255)
        entry = Entry(entry_key(operation), hold.account_id, hold.call_id, "refund", amount, reason)
        known = self._books.entries.get(entry.idempotency_key)
        if known is not None:
            if known != entry:
                raise Conflict("this idempotency key was used for something else")
            balance = self._account(hold.account_id).balance
            return Outcome(state=hold.state, charged=amount, repeated=True, balance=balance)
        if hold.state != "settled":
            raise Conflict(f"this call is {hold.state}, so there is nothing to refund")
        if hold.refunded + amount > hold.settled_amount:
            left = hold.settled_amount - hold.refunded
            raise Conflict(f"of this call at most {left} credits can be refunded")
        hold.refunded += amount
        if hold.call_id not in self.opened:
            self.resolved[hold.call_id] = hold
        balance = self._post(
            hold,
            "refund",
            amount,
            0,
            operation.at,
            key=operation.idempotency_key,
            actor=clip(operation.actor, 128),
            reason=reason,
        )
        self._books.entries[entry.idempotency_key] = entry
        self._correct(hold.call_id, -amount)
        return Outcome(state="settled", charged=amount, balance=balance)

    def _account(self, number: int) -> Account:
        account = self._books.accounts.get(number)
        if account is None:
            raise NotFound("there is no such account")
        return account

    def _admits(self, hold: Hold, excess: int) -> bool:
        if not self._account(hold.account_id).admits(excess):
            return False
        quota = hold.key_account_id
        return quota is None or self._account(quota).admits(excess)

    def _repeated(self, hold: Hold) -> Outcome:
        return Outcome(
            state=hold.state,
            charged=hold.settled_amount,
            shortfall=hold.shortfall,
            repeated=True,
            balance=self._account(hold.account_id).balance,
        )

    def _resolve(self, hold: Hold, at: int) -> None:
        hold.resolved_at = at
        if hold.call_id not in self.opened:
            self.resolved[hold.call_id] = hold

    def _post(
        self,
        hold: Hold,
        kind: str,
        balance: int,
        held: int,
        at: int,
        *,
        key: str = "",
        actor: str = _GATEWAY,
        reason: str = "",
    ) -> int:
        """Move both accounts of a hold and return the user's balance."""
        call_id = hold.call_id
        key = key or call_id
        account = self._books.accounts[hold.account_id]
        account.balance += balance
        account.held += held
        self.touched[account.id] = account
        self.entries.append(
            (account.id, call_id, kind, balance, held, f"{kind}:{key}", actor, reason, at)
        )
        if hold.key_account_id is not None:
            quota = self._books.accounts[hold.key_account_id]
            quota.balance += balance
            quota.held += held
            self.touched[quota.id] = quota
            self.entries.append(
                (quota.id, call_id, kind, balance, held, f"{kind}.key:{key}", actor, reason, at)
            )
        return account.balance

    def _keep(self, usage: UsageRecord | None, charged: int) -> None:
        """Write the usage row unless the call has one."""
        if usage is None:
            return
        call_id = usage.call_id
        if call_id not in self.usages and call_id not in self._books.usages:
            self.usages[call_id] = usage_row(usage, charged)

    def _charge(self, call_id: str, usage: UsageRecord | None, charged: int) -> None:
        """Write the usage row, or put the charge on the one that the call has."""
        if call_id in self.usages or call_id in self._books.usages:
            self._correct(call_id, charged)
        elif usage is not None:
            self.usages[call_id] = usage_row(usage, charged)

    def _correct(self, call_id: str, change: int) -> None:
        row = self.usages.get(call_id)
        if row is not None:
            row[CREDITS] += change
        else:
            self.corrections[call_id] = self.corrections.get(call_id, 0) + change


def _cost(hold: Hold | None) -> int:
    """Return what a call was charged, less what was refunded."""
    return 0 if hold is None else hold.settled_amount - hold.refunded
