"""Rows of tasks, written without a ledger."""

from __future__ import annotations

from typing import Any

from plugway.ids import new_id
from plugway.storage.database import Database
from plugway.storage.models import ChannelRow, TaskRow

#: A moment; tasks were made at it.
NOW = 1_800_000_000_000_000
SECOND = 1_000_000

_ENDS = ("succeed", "failed", "expired")


class TaskRows:
    """Writes rows of tasks; what a test does not care about has a default."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def add(self, state: str = "submitted", *, due: int = 0, **other: Any) -> int:
        """Write a task and return its id.

        Args:
            state: Where it stands.
            due: Seconds after `NOW` when it is due; of no account once it has ended.
            other: Columns.
        """
        (task_id,) = await self.add_all([{"state": state, "due": due, **other}])
        return task_id

    async def add_all(self, tasks: list[dict[str, Any]]) -> list[int]:
        """Write many tasks and return their ids."""
        rows = [TaskRow(**_columns(**task)) for task in tasks]

        async def work() -> list[int]:
            await TaskRow.bulk_create(rows, batch_size=200)
            calls = [row.call_id for row in rows]
            pairs = await TaskRow.filter(call_id__in=calls).values_list("call_id", "id")
            ids = {str(call): int(task_id) for call, task_id in pairs}
            return [ids[call] for call in calls]

        return await self.database.transact(work, revise=False)

    async def channel(self, name: str) -> int:
        """Write a channel and return its id."""

        async def work() -> int:
            row = await ChannelRow.create(
                name=name,
                provider="kling",
                base_url="https://kling.invalid",
                models=["*"],
                enabled=True,
                weight=1,
                priority=0,
                settings={},
                created_at=NOW,
                updated_at=NOW,
            )
            return int(row.id)

        return await self.database.transact(work, revise=False)

    async def row(self, task_id: int) -> TaskRow:
        """Read a task's row."""
        return await self.database.run(lambda: TaskRow.get(id=task_id))


def _columns(state: str = "submitted", due: int = 0, **other: Any) -> dict[str, Any]:
    ended = state in _ENDS
    return {
        "call_id": new_id(),
        "provider": "kling",
        "kind": "text2video",
        "model": "kling-v1",
        "user_id": 1,
        "account_id": 1,
        "request_id": "r",
        "ip": "127.0.0.1",
        "channel_id": 1,
        "credential_id": 1,
        "state": state,
        "request": "{}",
        "price": 10,
        "facts": "{}",
        "next_poll_at": None if ended else NOW + due * SECOND,
        "polls": 0,
        "failures": 0,
        "deadline": None if ended else NOW + 86_400 * SECOND,
        "created_at": NOW,
        "updated_at": NOW,
        "finished_at": NOW if ended else None,
        **other,
    }
