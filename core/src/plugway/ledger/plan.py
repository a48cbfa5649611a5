"""A batch, decided: pure, so that tests can hammer it without a database."""

from __future__ import annotations

from collections.abc import Iterable

from plugway.errors import BadRequest, Conflict, InsufficientCredits, NotFound, PlugwayError
from plugway.ledger.books import Books, Entry, Hold, entry_key
from plugway.ledger.changes import GATEWAY, Changes
from plugway.ledger.limits import MAX_BALANCE, clip
from plugway.ledger.operations import (
    Adjust,
    Advance,
    Expire,
    Finish,
    Operation,
    Outcome,
    Record,
    Refund,
    Release,
    Reserve,
    Settle,
)
from plugway.ledger.task_plan import TaskPlan

#: What an operation is answered with: what it did, or why it did nothing.
Answer = Outcome | PlugwayError

_SWEEPER = "sweeper"


class Plan:
    """Decides a batch in order and collects the rows to write.

    An operation that is refused changes no account and no hold. The usage row of a call
    is kept whatever becomes of its hold, once; its credits are what the call was charged,
    less what was refunded.

    Example:
        >>> from plugway.ledger.books import Account
        >>> books = Books([Account(id=1, balance=100, held=0, overdraft=0)])
        >>> reserve = Reserve(call_id="a", account_id=1, key_account_id=None, key_id=None,
        ...     amount=60, quote="", created_at=0, expires_at=9)
        >>> Plan(books).decide([reserve])[0].state, books.accounts[1].held
        ('open', 60)
    """

    __slots__ = ("_books", "_tasks", "changes")

    def __init__(self, books: Books) -> None:
        """Start from what was read.

        Args:
            books: Changed by `decide` as the database will be.
        """
        self._books = books
        #: What is to be written.
        self.changes = Changes(books)
        self._tasks = TaskPlan(books, self.changes)

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
            self.changes.keep(operation.usage, _cost(hold))
            return Outcome()
        if isinstance(operation, Expire):
            return self._expire(operation)
        if isinstance(operation, Adjust):
            return self._adjust(operation)
        if isinstance(operation, Advance):
            return self._tasks.advance(operation)
        if isinstance(operation, Finish):
            return self._tasks.finish(operation)
        return self._refund(operation)

    def _reserve(self, operation: Reserve) -> Outcome:
        known = self._books.holds.get(operation.call_id)
        if known is not None:
            if (
                known.account_id != operation.account_id
                or known.key_account_id != operation.key_account_id
                or known.key_id != operation.key_id
                or known.amount != operation.amount
                or known.task != (operation.task is not None)
            ):
                raise Conflict("this call holds credits already, for something else")
            return self._tasks.repeated(self.changes.repeated(known), known.call_id)
        new = operation.task
        if new is not None:
            self._tasks.check(new)
        if not self.changes.account(operation.account_id).admits(operation.amount):
            raise InsufficientCredits
        quota = operation.key_account_id
        if quota is not None and not self.changes.account(quota).admits(operation.amount):
            raise InsufficientCredits("the quota of this key does not cover this call")
        hold = Hold(
            operation.call_id,
            operation.account_id,
            quota,
            operation.key_id,
            new is not None,
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
        self._books.holds[hold.call_id] = self.changes.opened[hold.call_id] = hold
        balance = self.changes.post(hold, "reserve", 0, hold.amount, operation.created_at)
        if new is None:
            return Outcome(state="open", balance=balance)
        self._tasks.open(operation, new)
        return Outcome(state="open", balance=balance, task="pending")

    def _settle(self, operation: Settle) -> Outcome:
        hold = self._books.holds.get(operation.call_id)
        if hold is None:
            self.changes.keep(operation.usage, 0)
            raise NotFound("this call holds no credits")
        _check_no_task(hold)
        if hold.state != "open":
            self.changes.keep(operation.usage, _cost(hold))
            if hold.state == "released":
                raise Conflict("the credits of this call were released before it was settled")
            return self.changes.repeated(hold)
        return self.changes.settle(hold, operation.amount, operation.at, operation.usage)

    def _release(self, operation: Release) -> Outcome:
        hold = self._books.holds.get(operation.call_id)
        if hold is None:
            self.changes.keep(operation.usage, 0)
            raise NotFound("this call holds no credits")
        _check_no_task(hold)
        if hold.state != "open":
            self.changes.keep(operation.usage, _cost(hold))
            if hold.state == "settled":
                raise Conflict("this call is settled, so its credits cannot be released")
            return self.changes.repeated(hold)
        self.changes.keep(operation.usage, 0)
        return self.changes.release(hold, operation.at, GATEWAY, clip(operation.reason, 255))

    def _expire(self, operation: Expire) -> Outcome:
        hold = self._books.holds.get(operation.call_id)
        if hold is None:
            raise NotFound("this call holds no credits")
        _check_no_task(hold)
        if hold.state != "open" or hold.expires_at > operation.at:
            return self.changes.repeated(hold)
        return self.changes.release(hold, operation.at, _SWEEPER, "expired")

    def _adjust(self, operation: Adjust) -> Outcome:
        account = self.changes.account(operation.account_id)
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
        self.changes.touched[account.id] = account
        actor = clip(operation.actor, 128)
        self.changes.entries.append(
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
            balance = self.changes.account(hold.account_id).balance
            return Outcome(state=hold.state, charged=amount, repeated=True, balance=balance)
        if hold.state != "settled":
            raise Conflict(f"this call is {hold.state}, so there is nothing to refund")
        if hold.refunded + amount > hold.settled_amount:
            left = hold.settled_amount - hold.refunded
            raise Conflict(f"of this call at most {left} credits can be refunded")
        actor = clip(operation.actor, 128)
        key = operation.idempotency_key
        balance = self.changes.refund(hold, amount, operation.at, key, actor, reason)
        self._books.entries[entry.idempotency_key] = entry
        return Outcome(state="settled", charged=amount, balance=balance)


def _check_no_task(hold: Hold) -> None:
    """Leave a task's hold to the task."""
    if hold.task:
        raise Conflict("only the end of its task resolves the credits of this call")


def _cost(hold: Hold | None) -> int:
    """Return what a call was charged, less what was refunded."""
    return 0 if hold is None else hold.settled_amount - hold.refunded
