"""Writes what becomes known of tasks, and tells those who want to hear of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from plugway.contract import Pace, TaskFinished, TaskUpdate
from plugway.errors import Conflict, PlugwayError
from plugway.ledger.operations import Advance, Finish, NewCallback
from plugway.tasks import told, verdict
from plugway.tasks.pace import jittered

if TYPE_CHECKING:
    from plugway.calls.parts import Parts
    from plugway.contract import Poller, Task
    from plugway.ledger.operations import Outcome
    from plugway.tasks.verdict import Claim

log = logging.getLogger(__name__)

EXPIRED = "it has taken too long"


class Journal:
    """Writes changes of tasks through the ledger, whoever brings them: the first end counts."""

    def __init__(
        self,
        parts: Parts,
        pollers: Mapping[str, Poller],
        *,
        finished: Callable[[TaskFinished], None],
        moved: Callable[[str], None],
    ) -> None:
        """Take what is needed.

        Args:
            parts: What calls go through.
            pollers: By provider.
            finished: Told of each task that has ended.
            moved: Told by its call of each task that something was written of.
        """
        self._parts = parts
        self._pollers = pollers
        self._finished = finished
        self._moved = moved

    async def accepted(self, task: Task, update: TaskUpdate) -> bool:
        """Write that the upstream took a task.

        Args:
            task: As it was, with the facts of its submit.
            update: What was said, with the upstream's name for it; checked.

        Returns:
            Whether it is durable now; if not, it will be, unless the task was given up
            meanwhile because the submit took too long.
        """
        if update.ended:
            return await self.update(task, update)
        now = self._parts.clock.now()
        first = jittered(self._pace(task).first)
        advance = Advance(
            call_id=task.call_id,
            at=now,
            state="processing" if update.state == "processing" else "submitted",
            upstream_id=update.upstream_id,
            answer=update.answer,
            progress=update.progress,
            # That it was not found before it was taken says nothing of the looks to come.
            reason="",
            facts=task.facts,
            next_poll_at=now + round(first * 1_000_000),
            callback=self.message(task, update),
        )
        written = await self.write(advance)
        # The upstream's own word may have overtaken its answer to the submit.
        return written is not None and (not written.repeated or written.task == "succeed")

    async def update(self, task: Task, update: TaskUpdate, claim: Claim | None = None) -> bool:
        """Write what the upstream said of a task.

        Args:
            task: As it was.
            update: What was said; checked.
            claim: Under which it was polled; None: the schedule stays.

        Returns:
            Whether it is durable now; if not, it will be.
        """
        now = self._parts.clock.now()
        callback = self.message(task, update)
        if update.ended:
            amount = self._amount(task, update)
            return await self._finish(
                task, verdict.finished(task, update, now, amount=amount, callback=callback)
            )
        pace = self._pace(task)
        advance = verdict.advanced(task, update, pace, now, claim=claim, callback=callback)
        return await self.write(advance) is not None

    async def put_off(self, task: Task, error: PlugwayError, claim: Claim) -> None:
        """Write that a poll told nothing, or end a task that its upstream does not know.

        Args:
            task: As it was.
            error: What came of the poll.
            claim: Under which it was made.
        """
        now = self._parts.clock.now()
        settings = self._parts.settings().tasks
        limit = settings.alert_failures
        operation = verdict.put_off(
            task,
            error,
            self._pace(task),
            now,
            claim=claim,
            alert_failures=limit,
            find_seconds=settings.find_seconds,
        )
        if operation is None:
            # What was never found was never taken: the caller's name for it is free again.
            await self.end(
                task,
                "failed",
                verdict.GONE,
                refused=task.upstream_id is None,
                seen=task.updated_at,
            )
            return
        await self.write(operation)
        if operation.failures == limit:
            self._parts.alert(
                "task_stuck", self._subject(task), f"{limit} polls told nothing: {error}"
            )

    async def end(
        self,
        task: Task,
        state: str,
        reason: str,
        *,
        refused: bool = False,
        tell: bool = True,
        seen: int | None = None,
    ) -> bool:
        """End a task without its upstream's word.

        Args:
            task: As it was.
            state: `failed` or `expired`.
            reason: Why; no secret.
            refused: The upstream never took it.
            tell: Its client has not been told yet.
            seen: As in `Finish`.

        Returns:
            Whether it is durable now; if not, it will be.
        """
        callback = None
        if tell:
            said = TaskUpdate(state="failed", answer=task.answer or "{}", reason=reason)
            callback = self.message(task, said)
        now = self._parts.clock.now()
        return await self._finish(
            task,
            verdict.ended(task, state, reason, now, callback=callback, refused=refused, seen=seen),
        )

    async def write(self, operation: Advance | Finish) -> Outcome | None:
        """Hand an operation to the ledger and wait until it is durable, within bounds.

        Returns:
            None: not yet, or refused; a refusal is logged.
        """
        future = self._parts.ledger.submit(operation)
        if not await self._parts.patience.wait(future):
            log.error("task %s waits for the ledger", operation.call_id)
            return None
        error = future.exception()
        if error is None:
            self._moved(operation.call_id)
            return future.result()
        if isinstance(error, Conflict) and operation.upstream_id is not None:
            message = "its upstream gave it the name of another task"
            self._parts.alert("task_stuck", f"task {operation.call_id}", message)
        log.error("task %s cannot be written: %s", operation.call_id, error)
        return None

    def message(self, task: Task, update: TaskUpdate) -> NewCallback | None:
        """Return what a task's client is told of a change; None: nothing.

        Args:
            task: As it was.
            update: The change.
        """
        poller = self._pollers.get(task.provider)
        if not task.callback_url or poller is None:
            return None
        body = told.message_of(poller, task, update)
        if body is None:
            return None
        return NewCallback(user_id=task.user_id, url=task.callback_url, body=body)

    async def tire(self, task: Task) -> None:
        """End a task that was asked for as often as its plugin wants, if it goes on.

        Args:
            task: As it was before the last poll, which has told something.
        """
        most = self._pace(task).most
        if most is not None and task.polls + 1 >= most:
            await self.end(task, "expired", EXPIRED)

    def _pace(self, task: Task) -> Pace:
        return told.pace_of(self._pollers.get(task.provider), task)

    def _amount(self, task: Task, update: TaskUpdate) -> int | None:
        if update.usages is None or update.state != "succeed":
            return None
        channel = self._parts.channels.get(task.channel_id or 0)
        try:
            quote = self._parts.tariff().quote(
                task.provider, update.usages, channel.settings if channel else None
            )
        except PlugwayError as error:
            # What was agreed to at the submit is what is charged.
            log.error("task %s is charged as it was quoted: %s", task.call_id, error.message)
            return None
        return quote.credits

    async def _finish(self, task: Task, finish: Finish) -> bool:
        outcome = await self.write(finish)
        if outcome is None:
            return False
        if outcome.repeated:
            return True
        if outcome.shortfall:
            said = f"it cost {outcome.shortfall} credits more than could be taken"
            self._parts.alert("settlement_failed", f"task {task.call_id}", said)
        self._tell(task, finish, outcome)
        return True

    def _tell(self, task: Task, finish: Finish, outcome: Outcome) -> None:
        parts = self._parts
        if finish.state == "expired":
            said = f"task {task.call_id} was {task.state}: {task.reason or 'it went on'}"
            parts.alert("task_expired", self._subject(task), said)
        channel = parts.channels.get(task.channel_id or 0)
        parts.metrics.settled("settled" if outcome.state == "settled" else "released")
        parts.metrics.task_finished(
            task.provider,
            channel.name if channel else "",
            task.kind,
            finish.state,
            max(0, finish.at - task.created_at) / 1_000_000,
        )
        self._finished(
            TaskFinished(
                call_id=task.call_id,
                provider=task.provider,
                kind=task.kind,
                model=task.model,
                upstream_id=finish.upstream_id or task.upstream_id,
                channel_id=task.channel_id,
                user_id=task.user_id,
                state=finish.state,
                credits=outcome.charged,
                reason=finish.reason or "",
            )
        )

    def _subject(self, task: Task) -> str:
        channel = self._parts.channels.get(task.channel_id or 0)
        return f"channel {channel.name}" if channel else f"provider {task.provider}"
