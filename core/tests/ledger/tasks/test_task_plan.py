"""Batches with tasks decided against the simplest engine one can write, in memory and on SQLite."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from plugway.ledger.operations import (
    Advance,
    Expire,
    Finish,
    NewCallback,
    NewTask,
    Operation,
    Outcome,
    Refund,
    Release,
    Reserve,
    Settle,
)

if TYPE_CHECKING:
    from core.tests.ledger.tasks.conftest import Image, World, Worlds

OPEN = ["pending", "unknown", "submitted", "processing"]
BALANCE = 200
#: What is compared of a task, and what else of the world.
COLUMNS = (
    "call_id",
    "state",
    "upstream_id",
    "external_id",
    "price",
    "answer",
    "polls",
    "failures",
    "next_poll_at",
    "lease",
    "finished_at",
)


class Model:
    """Does one operation at a time, in the plainest way, on one account."""

    def __init__(self) -> None:
        self.balance, self.held = BALANCE, 0
        self.tasks: dict[str, dict[str, Any]] = {}
        self.holds: dict[str, list[Any]] = {}
        self.told: list[str] = []

    def do(self, op: Operation) -> str:
        """Do it and name what comes of it."""
        return str(getattr(self, type(op).__name__.lower())(op))

    def taken(self, call: str, column: str, value: str | None) -> bool:
        return value is not None and any(
            task[column] == value for name, task in self.tasks.items() if name != call
        )

    def reserve(self, op: Reserve) -> str:
        assert op.task is not None
        if op.call_id in self.holds:
            if self.holds[op.call_id][0] != op.amount:
                return "Conflict"
            return f"repeated {self.tasks[op.call_id]['state']}"
        if self.taken(op.call_id, "external_id", op.task.external_id):
            return "Conflict"
        if self.balance - self.held < op.amount:
            return "InsufficientCredits"
        self.held += op.amount
        self.holds[op.call_id] = [op.amount, "open", 0, 0, 0]
        self.tasks[op.call_id] = dict.fromkeys(COLUMNS) | {
            "call_id": op.call_id,
            "state": "pending",
            "external_id": op.task.external_id,
            "price": op.task.price,
            "polls": 0,
            "failures": 0,
            "next_poll_at": op.task.next_poll_at,
        }
        return "pending"

    def advance(self, op: Advance) -> str:
        task = self.tasks.get(op.call_id)
        if task is None:
            return "NotFound"
        if task["state"] not in OPEN:
            return f"repeated {task['state']}"
        if op.upstream_id is not None:
            other = task["upstream_id"] not in (None, op.upstream_id)
            if other or self.taken(op.call_id, "upstream_id", op.upstream_id):
                return "Conflict"
            task["upstream_id"] = op.upstream_id
        steps = 0 if op.state is None else OPEN.index(op.state) - OPEN.index(task["state"])
        if steps >= 0:
            task["answer"] = op.answer or task["answer"]
        if steps > 0:
            task["state"] = op.state
            assert op.callback is not None
            self.told.append(op.callback.body)
        if op.lease in (None, task["lease"]):
            if op.polled:
                task["polls"] += 1
                task["failures"] = op.failures
            if op.lease is None or task["next_poll_at"] > op.at:
                task["next_poll_at"] = op.next_poll_at or task["next_poll_at"]
            if op.lease is not None:
                task["lease"] = None
        return str(task["state"])

    def finish(self, op: Finish) -> str:
        task = self.tasks.get(op.call_id)
        if task is None:
            return "NotFound"
        if task["state"] not in OPEN:
            return f"repeated {task['state']}"
        hold = self.holds[op.call_id]
        self.held -= hold[0]
        hold[1] = "released"
        if op.state == "succeed":
            cost = task["price"] if op.amount is None else op.amount
            charge = cost if self.balance - self.held >= cost else hold[0]
            hold[1:4] = "settled", charge, cost - charge
            self.balance -= charge
        task |= dict.fromkeys(("next_poll_at", "lease")) | {"state": op.state, "finished_at": op.at}
        if op.refused:
            task["external_id"] = None
        assert op.callback is not None
        self.told.append(op.callback.body)
        return op.state

    def settle(self, op: Settle | Release | Expire) -> str:
        return "Conflict" if op.call_id in self.holds else "NotFound"

    release = expire = settle

    def refund(self, op: Refund) -> str:
        hold = self.holds.get(op.call_id)
        if hold is None:
            return "NotFound"
        if hold[1] != "settled" or hold[4] + op.amount > hold[2]:
            return "Conflict"
        hold[4] += op.amount
        self.balance += op.amount
        return "None"

    def image(self) -> Image:
        """Return what the database should hold."""
        return (
            [tuple(self.tasks[call][name] for name in COLUMNS) for call in sorted(self.tasks)],
            [(call, *self.holds[call][1:]) for call in sorted(self.holds)],
            (self.balance, self.held),
            self.told,
        )


calls = st.sampled_from(["a1", "a2", "a3"])
upstream = st.sampled_from([None, None, "u1", "u2", "u3"])
leases = st.sampled_from([None, "l1", "l2"])
times = st.integers(1, 9)
answers = st.sampled_from([None, "x", "y"])


def machine(enter: Callable[[ExitStack], World]) -> type[RuleBasedStateMachine]:
    """Build a machine that gathers operations and commits them as batches."""

    class Batches(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.stack = ExitStack()
            self.world = enter(self.stack)
            self.model = Model()
            self.batch: list[Operation] = []
            self.messages = 0

        def callback(self) -> NewCallback:
            self.messages += 1
            return NewCallback(user_id=1, url="https://c", body=str(self.messages))

        @rule(
            call=calls,
            amount=st.sampled_from([0, 50, 100]),
            price=st.sampled_from([0, 50, 150]),
            name=st.sampled_from([None, "e1", "e2"]),
        )
        def reserve(self, call: str, amount: int, price: int, name: str | None) -> None:
            task = NewTask(
                provider="p",
                kind="k",
                model="m",
                user_id=1,
                request_id="r",
                ip="::1",
                external_id=name,
                callback_url=None,
                request="{}",
                facts="{}",
                price=price,
                next_poll_at=5,
                deadline=99,
            )
            self.batch.append(
                Reserve(
                    call_id=call,
                    account_id=1,
                    key_account_id=None,
                    key_id=None,
                    amount=amount,
                    quote="{}",
                    created_at=0,
                    expires_at=1,
                    task=task,
                )
            )

        @rule(
            call=calls,
            state=st.sampled_from([None, *OPEN]),
            names=st.tuples(upstream, leases, answers),
            at=times,
            due=times | st.none(),
            polled=st.booleans(),
        )
        def advance(
            self,
            call: str,
            state: Any,
            names: tuple[str | None, str | None, str | None],
            at: int,
            due: int | None,
            polled: bool,
        ) -> None:
            name, lease, answer = names
            advance = Advance(
                call_id=call,
                at=at,
                state=state,
                upstream_id=name,
                lease=lease,
                answer=answer,
                next_poll_at=due,
                polled=polled,
                failures=at % 2,
                callback=self.callback(),
            )
            # What was lost on the way to its answer comes twice.
            self.batch += [advance] * (1 + at % 2 if lease else 1)

        @rule(
            call=calls,
            state=st.sampled_from(["succeed", "succeed", "failed", "expired"]),
            amount=st.sampled_from([None, None, 0, 20, 300]),
            refused=st.booleans(),
            times=st.integers(1, 2),
        )
        def finish(
            self, call: str, state: Any, amount: int | None, refused: bool, times: int
        ) -> None:
            finish = Finish(
                call_id=call,
                at=9,
                state=state,
                amount=amount,
                refused=refused and state == "failed",
                callback=self.callback(),
            )
            self.batch += [finish] * times

        @rule(call=calls, which=st.integers(0, 3))
        def resolve(self, call: str, which: int) -> None:
            self.messages += 1
            refund = Refund(
                call_id=call,
                amount=20,
                actor="a",
                reason="r",
                idempotency_key=str(self.messages),
                at=1,
            )
            operations: list[Operation] = [
                Settle(call_id=call, amount=1, at=1),
                Release(call_id=call, reason="", at=1),
                Expire(call_id=call, at=9),
                refund,
            ]
            self.batch.append(operations[which])

        @rule(call=calls, lease=leases, until=times, at=times, due=times)
        def claim(self, call: str, lease: str | None, until: int, at: int, due: int) -> None:
            self.commit()
            # Without a lease it is a wake, and the claim before it goes on.
            self.world.claim(call, lease, until)
            task = self.model.tasks.get(call)
            if task is not None and task["next_poll_at"] is not None:
                task |= {"lease": lease or task["lease"], "next_poll_at": until}
                polled = {"polled": True, "lease": task["lease"], "next_poll_at": due}
                self.batch.append(Advance(call_id=call, at=at, **polled))

        @rule()
        def commit(self) -> None:
            batch, self.batch = self.batch, []
            expected = [self.model.do(operation) for operation in batch]

            async def submit() -> list[Any]:
                futures = map(self.world.ledger.submit, batch)
                return await asyncio.gather(*futures, return_exceptions=True)

            results = self.world.runner.run(submit())
            assert [named(result) for result in results] == expected
            assert self.world.look(COLUMNS) == self.model.image()

        def teardown(self) -> None:
            try:
                self.commit()
            finally:
                self.stack.close()

    return Batches


def named(answer: Outcome | Exception) -> str:
    if isinstance(answer, Exception):
        return type(answer).__name__
    return f"{'repeated ' if answer.repeated else ''}{answer.task}"


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Keep what is refused by design out of the log."""
    caplog.set_level(logging.CRITICAL, "plugway.ledger")


def test_tasks_in_memory_do_what_the_plain_engine_does(memory_world: Worlds) -> None:
    batches = machine(lambda stack: stack.enter_context(memory_world()))
    run_state_machine_as_test(
        batches, settings=settings(max_examples=200, stateful_step_count=40, deadline=None)
    )


def test_tasks_on_sqlite_do_what_the_plain_engine_does(sqlite_world: Worlds) -> None:
    batches = machine(lambda stack: stack.enter_context(sqlite_world()))
    run_state_machine_as_test(
        batches, settings=settings(max_examples=40, stateful_step_count=40, deadline=None)
    )
