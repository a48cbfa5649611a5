"""The ledger's invariants, checked against the database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from plugway.ledger.snapshot import Fetch, snapshot
from plugway.storage.url import DatabaseURL

#: Mismatches of one kind that are named; one more says that there are more.
_NAMED = 100

# The SQL is that which SQLite, PostgreSQL, MySQL and MariaDB have in common. Each of these
# finds rows that must not be: what to say about them, and the query.
_CHECKS = (
    (
        "account {}: the balance is {}, its entries sum to {}",
        """
        SELECT a.id, a.balance, COALESCE(e.moved, 0) FROM plugway_account a
        LEFT JOIN (SELECT account_id, SUM(delta_balance) AS moved FROM plugway_entry
                   GROUP BY account_id) e ON e.account_id = a.id
        WHERE a.balance <> COALESCE(e.moved, 0)
        """,
    ),
    (
        "account {}: {} credits are held, its entries sum to {}",
        """
        SELECT a.id, a.held, COALESCE(e.moved, 0) FROM plugway_account a
        LEFT JOIN (SELECT account_id, SUM(delta_held) AS moved FROM plugway_entry
                   GROUP BY account_id) e ON e.account_id = a.id
        WHERE a.held <> COALESCE(e.moved, 0)
        """,
    ),
    (
        "account {}: {} credits are held, its open holds sum to {}",
        """
        SELECT a.id, a.held, COALESCE(o.amount, 0) FROM plugway_account a
        LEFT JOIN (SELECT account_id, SUM(amount) AS amount FROM (
                     SELECT account_id, amount FROM plugway_hold WHERE state = 'open'
                     UNION ALL
                     SELECT key_account_id, amount FROM plugway_hold
                     WHERE state = 'open' AND key_account_id IS NOT NULL) s
                   GROUP BY account_id) o ON o.account_id = a.id
        WHERE a.held <> COALESCE(o.amount, 0)
        """,
    ),
    (
        "account {}: {} credits are held of a balance of {} and an overdraft of {}",
        """
        SELECT id, held, balance, overdraft FROM plugway_account
        WHERE held < 0 OR held > balance + overdraft
        """,
    ),
    (
        "entry {}: there is no account {}",
        """
        SELECT e.id, e.account_id FROM plugway_entry e
        LEFT JOIN plugway_account a ON a.id = e.account_id WHERE a.id IS NULL
        """,
    ),
    (
        "entry {}: a {} cannot change the balance by {} and what is held by {}",
        """
        SELECT id, kind, delta_balance, delta_held FROM plugway_entry WHERE NOT (
          (kind = 'credit' AND delta_balance > 0 AND delta_held = 0 AND call_id IS NULL)
          OR (kind = 'adjust' AND delta_balance <> 0 AND delta_held = 0 AND call_id IS NULL)
          OR (kind = 'reserve' AND delta_balance = 0 AND delta_held >= 0 AND call_id IS NOT NULL)
          OR (kind = 'release' AND delta_balance = 0 AND delta_held <= 0 AND call_id IS NOT NULL)
          OR (kind = 'settle' AND delta_balance <= 0 AND delta_held <= 0 AND call_id IS NOT NULL)
          OR (kind = 'refund' AND delta_balance > 0 AND delta_held = 0 AND call_id IS NOT NULL))
        """,
    ),
    (
        "entry {}: call {} holds nothing of account {}",
        """
        SELECT e.id, e.call_id, e.account_id FROM plugway_entry e
        LEFT JOIN plugway_hold h ON h.call_id = e.call_id
          AND (h.account_id = e.account_id OR h.key_account_id = e.account_id)
        WHERE e.call_id IS NOT NULL AND h.call_id IS NULL
        """,
    ),
    (
        "idempotency key {}: {} entries have it",
        """
        SELECT idempotency_key, COUNT(*) FROM plugway_entry
        GROUP BY idempotency_key HAVING COUNT(*) > 1
        """,
    ),
    (
        "call {}: a hold cannot be {} of {} with {} settled, {} short, {} refunded"
        " and be resolved at {}",
        """
        SELECT call_id, state, amount, settled_amount, shortfall, refunded, resolved_at
        FROM plugway_hold WHERE amount < 0 OR (amount = 0 AND NOT task) OR shortfall < 0
          OR account_id = key_account_id OR refunded < 0
          OR refunded > settled_amount OR NOT (
          (state = 'open' AND settled_amount = 0 AND shortfall = 0 AND resolved_at IS NULL)
          OR (state = 'released' AND settled_amount = 0 AND shortfall = 0
              AND resolved_at IS NOT NULL)
          OR (state = 'settled' AND resolved_at IS NOT NULL
              AND (shortfall = 0 OR settled_amount = amount)))
        """,
    ),
    (
        "call {}: the usage row says {} credits, the hold says {}",
        """
        SELECT u.call_id, u.credits, COALESCE(h.settled_amount - h.refunded, 0)
        FROM plugway_usage u LEFT JOIN plugway_hold h ON h.call_id = u.call_id
        WHERE u.credits <> COALESCE(h.settled_amount - h.refunded, 0)
        """,
    ),
    (
        "call {}: it has {} usage rows",
        "SELECT call_id, COUNT(*) FROM plugway_usage GROUP BY call_id HAVING COUNT(*) > 1",
    ),
    (
        "call {}: its task is {}, but no hold belongs to it",
        """
        SELECT t.call_id, t.state FROM plugway_task t
        LEFT JOIN plugway_hold h ON h.call_id = t.call_id AND h.task
        WHERE h.call_id IS NULL
        """,
    ),
    (
        "call {}: its hold is {} and belongs to a task, but there is no such task",
        """
        SELECT h.call_id, h.state FROM plugway_hold h
        LEFT JOIN plugway_task t ON t.call_id = h.call_id
        WHERE h.task AND t.call_id IS NULL
        """,
    ),
    (
        "call {}: its task is {}, but its hold is {}",
        """
        SELECT t.call_id, t.state, h.state FROM plugway_task t
        JOIN plugway_hold h ON h.call_id = t.call_id
        WHERE h.task AND NOT (
          (t.state IN ('pending', 'unknown', 'submitted', 'processing') AND h.state = 'open')
          OR (t.state = 'succeed' AND h.state = 'settled')
          OR (t.state IN ('failed', 'expired') AND h.state = 'released'))
        """,
    ),
    (
        "call {}: its task is of account {}, its hold is on account {}",
        """
        SELECT t.call_id, t.account_id, h.account_id FROM plugway_task t
        JOIN plugway_hold h ON h.call_id = t.call_id WHERE t.account_id <> h.account_id
        """,
    ),
    (
        "call {}: its task cannot be {} and next polled at {}, with a deadline at {}",
        """
        SELECT call_id, state, next_poll_at, deadline FROM plugway_task WHERE NOT (
          (state IN ('succeed', 'failed', 'expired')
            AND next_poll_at IS NULL AND deadline IS NULL)
          OR (state NOT IN ('succeed', 'failed', 'expired')
            AND next_poll_at IS NOT NULL AND deadline IS NOT NULL))
        """,
    ),
    (
        "call {}: its task cannot be {} and finished at {}",
        """
        SELECT call_id, state, finished_at FROM plugway_task WHERE NOT (
          (state IN ('succeed', 'failed', 'expired') AND finished_at IS NOT NULL)
          OR (state NOT IN ('succeed', 'failed', 'expired') AND finished_at IS NULL))
        """,
    ),
)

#: Each hold on each of its accounts, where its entries are not those of its state.
_HOLDS = """
WITH side AS (
  SELECT call_id, account_id, state, amount, settled_amount, refunded FROM plugway_hold
  UNION ALL
  SELECT call_id, key_account_id, state, amount, settled_amount, refunded FROM plugway_hold
  WHERE key_account_id IS NOT NULL),
moved AS (
  SELECT call_id, account_id,
    SUM(CASE WHEN kind = 'reserve' THEN 1 ELSE 0 END) AS reserves,
    SUM(CASE WHEN kind = 'reserve' THEN delta_held ELSE 0 END) AS reserved,
    SUM(CASE WHEN kind = 'settle' THEN 1 ELSE 0 END) AS settles,
    SUM(CASE WHEN kind = 'settle' THEN -delta_balance ELSE 0 END) AS charged,
    SUM(CASE WHEN kind = 'release' THEN 1 ELSE 0 END) AS releases,
    SUM(CASE WHEN kind IN ('settle', 'release') THEN -delta_held ELSE 0 END) AS returned,
    SUM(CASE WHEN kind = 'refund' THEN delta_balance ELSE 0 END) AS refunds
  FROM plugway_entry WHERE call_id IS NOT NULL GROUP BY call_id, account_id)
SELECT s.call_id, s.account_id, s.state,
  COALESCE(m.reserves, 0), 1,
  COALESCE(m.reserved, 0), s.amount,
  COALESCE(m.settles, 0), CASE WHEN s.state = 'settled' THEN 1 ELSE 0 END,
  COALESCE(m.charged, 0), s.settled_amount,
  COALESCE(m.releases, 0), CASE WHEN s.state = 'released' THEN 1 ELSE 0 END,
  COALESCE(m.returned, 0), CASE WHEN s.state = 'open' THEN 0 ELSE s.amount END,
  COALESCE(m.refunds, 0), s.refunded
FROM side s LEFT JOIN moved m ON m.call_id = s.call_id AND m.account_id = s.account_id
WHERE m.call_id IS NULL OR m.reserves <> 1 OR m.reserved <> s.amount
  OR m.settles <> CASE WHEN s.state = 'settled' THEN 1 ELSE 0 END
  OR m.charged <> s.settled_amount
  OR m.releases <> CASE WHEN s.state = 'released' THEN 1 ELSE 0 END
  OR m.returned <> CASE WHEN s.state = 'open' THEN 0 ELSE s.amount END
  OR m.refunds <> s.refunded
"""
#: What the pairs of numbers in a row of `_HOLDS` are: found, expected.
_MOVES = (
    "reserve entries",
    "credits reserved",
    "settle entries",
    "credits charged",
    "release entries",
    "credits returned",
    "credits refunded",
)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Says whether the ledger is whole.

    Attributes:
        ok: No invariant is broken.
        problems: Each mismatch in a sentence that names its account, call or entry.
        accounts: Accounts checked.
        holds: Holds checked.
        entries: Entries checked.
        usages: Usage rows checked; calls may be without, for the retention deletes them.
        tasks: Tasks checked.
    """

    ok: bool
    problems: tuple[str, ...]
    accounts: int
    holds: int
    entries: int
    usages: int
    tasks: int


async def verify(url: DatabaseURL) -> Report:
    """Check every invariant of the ledger at one moment; the gateway may be running.

    Args:
        url: The database.

    Returns:
        The report. Beyond a hundred mismatches of one kind it only says that there are more.

    Raises:
        ConfigurationError: The database cannot be reached.
    """
    async with snapshot(url) as fetch:
        problems: list[str] = []
        for text, query in _CHECKS:
            problems += _named([text.format(*row) for row in await _rows(fetch, query)])
        lines = [line for row in await _rows(fetch, _HOLDS) for line in _hold_problems(row)]
        problems += _named(lines)
        ((accounts, holds, entries, usages, tasks),) = await fetch(
            "SELECT (SELECT COUNT(*) FROM plugway_account), (SELECT COUNT(*) FROM plugway_hold),"
            " (SELECT COUNT(*) FROM plugway_entry), (SELECT COUNT(*) FROM plugway_usage),"
            " (SELECT COUNT(*) FROM plugway_task)"
        )
    return Report(
        ok=not problems,
        problems=tuple(problems),
        accounts=accounts,
        holds=holds,
        entries=entries,
        usages=usages,
        tasks=tasks,
    )


async def _rows(fetch: Fetch, query: str) -> list[tuple[Any, ...]]:
    return await fetch(f"{query} LIMIT {_NAMED + 1}")


def _hold_problems(row: tuple[Any, ...]) -> Iterator[str]:
    call_id, account, state, *numbers = row
    for name, found, expected in zip(_MOVES, numbers[::2], numbers[1::2], strict=True):
        if found != expected:
            yield (
                f"call {call_id}: its hold on account {account} is {state} and has"
                f" {found} {name}, not {expected}"
            )


def _named(problems: list[str]) -> list[str]:
    if len(problems) <= _NAMED:
        return problems
    return [*problems[:_NAMED], "and there is more of this kind"]
