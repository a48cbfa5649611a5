"""The text of a batch's statements: MySQL's protocol has no arrays to bind."""

# ruff: noqa: S608  # the text is made of this package's names; values are bound or escaped

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from plugway.ledger.books import Needs
from plugway.ledger.changes import Changes
from plugway.ledger.rows import (
    ACCOUNT_CHANGE,
    ACCOUNT_STATE,
    ENTRY,
    ENTRY_STATE,
    HOLD,
    HOLD_CHANGE,
    HOLD_STATE,
    USAGE,
    account_changes,
    hold_changes,
    hold_rows,
)
from plugway.ledger.task_rows import (
    CALLBACK,
    KEPT,
    NAMES,
    TASK,
    TASK_CHANGE,
    TASK_STATE,
    task_changes,
    task_rows,
)

#: Rows that one statement writes, and characters: servers limit the size of a packet.
_ROWS = 100
_CHARACTERS = 400_000

EXPIRED = (
    "SELECT call_id FROM plugway_hold WHERE state = 'open' AND expires_at <= {}"
    " AND task = FALSE ORDER BY expires_at LIMIT {}"
)
OPEN = "SELECT count(*), coalesce(sum(amount), 0) FROM plugway_hold WHERE state = 'open'"
PRUNE = "DELETE FROM {} ORDER BY created_at, id LIMIT {}"


class Statements:
    """Writes statements for one connection.

    Example:
        >>> Statements(lambda text: text.replace("'", "''")).literal("it's")
        "'it''s'"
    """

    def __init__(self, escape: Callable[[str], str]) -> None:
        """Take the connection's way of escaping, which depends on the server's mode.

        Args:
            escape: Escapes what stands between quotes.
        """
        self._escape = escape

    def literal(self, value: object) -> str:
        """Write a value.

        Args:
            value: Text, an integer, a truth value or None.
        """
        if isinstance(value, str):
            return f"'{self._escape(value)}'"
        if value is None:
            return "NULL"
        return str(int(value))  # type: ignore[call-overload]  # nothing else is in the rows

    def accounts_of(self, needs: Needs) -> str:
        """Find the accounts of the holds that a batch concerns."""
        calls = self._list(needs.calls)
        return f"SELECT account_id, key_account_id FROM plugway_hold WHERE call_id IN ({calls})"

    def load(self, needs: Needs, accounts: Iterable[int]) -> list[str]:
        """Lock accounts, then read what else a batch must know: holds, entries, usage rows."""
        calls = self._list(needs.calls)
        return [
            f"SELECT {', '.join(ACCOUNT_STATE)} FROM plugway_account"
            f" WHERE id IN ({self._list(accounts)}) ORDER BY id FOR UPDATE",
            f"SELECT {', '.join(HOLD_STATE)} FROM plugway_hold WHERE call_id IN ({calls})",
            f"SELECT {', '.join(ENTRY_STATE)} FROM plugway_entry"
            f" WHERE idempotency_key IN ({self._list(needs.entries)})",
            f"SELECT call_id FROM plugway_usage WHERE call_id IN ({self._list(needs.usages)})",
        ]

    def load_tasks(self, needs: Needs) -> list[str]:
        """Lock the tasks that a batch concerns, then read who has the names it gives."""
        names = f"SELECT {', '.join(NAMES)} FROM plugway_task WHERE"
        return [
            f"SELECT {', '.join(TASK_STATE)} FROM plugway_task"
            f" WHERE call_id IN ({self._list(needs.tasks)}) ORDER BY id FOR UPDATE",
            f"{names} upstream_id IN ({self._list(needs.upstream_ids)}) UNION ALL"
            f" {names} external_id IN ({self._list(needs.external_ids)})"
            f" AND user_id IN ({self._list(needs.users)})",
        ]

    def write(self, changes: Changes) -> Iterator[str]:
        """Write what a batch has decided."""
        for call_id, change in changes.corrections.items():
            # First: a correction is of a row that an earlier batch wrote.
            yield (
                f"UPDATE plugway_usage SET credits = credits + {change}"
                f" WHERE call_id = {self.literal(call_id)}"
            )
        yield from self._update(
            "plugway_account", ACCOUNT_CHANGE, account_changes(changes.touched.values())
        )
        yield from self._update(
            "plugway_hold", HOLD_CHANGE, hold_changes(changes.resolved.values())
        )
        yield from self._insert("plugway_hold", HOLD, hold_rows(changes.opened.values()))
        yield from self._insert("plugway_entry", ENTRY, changes.entries)
        yield from self._insert("plugway_usage", USAGE, list(changes.usages.values()))
        yield from self._update("plugway_task", TASK_CHANGE, task_changes(changes.tasks.values()))
        yield from self._insert("plugway_task", TASK, task_rows(changes.new_tasks.values()))
        yield from self._insert("plugway_callback", CALLBACK, changes.callbacks)

    def _list(self, values: Iterable[object]) -> str:
        return ", ".join(map(self.literal, values)) or "NULL"

    def _cut(self, rows: Sequence[Sequence[object]]) -> Iterator[list[str]]:
        """Write rows' values, as many at a time as one statement takes."""
        part: list[str] = []
        size = 0
        for row in rows:
            text = self._list(row)
            if part and (len(part) == _ROWS or size + len(text) > _CHARACTERS):
                yield part
                part, size = [], 0
            part.append(text)
            size += len(text)
        if part:
            yield part

    def _insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
    ) -> Iterator[str]:
        head = f"INSERT INTO {table}({', '.join(columns)}) VALUES "
        for part in self._cut(rows):
            yield head + ", ".join(f"({row})" for row in part)

    def _update(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
    ) -> Iterator[str]:
        key, *changed = columns
        changes = ", ".join(
            f"t.{name} = COALESCE(v.{name}, t.{name})" if name in KEPT else f"t.{name} = v.{name}"
            for name in changed
        )
        # Names the columns, and adds no row.
        names = f"SELECT {', '.join(f'NULL AS {name}' for name in columns)} FROM DUAL WHERE FALSE"
        for part in self._cut(rows):
            values = " UNION ALL ".join([names, *(f"SELECT {row}" for row in part)])
            yield f"UPDATE {table} t JOIN ({values}) v ON t.{key} = v.{key} SET {changes}"
