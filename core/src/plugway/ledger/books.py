"""What of the database a batch must know before it can be decided, and what it knows."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from plugway.ledger.operations import (
    Adjust,
    Advance,
    Expire,
    Finish,
    HoldState,
    NewTask,
    Operation,
    Record,
    Refund,
    Reserve,
)
from plugway.ledger.task_books import Named, Names, Task


class Account(msgspec.Struct, array_like=True, gc=False):
    """Is an account as the batch sees it, changed by each operation in turn."""

    id: int
    balance: int
    held: int
    overdraft: int

    def admits(self, amount: int) -> bool:
        """Say whether that much more may be held."""
        return self.balance + self.overdraft - self.held >= amount


class Hold(msgspec.Struct, array_like=True, gc=False):
    """Is a hold as the batch sees it; its fields are `rows.HOLD`."""

    call_id: str
    account_id: int
    key_account_id: int | None
    key_id: int | None
    task: bool
    amount: int
    state: HoldState
    settled_amount: int
    shortfall: int
    refunded: int
    expires_at: int
    resolved_at: int | None
    quote: str = ""
    created_at: int = 0


class Entry(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Is an administrator's entry, found by its idempotency key."""

    idempotency_key: str
    account_id: int
    call_id: str | None
    kind: str
    delta_balance: int
    reason: str


class Needs:
    """Lists what must be locked and read for a batch."""

    __slots__ = (
        "accounts",
        "calls",
        "entries",
        "external_ids",
        "looks_back",
        "tasks",
        "upstream_ids",
        "usages",
        "users",
    )

    def __init__(self, operations: Iterable[Operation]) -> None:
        """Collect what the operations name.

        Args:
            operations: The batch.
        """
        #: Accounts named outright; those of the holds come on top.
        self.accounts: set[int] = set()
        #: Calls whose holds are concerned.
        self.calls: list[str] = []
        #: Calls that may have a usage row already.
        self.usages: list[str] = []
        #: Idempotency keys that may have been used already.
        self.entries: list[str] = []
        #: Calls whose tasks are concerned; empty: no task, and no name of one, is.
        self.tasks: list[str] = []
        #: Upstreams' names that tasks are to have.
        self.upstream_ids: set[str] = set()
        #: Callers' names that new tasks are to have, and the callers.
        self.external_ids: set[str] = set()
        self.users: set[int] = set()
        #: Whether some account is concerned because a hold of an earlier batch names it.
        self.looks_back = False
        for operation in operations:
            if isinstance(operation, Reserve):
                self.calls.append(operation.call_id)
                self.accounts.add(operation.account_id)
                if operation.key_account_id is not None:
                    self.accounts.add(operation.key_account_id)
                if operation.task is not None:
                    self._task(operation.call_id, operation.task)
            elif isinstance(operation, Advance):
                self._task(operation.call_id, operation)
            elif isinstance(operation, Record):
                self.calls.append(operation.usage.call_id)
                self.usages.append(operation.usage.call_id)
            elif isinstance(operation, Adjust):
                self.accounts.add(operation.account_id)
                self.entries.append(entry_key(operation))
            else:
                self.looks_back = True
                self.calls.append(operation.call_id)
                if isinstance(operation, Refund):
                    self.entries.append(entry_key(operation))
                elif not isinstance(operation, Expire):
                    self.usages.append(operation.call_id)
                if isinstance(operation, Finish):
                    self._task(operation.call_id, operation)

    @property
    def names(self) -> bool:
        """Whether a task is to have a name that another may have."""
        return bool(self.upstream_ids or self.external_ids)

    def _task(self, call_id: str, told: NewTask | Advance | Finish) -> None:
        self.tasks.append(call_id)
        if isinstance(told, NewTask):
            if told.external_id is not None:
                self.external_ids.add(told.external_id)
                self.users.add(told.user_id)
        elif told.upstream_id is not None:
            self.upstream_ids.add(told.upstream_id)


class Books:
    """Holds what was read for a batch; deciding the batch changes it.

    An account that a hold names must be here when the hold is.
    """

    __slots__ = ("accounts", "entries", "holds", "names", "tasks", "usages")

    def __init__(
        self,
        accounts: Iterable[Account] = (),
        holds: Iterable[Hold] = (),
        entries: Iterable[Entry] = (),
        usages: Iterable[str] = (),
        tasks: Iterable[Task] = (),
        names: Iterable[Named] = (),
    ) -> None:
        """Index what was read.

        Args:
            accounts: Those that exist of the needed ones, locked.
            holds: Those that exist of the needed ones, read after the lock.
            entries: Those whose idempotency keys have been used.
            usages: The calls that have a usage row.
            tasks: Those that exist of the needed ones, locked.
            names: The tasks that have a name which the batch gives.
        """
        self.accounts = {account.id: account for account in accounts}
        self.holds = {hold.call_id: hold for hold in holds}
        self.entries = {entry.idempotency_key: entry for entry in entries}
        self.usages = set(usages)
        self.tasks = {task.call_id: task for task in tasks}
        self.names = Names(names)

    def complete(self) -> bool:
        """Say whether the accounts of all holds are here."""
        accounts = self.accounts
        return all(
            hold.account_id in accounts
            and (hold.key_account_id is None or hold.key_account_id in accounts)
            for hold in self.holds.values()
        )


def entry_key(operation: Adjust | Refund) -> str:
    """Name the entry that an administrator's operation writes, once.

    Args:
        operation: Its idempotency key is any printable text, so the prefix keeps it
            apart from the keys of calls.
    """
    if isinstance(operation, Refund):
        return f"refund:{operation.idempotency_key}"
    return f"adjust:{operation.idempotency_key}"
