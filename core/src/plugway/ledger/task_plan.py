"""The part of a batch that concerns tasks, decided: pure, like the rest of it."""

from __future__ import annotations

from copy import copy

from msgspec.structs import replace

from plugway.errors import Conflict, NotFound
from plugway.ledger.books import Books
from plugway.ledger.changes import GATEWAY, Changes
from plugway.ledger.limits import MAX_TEXT, clip, count
from plugway.ledger.operations import Advance, Finish, NewCallback, NewTask, Outcome, Reserve
from plugway.ledger.task_books import ORDER, Task
from plugway.ledger.task_rows import callback_row, constants_of, task_of

_MAX_REASON = 512


class TaskPlan:
    """Moves tasks forward, each to one end."""

    __slots__ = ("_books", "_changes")

    def __init__(self, books: Books, changes: Changes) -> None:
        """Share what the rest of the batch is decided on.

        Args:
            books: What was read.
            changes: Collects what is written.
        """
        self._books = books
        self._changes = changes

    def check(self, new: NewTask) -> None:
        """Refuse a new task whose caller's name for it is taken.

        Raises:
            Conflict: Another task of the user and provider has it.
        """
        if new.external_id is not None:
            self._books.names.check_external(new.user_id, new.provider, new.external_id)

    def open(self, reserve: Reserve, new: NewTask) -> None:
        """Write a task that has passed `check`, beside its hold."""
        task = task_of(reserve, new)
        self._books.tasks[task.call_id] = task
        self._changes.new_tasks[task.call_id] = (task, constants_of(reserve, new))
        if new.external_id is not None:
            names = self._books.names
            names.take_external(task.call_id, task.user_id, task.provider, new.external_id)

    def repeated(self, outcome: Outcome, call_id: str) -> Outcome:
        """Add to what a repeated reserve answers where its task stands."""
        task = self._books.tasks.get(call_id)
        return outcome if task is None else replace(outcome, task=task.state)

    def advance(self, operation: Advance) -> Outcome:
        """Write what became known of a task that goes on.

        Raises:
            NotFound: There is no such task.
            Conflict: The upstream's name for it is another task's, or not its first.
        """
        task = self._task(operation.call_id)
        if task.ended:
            return Outcome(repeated=True, task=task.state)
        before = copy(task)
        if operation.upstream_id is not None:
            self._name(task, operation.upstream_id)
        if operation.channel_id is not None:
            task.channel_id, task.credential_id = operation.channel_id, operation.credential_id
        if operation.price is not None:
            task.price = operation.price
        if operation.facts is not None:
            task.facts = clip(operation.facts, MAX_TEXT)
        if operation.state is None or ORDER[operation.state] >= ORDER[task.state]:
            # What came late says less than what is known.
            self._learn(task, operation)
        self._schedule(task, operation)
        if task != before:
            if operation.state is not None or not operation.failures:
                task.updated_at = max(task.updated_at, operation.at)
            self._changed(task)
        if task.state != before.state:
            self._tell(task, operation.callback, operation.at)
        return Outcome(task=task.state)

    def finish(self, operation: Finish) -> Outcome:
        """End a task and resolve its hold, once.

        Raises:
            NotFound: There is no such task, or it holds nothing.
            Conflict: As with `advance`; or its hold was resolved without it.
        """
        task = self._task(operation.call_id)
        hold = self._books.holds.get(operation.call_id)
        if hold is None or not hold.task:
            raise NotFound("this task holds no credits")
        changes = self._changes
        overtaken = operation.seen is not None and operation.seen < task.updated_at
        if task.ended or overtaken:
            return replace(changes.repeated(hold), task=task.state)
        if hold.state != "open":
            raise Conflict(f"the credits of this task are {hold.state} although it has not ended")
        if operation.upstream_id is not None:
            self._name(task, operation.upstream_id)
        at = operation.at
        if operation.state == "succeed":
            amount = task.price if operation.amount is None else operation.amount
            outcome = changes.settle(hold, amount, at, operation.usage)
        else:
            changes.keep(operation.usage, 0)
            reason = clip(operation.reason or operation.state, 255)
            outcome = changes.release(hold, at, GATEWAY, reason)
        if operation.refused and task.external_id is not None:
            self._books.names.free_external(task.user_id, task.provider, task.external_id)
            task.external_id = None
        task.state = operation.state
        task.finished_at = at
        task.updated_at = max(task.updated_at, at)
        task.next_poll_at = task.deadline = task.lease = None
        if operation.polled:
            task.polls += 1
            task.failures = 0
        if operation.answer is not None:
            task.answer = clip(operation.answer, MAX_TEXT)
        if operation.reason is not None or operation.state == "succeed":
            task.reason = clip(operation.reason or "", _MAX_REASON) or None
        self._changed(task)
        self._tell(task, operation.callback, at)
        return replace(outcome, task=task.state)

    def _task(self, call_id: str) -> Task:
        task = self._books.tasks.get(call_id)
        if task is None:
            raise NotFound("there is no such task")
        return task

    def _name(self, task: Task, name: str) -> None:
        if task.upstream_id is not None and task.upstream_id != name:
            raise Conflict("this task has another upstream id", field="upstream_id")
        self._books.names.take_upstream(task.call_id, task.provider, name)
        task.upstream_id = name

    def _learn(self, task: Task, operation: Advance) -> None:
        if operation.state is not None:
            task.state = operation.state
        if operation.answer is not None:
            task.answer = clip(operation.answer, MAX_TEXT)
        if operation.progress is not None:
            task.progress = count(operation.progress, 100)
        if operation.reason is not None:
            task.reason = clip(operation.reason, _MAX_REASON) or None
        elif operation.polled and not operation.failures:
            task.reason = None

    def _schedule(self, task: Task, operation: Advance) -> None:
        lease = operation.lease
        if lease is not None and lease != task.lease:
            # It was claimed again, or this was written before: the schedule is not ours now.
            return
        if operation.polled:
            task.polls += 1
            task.failures = count(operation.failures)
        woken = task.next_poll_at is not None and task.next_poll_at <= operation.at
        if operation.next_poll_at is not None and (lease is None or not woken):
            task.next_poll_at = operation.next_poll_at
        if lease is not None:
            task.lease = None

    def _changed(self, task: Task) -> None:
        if task.call_id not in self._changes.new_tasks:
            self._changes.tasks[task.call_id] = task

    def _tell(self, task: Task, callback: NewCallback | None, at: int) -> None:
        if callback is not None:
            self._changes.callbacks.append(callback_row(task.call_id, callback, at))
