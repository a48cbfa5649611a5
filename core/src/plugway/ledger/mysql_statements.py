"""The text of a batch's statements: MySQL's protocol has no arrays to bind."""

# ruff: noqa: S608  # the text is made of this package's names; values are bound or escaped

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from plugway.ledger.books import Needs
from plugway.ledger.plan import Plan
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

#: Rows that one statement writes: servers limit the size of a packet.
_ROWS = 100

EXPIRED = (
    "SELECT call_id FROM plugway_hold WHERE state = 'open' AND expires_at <= {}"
    " AND task_id IS NULL ORDER BY expires_at LIMIT {}"
)
OPEN = "SELECT count(*), coalesce(sum(amount), 0) FROM plugway_hold WHERE state = 'open'"
PRUNE = "DELETE FROM plugway_usage WHERE created_at < {} ORDER BY created_at, id LIMIT {}"


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

    def write(self, plan: Plan) -> Iterator[str]:
        """Write what a batch has decided."""
        for call_id, change in plan.corrections.items():
            # First: a correction is of a row that an earlier batch wrote.
            yield (
                f"UPDATE plugway_usage SET credits = credits + {change}"
                f" WHERE call_id = {self.literal(call_id)}"
            )
        yield from self._update(
            "plugway_account", ACCOUNT_CHANGE, account_changes(plan.touched.values())
        )
        yield from self._update("plugway_hold", HOLD_CHANGE, hold_changes(plan.resolved.values()))
        yield from self._insert("plugway_hold", HOLD, hold_rows(plan.opened.values()))
        yield from self._insert("plugway_entry", ENTRY, plan.entries)
        yield from self._insert("plugway_usage", USAGE, list(plan.usages.values()))

    def _list(self, values: Iterable[object]) -> str:
        return ", ".join(map(self.literal, values)) or "NULL"

    def _insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
    ) -> Iterator[str]:
        head = f"INSERT INTO {table}({', '.join(columns)}) VALUES "
        for at in range(0, len(rows), _ROWS):
            yield head + ", ".join(f"({self._list(row)})" for row in rows[at : at + _ROWS])

    def _update(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
    ) -> Iterator[str]:
        key, *changed = columns
        changes = ", ".join(f"t.{name} = v.{name}" for name in changed)
        for at in range(0, len(rows), _ROWS):
            first, *others = rows[at : at + _ROWS]
            named = (f"{self.literal(v)} AS {c}" for v, c in zip(first, columns, strict=True))
            table_of_values = " UNION ALL ".join(
                [f"SELECT {', '.join(named)}", *(f"SELECT {self._list(row)}" for row in others)]
            )
            yield (
                f"UPDATE {table} t JOIN ({table_of_values}) v ON t.{key} = v.{key} SET {changes}"
            )
