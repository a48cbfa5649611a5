"""The text of a batch's statements on SQLite."""

# ruff: noqa: S608  # the text is made of this package's names; values are bound or escaped

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, product

from plugway.ledger.rows import (
    ACCOUNT_CHANGE,
    ACCOUNT_STATE,
    ENTRY,
    ENTRY_STATE,
    HOLD,
    HOLD_CHANGE,
    HOLD_STATE,
    USAGE,
)
from plugway.ledger.task_rows import CALLBACK, KEPT, NAMES, TASK, TASK_CHANGE, TASK_STATE

#: Rows a statement writes: a batch is cut into these, so that few statements differ.
_SIZES = (128, 32, 8, 4, 2, 1)


class Statement:
    """Writes rows, many at a step.

    Example:
        >>> statement = Statement("INSERT INTO t VALUES ", 2)
        >>> list(statement.cut([(1, 2), (3, 4), (5, 6)]))[0]
        ('INSERT INTO t VALUES (?,?),(?,?)', [1, 2, 3, 4])
    """

    def __init__(self, head: str, width: int, tail: str = "") -> None:
        """Write the statement once for each number of rows.

        Args:
            head: Up to the rows.
            width: Values in a row.
            tail: After the rows.
        """
        row = f"({','.join('?' * width)})"
        self._texts = [(size, f"{head}{','.join([row] * size)}{tail}") for size in _SIZES]

    def cut(self, rows: Sequence[Sequence[object]]) -> Iterator[tuple[str, list[object]]]:
        """Cut rows into statements with their values.

        Args:
            rows: Any number.
        """
        at, count = 0, len(rows)
        for size, text in self._texts:
            while count - at >= size:
                yield text, list(chain.from_iterable(rows[at : at + size]))
                at += size


def _insert(table: str, columns: Sequence[str]) -> Statement:
    return Statement(f"INSERT INTO {table}({','.join(columns)}) VALUES ", len(columns))


def _update(table: str, columns: Sequence[str]) -> Statement:
    key, *changed = columns
    values = {name: f"v.column{place}" for place, name in enumerate(changed, 2)}
    values |= {name: f"coalesce({values[name]}, {name})" for name in KEPT if name in values}
    names = (f"{name} = {value}" for name, value in values.items())
    head = f"UPDATE {table} SET {', '.join(names)} FROM (VALUES "
    return Statement(head, len(columns), f") AS v WHERE {key} = v.column1")


ACCOUNTS = _update("plugway_account", ACCOUNT_CHANGE)
RESOLVED = _update("plugway_hold", HOLD_CHANGE)
OPENED = _insert("plugway_hold", HOLD)
ENTRIES = _insert("plugway_entry", ENTRY)
USAGES = _insert("plugway_usage", USAGE)
TASKS = _update("plugway_task", TASK_CHANGE)
NEW_TASKS = _insert("plugway_task", TASK)
CALLBACKS = _insert("plugway_callback", CALLBACK)
CORRECT = "UPDATE plugway_usage SET credits = credits + ?2 WHERE call_id = ?1"


def _json(columns: Sequence[str]) -> str:
    return f"json_group_array(json_array({', '.join(columns)}))"


def _load(*, looks_back: bool, entries: bool, usages: bool) -> str:
    """Build what reads for a batch; what it does not need is its own empty parameter."""
    named = "SELECT value FROM json_each({})"
    held = f"FROM plugway_hold WHERE call_id IN ({named.format('?1')})"
    accounts = named.format("?2")
    if looks_back:
        accounts += f" UNION ALL SELECT account_id {held} UNION ALL SELECT key_account_id {held}"
    parts = [
        f"(SELECT {_json(ACCOUNT_STATE)} FROM plugway_account WHERE id IN ({accounts}))",
        f"(SELECT {_json(HOLD_STATE)} {held})",
        "?3",
        "?4",
    ]
    if entries:
        used = f"plugway_entry WHERE idempotency_key IN ({named.format('?3')})"
        parts[2] = f"(SELECT {_json(ENTRY_STATE)} FROM {used})"
    if usages:
        used = f"plugway_usage WHERE call_id IN ({named.format('?4')})"
        parts[3] = f"(SELECT json_group_array(call_id) FROM {used})"
    return f"SELECT {', '.join(parts)}"


LOADS = {
    key: _load(looks_back=key[0], entries=key[1], usages=key[2])
    for key in product((False, True), repeat=3)
}
LOAD_TASKS = f"""
SELECT
  (SELECT {_json(TASK_STATE)} FROM plugway_task
     WHERE call_id IN (SELECT value FROM json_each(?1))),
  (SELECT {_json(NAMES)} FROM plugway_task
     WHERE upstream_id IN (SELECT value FROM json_each(?2))
     OR (external_id IN (SELECT value FROM json_each(?3))
         AND user_id IN (SELECT value FROM json_each(?4))))
"""
EXPIRED = """
SELECT call_id FROM plugway_hold
WHERE state = 'open' AND expires_at <= ? AND task = FALSE ORDER BY expires_at LIMIT ?
"""
OPEN = "SELECT count(*), coalesce(sum(amount), 0) FROM plugway_hold WHERE state = 'open'"
PRUNE = "DELETE FROM plugway_{} WHERE id IN (SELECT id FROM {} ORDER BY created_at, id LIMIT ?)"
