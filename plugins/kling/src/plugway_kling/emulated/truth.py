"""What really happened, for those who want to compare it with what others believe."""

from __future__ import annotations

from typing import Any

import msgspec

from plugway_kling.emulated.accounts import Accounts
from plugway_kling.emulated.call import Call
from plugway_kling.emulated.mishaps import Mishap
from plugway_kling.emulated.refusals import Refusal
from plugway_kling.emulated.tasks import EmulatedTask, milliseconds, plain


class Attempt(msgspec.Struct, kw_only=True, eq=False):
    """Is one POST, whatever became of it.

    Attributes:
        account: Who asked.
        path: For what.
        external_id: The external id that it gave; empty: none.
        answer: `sent`, `refused`, `left` if the client did not wait for it, or the mishap.
        code: Official code of a refusal.
        task_id: The task that it made.
    """

    account: str
    path: str
    external_id: str
    answer: str = "refused"
    code: int | None = None
    task_id: str | None = None

    @classmethod
    def of(cls, method: str, call: Call, mishap: Mishap | None) -> Attempt | None:
        """Return the attempt that a call is; None: it only asks.

        Args:
            method: HTTP method.
            call: The call.
            mishap: What goes wrong with it.
        """
        if method != "POST":
            return None
        try:
            body = call.body()
        except Refusal:
            body = {}
        options = body.get("options")
        given = body.get("external_task_id") or (
            options.get("external_task_id") if isinstance(options, dict) else None
        )
        return cls(
            account=call.account.name,
            path=call.path,
            external_id=given if isinstance(given, str) else "",
            answer="refused" if mishap is None else mishap.kind,
        )


class Truth:
    """Remembers every attempt, and tells of every task."""

    def __init__(self, accounts: Accounts) -> None:
        """Prepare.

        Args:
            accounts: Have the tasks.
        """
        self._accounts = accounts
        self.attempts: list[Attempt] = []

    def tasks(self) -> list[dict[str, Any]]:
        """Return every task as it really stands."""
        return [_told(task) for account in self._accounts for task in account.tasks.values()]

    def creates(self) -> dict[str, dict[str, int]]:
        """Return by account how many tasks each external id has made."""
        return {
            account.name: {name: len(tasks) for name, tasks in account.named.items()}
            for account in self._accounts
        }

    def public(self) -> dict[str, Any]:
        """Return all of it, for JSON."""
        return {
            "accounts": [
                {
                    "name": account.name,
                    "units": plain(account.units),
                    "capacity": account.capacity,
                    "sessions": list(account.sessions),
                }
                for account in self._accounts
            ],
            "tasks": self.tasks(),
            "creates": self.creates(),
            "attempts": self.attempts,
        }


def _told(task: EmulatedTask) -> dict[str, Any]:
    return {
        "id": task.id,
        "account": task.account,
        "path": task.path,
        "model": task.model,
        "external_id": task.external_id,
        "callback_url": task.callback_url,
        "prompt": task.body.get("prompt", ""),
        "state": task.state,
        "reason": task.reason,
        "units": plain(task.units),
        "looks": task.looks,
        "answer": task.answer,
        "created_at": milliseconds(task.created_at),
        "updated_at": milliseconds(task.updated_at),
    }
