"""Four records of the same tasks, and what contradicts what in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from plugway.storage.models import Account, Hold, TaskRow, UsageRow
from plugway_kling.emulated.truth import Truth


class Witness:
    """Keeps what the clients saw, by each task's own mark.

    Attributes:
        accepted: Upstream's id of what was accepted.
        refused: What was answered with an error.
        lost: What got no answer.
        succeeded: What was seen to have succeeded.
        failed: What was seen to have failed.
    """

    def __init__(self) -> None:
        self.accepted: dict[str, tuple[str, str]] = {}
        self.refused: dict[str, str] = {}
        self.lost: set[str] = set()
        self.succeeded: set[str] = set()
        self.failed: set[str] = set()

    def open(self) -> list[str]:
        """Return what was accepted and not seen to end."""
        ended = self.succeeded | self.failed
        return [mark for mark in self.accepted if mark not in ended]


def compare_upstream(truth: Truth, rows: Sequence[TaskRow]) -> list[str]:
    """Compare the database with what the upstream really did."""
    found = [
        f"{name} was submitted {count} times"
        for account in truth.creates().values()
        for name, count in account.items()
        if count != 1
    ]
    real = {task["external_id"]: task for task in truth.tasks()}
    by_call = {row.call_id: row for row in rows}
    found += [f"the upstream has {name}, the database not" for name in real.keys() - by_call]
    for row in rows:
        task = real.get(row.call_id)
        ended = "failed" if task is None else task["state"]
        if row.state != ended:
            found.append(f"task {row.call_id} is {row.state}, the upstream says {ended}")
        if task is not None and row.upstream_id not in (None, task["id"]):
            found.append(f"task {row.call_id} is called {row.upstream_id}, not {task['id']}")
    return found


def compare_clients(witness: Witness, rows: Sequence[TaskRow]) -> list[str]:
    """Compare the database with what clients were told."""
    by_mark = {msgspec.json.decode(row.request)["prompt"]: row for row in rows}
    found = []
    for mark, (_, task_id) in witness.accepted.items():
        row = by_mark.get(mark)
        if row is None or row.upstream_id != task_id:
            found.append(f"a client was given {task_id}, which the database does not have")
    for marks, state in ((witness.succeeded, "succeed"), (witness.failed, "failed")):
        found += [
            f"a client saw {mark} {state}, it is {by_mark[mark].state}"
            for mark in marks
            if mark in by_mark and by_mark[mark].state != state
        ]
    if not witness.succeeded or not witness.failed or not witness.lost:
        found.append("the load never got through, or nothing ever went wrong")
    return found


def compare_ledger(
    rows: Sequence[TaskRow],
    holds: dict[str, Hold],
    usage: Sequence[UsageRow],
    accounts: Sequence[Account],
    paid_in: int,
) -> list[str]:
    """Compare tasks with holds, usage rows and the only account that paid."""
    found = []
    charged: Counter[str] = Counter()
    for one in usage:
        charged[one.call_id] += one.credits
    for row in rows:
        hold = holds.get(row.call_id)
        price = row.price if row.state == "succeed" else 0
        if hold is None or hold.settled_amount != price or charged[row.call_id] != price:
            found.append(f"task {row.call_id} is {row.state} and was not charged {price}")
    (account,) = accounts
    total = sum(row.price for row in rows if row.state == "succeed")
    if (paid_in - account.balance, account.held) != (total, 0):
        found.append(f"{paid_in - account.balance} were charged, {account.held} held, not {total}")
    return found
