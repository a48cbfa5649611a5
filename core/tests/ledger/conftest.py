"""Operations, accounts and ledgers that the ledger's tests share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from plugway.clock import SystemClock
from plugway.ids import new_id
from plugway.ledger.books import Account as LedgerAccount
from plugway.ledger.books import Books, Entry, Hold, Needs
from plugway.ledger.changes import Changes
from plugway.ledger.ledger import Ledger
from plugway.ledger.operations import (
    Adjust,
    Operation,
    Record,
    Refund,
    Release,
    Reserve,
    Settle,
    UsageRecord,
)
from plugway.ledger.plan import Answer, Plan
from plugway.ledger.rows import (
    CREDITS,
    ENTRY,
    ENTRY_STATE,
    HOLD,
    HOLD_CHANGE,
    account_changes,
    hold_changes,
    hold_rows,
)
from plugway.ledger.snapshot import snapshot
from plugway.ledger.store import Lost, OpenHolds, Pruned, Store
from plugway.ledger.task_books import Task
from plugway.ledger.task_rows import (
    KEPT,
    NAMES,
    TASK,
    TASK_CHANGE,
    TASK_STATE,
    task_changes,
    task_rows,
)
from plugway.ledger.verify import verify
from plugway.storage.database import Database
from plugway.storage.models import Account
from plugway.storage.url import DatabaseURL

#: A moment; holds made at it live for ten minutes.
NOW = 1_800_000_000_000_000
LIFE = 600_000_000


class Make:
    """Makes operations; what a test does not care about has a default."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def reserve(self, amount: int, account: int = 1, call: str = "", **other: Any) -> Reserve:
        """Make a reserve of a new call."""
        given: dict[str, Any] = {
            "call_id": call or new_id(),
            "account_id": account,
            "key_account_id": None,
            "key_id": 7,
            "amount": amount,
            "quote": "{}",
            "created_at": NOW,
            "expires_at": NOW + LIFE,
        }
        return Reserve(**given | other)

    def usage(self, call: str, account: int = 1, **other: Any) -> UsageRecord:
        """Make the usage of a call."""
        given: dict[str, Any] = {
            "call_id": call,
            "request_id": f"req-{call}",
            "account_id": account,
            "user_id": 1,
            "key_id": 7,
            "provider": "bltcy",
            "model": "gpt-4o",
            "channel_id": 1,
            "credential_id": None,
            "status": 200,
            "upstream_ms": 120,
            "overhead_us": 900,
            "ip": "127.0.0.1",
            "agent": "tests/1",
            "created_at": NOW,
            "input_tokens": 10,
            "output_tokens": 20,
        }
        return UsageRecord(**given | other)

    def settle(self, call: str, amount: int, usage: bool = True) -> Settle:
        """Make a settle."""
        kept = self.usage(call) if usage else None
        return Settle(call_id=call, amount=amount, at=NOW + 1, usage=kept)

    def release(self, call: str, usage: bool = True) -> Release:
        """Make a release."""
        kept = self.usage(call, status=502) if usage else None
        return Release(call_id=call, reason="upstream_unreachable", at=NOW + 1, usage=kept)

    def record(self, call: str) -> Record:
        """Make the record of a free call."""
        return Record(usage=self.usage(call))

    def credit(self, amount: int, account: int = 1, key: str = "", **other: Any) -> Adjust:
        """Make a credit, or with `kind` an adjustment."""
        given: dict[str, Any] = {
            "account_id": account,
            "kind": "credit",
            "amount": amount,
            "actor": "root",
            "reason": "paid",
            "idempotency_key": key or f"top-up-{next(self._numbers)}",
            "at": NOW,
        }
        return Adjust(**given | other)

    def refund(self, call: str, amount: int, key: str = "", **other: Any) -> Refund:
        """Make a refund."""
        given: dict[str, Any] = {
            "call_id": call,
            "amount": amount,
            "actor": "root",
            "reason": "the video was black",
            "idempotency_key": key or f"refund-{next(self._numbers)}",
            "at": NOW + 2,
        }
        return Refund(**given | other)


class MemoryStore:
    """Keeps the tables in memory; a test says what goes wrong.

    Attributes:
        batches: Sizes of the batches it was handed, tries included.
        before: Raised by the next commits instead of doing them; None: it works.
        after: Raised by the next commits after they were done; None: they work.
        poison: Call ids that no batch may hold.
        gate: Commits wait for it.
    """

    def __init__(self) -> None:
        self.accounts: dict[int, LedgerAccount] = {}
        self.holds: dict[str, tuple[Any, ...]] = {}
        self.entries: list[tuple[Any, ...]] = []
        self.usages: dict[str, list[Any]] = {}
        self.tasks: dict[str, dict[str, Any]] = {}
        self.callbacks: list[tuple[Any, ...]] = []
        self.batches: list[int] = []
        self.before: list[Exception | None] = []
        self.after: list[Exception | None] = []
        self.poison: set[str] = set()
        self.gate = asyncio.Event()
        self.gate.set()

    def account(self, number: int, balance: int, overdraft: int = 0) -> None:
        """Open an account with credits."""
        self.accounts[number] = LedgerAccount(number, balance, 0, overdraft)
        key = f"opening:{number}"
        self.entries.append((number, None, "credit", balance, 0, key, "", "", NOW))

    async def open(self) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""

    async def commit(self, operations: Sequence[Operation]) -> list[Answer]:
        """Decide and keep a batch, unless something is to go wrong."""
        self.batches.append(len(operations))
        await self.gate.wait()
        if self.before and (error := self.before.pop(0)) is not None:
            raise error
        for operation in operations:
            if getattr(operation, "call_id", "") in self.poison:
                raise ValueError("poison")
        plan = Plan(self.load(Needs(operations)))
        answers = plan.decide(operations)
        self.keep(plan.changes)
        if self.after and (error := self.after.pop(0)) is not None:
            if isinstance(error, Lost):
                error.planned = answers
            raise error
        return answers

    def load(self, needs: Needs) -> Books:
        """Read what a batch needs and nothing else."""
        holds = [Hold(*self.holds[call]) for call in set(needs.calls) & self.holds.keys()]
        wanted = set(needs.accounts)
        for hold in holds:
            wanted |= {hold.account_id, hold.key_account_id or hold.account_id}
        named = (dict(zip(ENTRY, row, strict=True)) for row in self.entries)
        return Books(
            [replace(self.accounts[number]) for number in wanted & self.accounts.keys()],
            holds,
            [
                Entry(*(row[name] for name in ENTRY_STATE))
                for row in named
                if row["idempotency_key"] in needs.entries
            ],
            set(needs.usages) & self.usages.keys(),
            [
                Task(*(self.tasks[call][name] for name in TASK_STATE))
                for call in set(needs.tasks) & self.tasks.keys()
            ],
            [
                tuple(task[name] for name in NAMES)
                for task in self.tasks.values()
                if task["upstream_id"] in needs.upstream_ids
                or (task["external_id"] in needs.external_ids and task["user_id"] in needs.users)
            ],
        )

    def keep(self, plan: Changes) -> None:
        """Write what a batch has decided."""
        for call, change in plan.corrections.items():
            if call in self.usages:
                self.usages[call][CREDITS] += change
        for number, balance, held in account_changes(plan.touched.values()):
            self.accounts[number].balance, self.accounts[number].held = balance, held
        for call, *changed in hold_changes(plan.resolved.values()):
            hold = dict(zip(HOLD, self.holds[call], strict=True))
            hold |= dict(zip(HOLD_CHANGE[1:], changed, strict=True))
            self.holds[call] = tuple(hold.values())
        for row in hold_rows(plan.opened.values()):
            assert row[0] not in self.holds
            self.holds[row[0]] = row
        known = {entry[5] for entry in self.entries}
        for entry in plan.entries:
            assert entry[5] not in known
            known.add(entry[5])
        self.entries += plan.entries
        assert not plan.usages.keys() & self.usages.keys()
        self.usages |= plan.usages
        for row in task_changes(plan.tasks.values()):
            task = dict(zip(TASK_CHANGE, row, strict=True))
            kept = {name for name in KEPT if task[name] is None}
            self.tasks[row[0]] |= {name: task[name] for name in task.keys() - kept}
        for row in task_rows(plan.new_tasks.values()):
            assert row[0] not in self.tasks
            self.tasks[row[0]] = dict(zip(TASK, row, strict=True))
        self.callbacks += plan.callbacks
        self.check_names()

    def check_names(self) -> None:
        """Refuse names that are taken, as the databases do."""
        for columns in (("upstream_id", "provider"), ("external_id", "user_id", "provider")):
            taken = [
                tuple(task[name] for name in columns)
                for task in self.tasks.values()
                if task[columns[0]] is not None
            ]
            assert len(taken) == len(set(taken))

    async def expired(self, now_us: int, limit: int) -> list[str]:
        """List expired holds."""
        holds = [Hold(*row) for row in self.holds.values()]
        over = [
            h.call_id for h in holds if h.state == "open" and not h.task and h.expires_at <= now_us
        ]
        return over[:limit]

    async def open_holds(self) -> OpenHolds:
        """Count the open holds."""
        amounts = [
            h.amount for h in (Hold(*row) for row in self.holds.values()) if h.state == "open"
        ]
        return OpenHolds(count=len(amounts), credits=sum(amounts))

    async def prune(self, what: Pruned, before_us: int, limit: int) -> int:
        """Refuse: no test of this store prunes."""
        raise NotImplementedError


class Bench:
    """Is a database with accounts, ledgers on it, and the means to look into it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.url = DatabaseURL.parse(text)
        self.make = Make()

    async def accounts(self, *balances: int, overdraft: int = 0) -> None:
        """Open accounts 1, 2, … and credit them."""

        async def work() -> None:
            for number, _ in enumerate(balances, 1):
                await Account.create(
                    id=number, owner=f"user:{number}", balance=0, held=0, overdraft=overdraft
                )

        async with Database(self.url) as database:
            await database.transact(work)
        async with self.ledger() as ledger:
            for number, balance in enumerate(balances, 1):
                if balance:
                    await ledger.submit(self.make.credit(balance, number, f"opening-{number}"))

    @asynccontextmanager
    async def ledger(self, store: Store | None = None) -> AsyncIterator[Ledger]:
        """Open a ledger and close it."""
        ledger = Ledger(self.url, SystemClock(), store=store)
        await ledger.open()
        try:
            yield ledger
        finally:
            await ledger.close()

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Read."""
        async with snapshot(self.url) as fetch:
            return await fetch(query)

    async def execute(self, statement: str) -> None:
        """Write behind the ledger's back."""

        async with Database(self.url) as database:
            await database.run(lambda: database.client.execute_script(statement))

    async def account(self, number: int = 1) -> tuple[int, int]:
        """Read an account's balance and what is held of it."""
        query = f"SELECT balance, held FROM plugway_account WHERE id = {number}"  # noqa: S608  # a number
        ((balance, held),) = await self.rows(query)
        return balance, held

    async def whole(self) -> None:
        """Fail unless the ledger is whole."""
        report = await verify(self.url)
        assert report.problems == ()


@pytest.fixture
def make() -> Make:
    """Give a maker of operations."""
    return Make()


@pytest.fixture
def bench(database_url: str) -> Bench:
    """Give a bench on each database."""
    return Bench(database_url)


@pytest.fixture
def sqlite_bench(sqlite_url: str) -> Bench:
    """Give a bench on SQLite."""
    return Bench(sqlite_url)


@pytest.fixture
def memory() -> Callable[[], MemoryStore]:
    """Give a maker of stores that fail when told."""
    return MemoryStore
