"""Open tasks in bulk: rows, holds and entries as if each had been submitted."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from jobs import KIND, MODEL, PRICE, PROVIDER

from plugway import Usage
from plugway.ids import new_id
from plugway.storage.database import Database
from plugway.storage.models import Account, Entry, User
from plugway.tasks.facts import Facts

SECOND = 1_000_000
USERS = 100

#: Credits that each user has.
BALANCE = 10**9

#: What differs from task to task; the rest is in the statement.
_VARY = (
    "call_id",
    "user_id",
    "account_id",
    "channel_id",
    "credential_id",
    "upstream_id",
    "external_id",
    "next_poll_at",
    "facts",
)
_HOLDS = """
INSERT INTO plugway_hold (call_id, account_id, task, amount, state, settled_amount, shortfall,
  refunded, quote, created_at, expires_at)
SELECT call_id, account_id, TRUE, price, 'open', 0, 0, 0, '{}', created_at, deadline
FROM plugway_task
"""
_ENTRIES = """
INSERT INTO plugway_entry (account_id, call_id, kind, delta_balance, delta_held,
  idempotency_key, actor, reason, created_at)
SELECT account_id, call_id, 'reserve', 0, price, 'reserve:' || call_id,
  'gateway', '', created_at
FROM plugway_task
"""
_HELD = """
UPDATE plugway_account SET held =
  (SELECT coalesce(sum(price), 0) FROM plugway_task WHERE account_id = plugway_account.id)
"""


class Stock(msgspec.Struct, frozen=True, kw_only=True):
    """Says what is open.

    Attributes:
        tasks: How many.
        channels: Each channel and its credential; one in five tasks is the first channel's.
        interval: Seconds between two polls of a task; they are due all over it. 0: all are due
            now.
    """

    tasks: int
    channels: Sequence[tuple[int, int]]
    interval: float

    async def insert(self, database: Database, now: int) -> None:
        """Write users, their credits and their open tasks.

        Args:
            database: One without any of these.
            now: Microseconds since 1970.
        """

        async def work() -> None:
            await User.bulk_create(
                User(id=n, name=f"u{n}", role="user", account_id=n, enabled=True, created_at=now)
                for n in range(1, USERS + 1)
            )
            await Account.bulk_create(
                Account(id=n, owner=f"user:{n}", balance=BALANCE, held=0, overdraft=0)
                for n in range(1, USERS + 1)
            )
            await Entry.bulk_create(
                Entry(
                    account_id=n,
                    kind="credit",
                    delta_balance=BALANCE,
                    delta_held=0,
                    idempotency_key=f"bench:{n}",
                    actor="bench",
                    reason="bench",
                    created_at=now,
                )
                for n in range(1, USERS + 1)
            )
            mark = "${}" if database.url.dialect == "postgres" else "?{}"
            await database.client.execute_many(_tasks(mark, now), list(self._rows(now)))
            for statement in (_HOLDS, _ENTRIES, _HELD):
                await database.client.execute_query(statement)

        await database.transact(work, revise=False)

    def _rows(self, now: int) -> Iterator[list[Any]]:
        """Lay out what differs, in the order of `_VARY`."""
        chance = random.Random(1)  # noqa: S311  # spreads load, no secret
        others = self.channels[1:] or self.channels
        facts = [_facts(user) for user in range(USERS + 1)]
        for number in range(self.tasks):
            user = number % USERS + 1
            which = self.channels[0] if number % 5 == 0 else others[number % len(others)]
            # As in a gateway that has long polled: an interval is up to a fifth shorter, and
            # any part of it is over.
            left = self.interval * chance.uniform(0.8, 1.0) * chance.random()
            due = now + round(left * SECOND)
            names = f"upstream-{number}", f"external-{number}"
            yield [new_id(), user, user, *which, *names, due, facts[user]]


def _tasks(mark: str, now: int) -> str:
    """Write the statement that inserts a task; its values are numbered as the mark says."""
    same = {
        "provider": PROVIDER,
        "kind": KIND,
        "model": MODEL,
        "request_id": "bench",
        "ip": "127.0.0.1",
        "state": "submitted",
        "request": '{"prompt": "' + "a cat " * 50 + '"}',
        "price": PRICE,
        "polls": 0,
        "failures": 0,
        "deadline": now + 86_400 * SECOND,
        "created_at": now,
        "updated_at": now,
    }
    values = [mark.format(place) for place, _ in enumerate(_VARY, 1)]
    values += [repr(value) for value in same.values()]
    columns = ", ".join((*_VARY, *same))
    return f"INSERT INTO plugway_task ({columns}) VALUES ({', '.join(values)})"  # noqa: S608  # own


def _facts(user: int) -> str:
    facts = Facts(
        request_id="bench",
        account_id=user,
        key_id=None,
        ip="127.0.0.1",
        usages=(Usage(key=MODEL, videos=1),),
    )
    return msgspec.json.encode(facts).decode()
