"""The text of a batch's statements on PostgreSQL."""

# ruff: noqa: S608  # the text is made of this package's names; values are bound or escaped

from __future__ import annotations

from collections.abc import Callable, Sequence

from plugway.ledger.rows import (
    ACCOUNT_CHANGE,
    ENTRY,
    ENTRY_STATE,
    HOLD,
    HOLD_CHANGE,
    HOLD_STATE,
    USAGE,
)
from plugway.ledger.store import Pruned, pruned
from plugway.ledger.task_rows import CALLBACK, KEPT, NAMES, TASK, TASK_CHANGE, TASK_STATE

_TEXTS = frozenset(
    (
        "call_id",
        "state",
        "quote",
        "kind",
        "idempotency_key",
        "agent",
        "upstream_id",
        "external_id",
        "callback_url",
        "request",
        "answer",
        "facts",
        "lease",
        "url",
        "body",
        "actor",
        "reason",
        "request_id",
        "provider",
        "model",
        "error",
        "ip",
    )
)
_BOOLS = frozenset(("estimated", "task"))

_HELD = "FROM plugway_hold WHERE call_id = ANY($2::text[])"
LOCK = """
SELECT id, balance, held, overdraft FROM plugway_account WHERE id = ANY($1::bigint[])
ORDER BY id FOR UPDATE
"""
LOCK_HELD = f"""
SELECT id, balance, held, overdraft FROM plugway_account WHERE id IN (
  SELECT unnest($1::bigint[]) UNION SELECT account_id {_HELD} UNION SELECT key_account_id {_HELD})
ORDER BY id FOR UPDATE
"""


def _json(columns: Sequence[str], table: str, place: str) -> str:
    rows = f"json_agg(json_build_array({', '.join(columns)}))"
    found = f"{table} WHERE {columns[0]} = ANY({place}::text[])"
    return f"(SELECT coalesce({rows}, '[]')::text FROM {found})"


LOAD = f"""
SELECT
  {_json(HOLD_STATE, "plugway_hold", "$1")},
  {_json(ENTRY_STATE, "plugway_entry", "$2")},
  (SELECT coalesce(json_agg(call_id), '[]')::text FROM plugway_usage
     WHERE call_id = ANY($3::text[]))
"""


#: Writes the rows of some columns, which are bound as an array for each.
Rows = Callable[[Sequence[str]], str]


def _parts(*parts: Callable[[Rows], str]) -> str:
    """Build one statement of several, which see nothing of each other."""
    place = 0

    def rows(columns: Sequence[str]) -> str:
        nonlocal place
        arrays = []
        for name in columns:
            place += 1
            kind = "text" if name in _TEXTS else "bool" if name in _BOOLS else "bigint"
            arrays.append(f"${place}::{kind}[]")
        return f"unnest({', '.join(arrays)}) AS v({', '.join(columns)})"

    texts = (f"p{i} AS ({part(rows)})" for i, part in enumerate(parts))
    return f"WITH {', '.join(texts)} SELECT 1"


def _update(table: str, columns: Sequence[str]) -> Callable[[Rows], str]:
    key, *changed = columns
    changes = ", ".join(
        f"{name} = coalesce(v.{name}, t.{name})" if name in KEPT else f"{name} = v.{name}"
        for name in changed
    )
    return lambda rows: (
        f"UPDATE {table} t SET {changes} FROM {rows(columns)} WHERE t.{key} = v.{key}"
    )


def _insert(table: str, columns: Sequence[str]) -> Callable[[Rows], str]:
    names = ", ".join(columns)
    return lambda rows: f"INSERT INTO {table}({names}) SELECT {names} FROM {rows(columns)}"


def _correct(rows: Rows) -> str:
    return (
        "UPDATE plugway_usage t SET credits = t.credits + v.credits"
        f" FROM {rows(('call_id', 'credits'))} WHERE t.call_id = v.call_id"
    )


WRITE = _parts(
    _correct,
    _update("plugway_account", ACCOUNT_CHANGE),
    _update("plugway_hold", HOLD_CHANGE),
    _insert("plugway_hold", HOLD),
    _insert("plugway_entry", ENTRY),
    _insert("plugway_usage", USAGE),
)
# Two, because a new task may have a name that another loses.
WRITE_TASKS = _parts(_update("plugway_task", TASK_CHANGE))
WRITE_NEW = _parts(_insert("plugway_task", TASK), _insert("plugway_callback", CALLBACK))
EXPIRED = """
SELECT call_id FROM plugway_hold
WHERE state = 'open' AND expires_at <= $1 AND task = FALSE ORDER BY expires_at LIMIT $2
"""
OPEN = """
SELECT count(*), coalesce(sum(amount), 0)::bigint FROM plugway_hold WHERE state = 'open'
"""
LOCK_TASKS = f"""
SELECT {", ".join(TASK_STATE)} FROM plugway_task WHERE call_id = ANY($1::text[])
ORDER BY id FOR UPDATE
"""
NAMED = f"""
SELECT {", ".join(NAMES)} FROM plugway_task WHERE upstream_id = ANY($1::text[])
UNION ALL
SELECT {", ".join(NAMES)} FROM plugway_task
WHERE external_id = ANY($2::text[]) AND user_id = ANY($3::bigint[])
"""


def prune(what: Pruned) -> str:
    """Write what deletes old rows of a kind and counts them.

    Args:
        what: The kind.
    """
    return f"""
WITH gone AS (
  DELETE FROM plugway_{what} WHERE id IN (
    SELECT id FROM {pruned(what, "$1")} ORDER BY created_at, id LIMIT $2
    FOR UPDATE SKIP LOCKED)
  RETURNING 1)
SELECT count(*) FROM gone
"""
