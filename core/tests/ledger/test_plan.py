"""Batches decided against the simplest ledger one can write, in memory and on SQLite."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from plugway.clock import SystemClock
from plugway.ledger.ledger import Ledger
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
from plugway.ledger.snapshot import snapshot
from plugway.ledger.verify import verify
from plugway.money import MAX_CREDITS
from plugway.storage.database import Database
from plugway.storage.models import Account
from plugway.storage.url import DatabaseURL
from plugway.testing.databases import Databases

if TYPE_CHECKING:
    from core.tests.ledger.conftest import MemoryStore

#: Overdrafts of the accounts; 3 is a key's quota, 4 does not exist.
OVERDRAFTS = {1: 0, 2: 50, 3: 0}

Image = tuple[dict[int, tuple[int, int]], dict[str, tuple[str, int, int, int]], dict[str, int]]


class Model:
    """Does one operation at a time, in the plainest way."""

    def __init__(self) -> None:
        self.balance = dict.fromkeys(OVERDRAFTS, 0)
        self.held = dict.fromkeys(OVERDRAFTS, 0)
        self.holds: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, tuple[Any, ...]] = {}
        self.usages: dict[str, int] = {}

    def do(self, operation: Operation) -> str:
        """Do it and name what comes of it."""
        usage = getattr(operation, "usage", None)
        result = getattr(self, type(operation).__name__.lower())(operation)
        if usage is not None and usage.call_id not in self.usages:
            hold = self.holds.get(usage.call_id, {"settled": 0, "refunded": 0})
            self.usages[usage.call_id] = hold["settled"] - hold["refunded"]
        return str(result)

    def free(self, account: int) -> int:
        return self.balance[account] + OVERDRAFTS[account] - self.held[account]

    def move(self, hold: dict[str, Any], balance: int, held: int) -> None:
        for account in hold["accounts"]:
            self.balance[account] += balance
            self.held[account] += held

    def reserve(self, op: Reserve) -> str:
        accounts = [op.account_id] + ([op.key_account_id] if op.key_account_id else [])
        if op.call_id in self.holds:
            same = self.holds[op.call_id]
            if (same["accounts"], same["amount"]) != (accounts, op.amount):
                return "Conflict"
            return f"repeated {same['state']}"
        for account in accounts:
            if account not in OVERDRAFTS:
                return "NotFound"
            if self.free(account) < op.amount:
                return "InsufficientCredits"
        hold = {"accounts": accounts, "amount": op.amount, "state": "open", "until": op.expires_at}
        self.holds[op.call_id] = hold | {"settled": 0, "refunded": 0, "short": 0}
        self.move(hold, 0, op.amount)
        return "open"

    def settle(self, op: Settle) -> str:
        hold = self.holds.get(op.call_id)
        if hold is None:
            return "NotFound"
        if hold["state"] != "open":
            return "Conflict" if hold["state"] == "released" else "repeated settled"
        charge = op.amount
        if any(self.free(account) < charge - hold["amount"] for account in hold["accounts"]):
            hold["short"] = charge - hold["amount"]
            charge = hold["amount"]
        hold |= {"state": "settled", "settled": charge}
        self.move(hold, -charge, -hold["amount"])
        if op.call_id in self.usages:
            self.usages[op.call_id] += charge
        return "settled"

    def release(self, op: Release | Expire) -> str:
        hold = self.holds.get(op.call_id)
        if hold is None:
            return "NotFound"
        if hold["state"] != "open":
            return "Conflict" if hold["state"] == "settled" else "repeated released"
        hold["state"] = "released"
        self.move(hold, 0, -hold["amount"])
        return "released"

    def expire(self, op: Expire) -> str:
        hold = self.holds.get(op.call_id)
        if hold is None:
            return "NotFound"
        if hold["state"] != "open" or hold["until"] > op.at:
            return f"repeated {hold['state']}"
        return self.release(op)

    def record(self, op: Record) -> str:
        return "None"

    def adjust(self, op: Adjust) -> str:
        if op.account_id not in OVERDRAFTS:
            return "NotFound"
        content = (op.account_id, op.kind, op.amount)
        if (known := self.keys.get(f"a{op.idempotency_key}")) is not None:
            return "repeated None" if known == content else "Conflict"
        if self.free(op.account_id) < -op.amount:
            return "InsufficientCredits"
        self.keys[f"a{op.idempotency_key}"] = content
        self.balance[op.account_id] += op.amount
        return "None"

    def refund(self, op: Refund) -> str:
        hold = self.holds.get(op.call_id)
        if hold is None:
            return "NotFound"
        content = (op.call_id, op.amount)
        if (known := self.keys.get(f"r{op.idempotency_key}")) is not None:
            return f"repeated {hold['state']}" if known == content else "Conflict"
        if hold["state"] != "settled" or hold["refunded"] + op.amount > hold["settled"]:
            return "Conflict"
        self.keys[f"r{op.idempotency_key}"] = content
        hold["refunded"] += op.amount
        self.move(hold, op.amount, 0)
        if op.call_id in self.usages:
            self.usages[op.call_id] -= op.amount
        return "settled"

    def image(self) -> Image:
        """Return what the database should hold."""
        return (
            {number: (self.balance[number], self.held[number]) for number in OVERDRAFTS},
            {
                call: (hold["state"], hold["settled"], hold["short"], hold["refunded"])
                for call, hold in self.holds.items()
            },
            dict(self.usages),
        )


class World:
    """Is a ledger with its accounts, and a loop to run it in."""

    def __init__(self, ledger: Ledger, runner: asyncio.Runner, look: Callable[[], Image]) -> None:
        self.ledger = ledger
        self.runner = runner
        self.look = look


@contextmanager
def on_sqlite(databases: Databases) -> Iterator[World]:
    """Make a world on a real file."""
    with databases.fresh() as text, asyncio.Runner() as runner:
        url = DatabaseURL.parse(text)

        async def accounts() -> None:
            rows = [
                Account(id=number, owner=f"user:{number}", balance=0, held=0, overdraft=overdraft)
                for number, overdraft in OVERDRAFTS.items()
            ]
            async with Database(url) as database:
                await database.transact(lambda: Account.bulk_create(rows))

        async def look() -> Image:
            report = await verify(url)
            assert report.problems == ()
            async with snapshot(url) as fetch:
                accounts = await fetch("SELECT id, balance, held FROM plugway_account")
                holds = await fetch(
                    "SELECT call_id, state, settled_amount, shortfall, refunded FROM plugway_hold"
                )
                usages = await fetch("SELECT call_id, credits FROM plugway_usage")
            return (
                {number: (balance, held) for number, balance, held in accounts},
                {row[0]: row[1:] for row in holds},
                dict(usages),
            )

        runner.run(accounts())
        ledger = Ledger(url, SystemClock())
        runner.run(ledger.open())
        try:
            yield World(ledger, runner, lambda: runner.run(look()))
        finally:
            runner.run(ledger.close())


@contextmanager
def in_memory(store: MemoryStore) -> Iterator[World]:
    """Make a world without a database."""
    for number, overdraft in OVERDRAFTS.items():
        store.account(number, 0, overdraft)

    def look() -> Image:
        for number, account in store.accounts.items():
            entries = [entry for entry in store.entries if entry[0] == number]
            assert sum(entry[3] for entry in entries) == account.balance
            assert sum(entry[4] for entry in entries) == account.held
            assert 0 <= account.held <= account.balance + account.overdraft
        return (
            {each.id: (each.balance, each.held) for each in store.accounts.values()},
            {call: (row[6], *row[7:10]) for call, row in store.holds.items()},
            {call: row[1] for call, row in store.usages.items()},
        )

    with asyncio.Runner() as runner:
        ledger = Ledger(DatabaseURL(dialect="sqlite"), SystemClock(), store=store)
        runner.run(ledger.open())
        try:
            yield World(ledger, runner, look)
        finally:
            runner.run(ledger.close())


calls = st.sampled_from(["a1", "a2", "a3", "a4", "a5"])
keys = st.sampled_from(["k1", "k2", "k3", "k4"])
amounts = st.sampled_from([1, 2, 7, 49, 50, 51, 100, MAX_CREDITS])
accounts = st.sampled_from([1, 2, 2, 4])


def usage(call: str) -> UsageRecord:
    return UsageRecord(
        call_id=call,
        request_id="r",
        account_id=1,
        user_id=1,
        key_id=None,
        provider="p",
        model="m",
        channel_id=None,
        credential_id=None,
        status=200,
        upstream_ms=1,
        overhead_us=1,
        ip="::1",
        created_at=1,
    )


def machine(enter: Callable[[ExitStack], World]) -> type[RuleBasedStateMachine]:
    """Build a machine that gathers operations and commits them as batches."""

    class Batches(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.stack = ExitStack()
            self.world = enter(self.stack)
            self.model = Model()
            self.batch: list[Operation] = []

        @rule(call=calls, account=accounts, key=st.sampled_from([None, 3]), amount=amounts)
        def reserve(self, call: str, account: int, key: int | None, amount: int) -> None:
            self.batch.append(
                Reserve(
                    call_id=call,
                    account_id=account,
                    key_account_id=key,
                    key_id=key,
                    amount=amount,
                    quote="{}",
                    created_at=0,
                    expires_at=10,
                )
            )

        @rule(call=calls, amount=amounts | st.just(0), kept=st.booleans())
        def settle(self, call: str, amount: int, kept: bool) -> None:
            row = usage(call) if kept else None
            self.batch.append(Settle(call_id=call, amount=amount, at=1, usage=row))

        @rule(call=calls, kept=st.booleans())
        def release(self, call: str, kept: bool) -> None:
            row = usage(call) if kept else None
            self.batch.append(Release(call_id=call, reason="", at=1, usage=row))

        @rule(call=calls, at=st.sampled_from([9, 10]))
        def expire(self, call: str, at: int) -> None:
            self.batch.append(Expire(call_id=call, at=at))

        @rule(call=calls)
        def record(self, call: str) -> None:
            self.batch.append(Record(usage=usage(call)))

        @rule(
            account=st.sampled_from([1, 2, 3, 4]),
            amount=st.sampled_from([-MAX_CREDITS, -7, -1, 1, 100, 100, 1000]),
            key=keys,
        )
        def adjust(self, account: int, amount: int, key: str) -> None:
            self.batch.append(
                Adjust(
                    account_id=account,
                    kind="adjust",
                    amount=amount,
                    actor="a",
                    reason="r",
                    idempotency_key=key,
                    at=1,
                )
            )

        @rule(call=calls, amount=amounts, key=keys)
        def refund(self, call: str, amount: int, key: str) -> None:
            self.batch.append(
                Refund(
                    call_id=call, amount=amount, actor="a", reason="r", idempotency_key=key, at=1
                )
            )

        @rule()
        def commit(self) -> None:
            batch, self.batch = self.batch, []
            expected = [self.model.do(operation) for operation in batch]

            async def submit() -> list[Any]:
                futures = map(self.world.ledger.submit, batch)
                return await asyncio.gather(*futures, return_exceptions=True)

            answers = self.world.runner.run(submit())
            assert [named(answer) for answer in answers] == expected
            assert self.world.look() == self.model.image()

        def teardown(self) -> None:
            try:
                self.commit()
            finally:
                self.stack.close()

    return Batches


def named(answer: Outcome | Exception) -> str:
    if isinstance(answer, Exception):
        return type(answer).__name__
    return f"{'repeated ' if answer.repeated else ''}{answer.state}"


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Keep what is refused by design out of the log."""
    caplog.set_level(logging.CRITICAL, "plugway.ledger")


def test_batches_in_memory_do_what_the_plain_ledger_does(
    memory: Callable[[], MemoryStore],
) -> None:
    batches = machine(lambda stack: stack.enter_context(in_memory(memory())))
    run_state_machine_as_test(
        batches, settings=settings(max_examples=200, stateful_step_count=40, deadline=None)
    )


def test_batches_on_sqlite_do_what_the_plain_ledger_does(
    databases: Callable[[str], Databases],
) -> None:
    batches = machine(lambda stack: stack.enter_context(on_sqlite(databases("sqlite"))))
    run_state_machine_as_test(
        batches, settings=settings(max_examples=40, stateful_step_count=40, deadline=None)
    )
