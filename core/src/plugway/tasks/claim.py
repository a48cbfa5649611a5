"""Takes due tasks, so that one of all nodes asks for each of them.

First what is due is looked at, channel by channel, without a lock; then what was chosen is
taken by its ids. Those that another node has taken or holds meanwhile are left to it, and
others chosen instead, so nodes never wait for each other.
"""

# ruff: noqa: S608  # the text is made of this package's names and of integers

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from plugway.contract import Task
from plugway.ids import new_id
from plugway.tasks.store import COLUMNS

if TYPE_CHECKING:
    from plugway.storage.database import Database

#: Times that a claim chooses; each time beyond the first it has met another node.
_TRIES = 4

#: Channels that one statement looks at: SQLite combines 500 queries at the most.
_CHANNELS = 100

#: A lease names who has it, for those who read the table, as far as there is room.
_OWNER = 31

_COLUMNS = ", ".join(COLUMNS)
_DUE = "SELECT id, channel_id, next_poll_at FROM plugway_task WHERE channel_id"

_LOOK_POSTGRES = f"""
SELECT t.* FROM unnest($1::bigint[], $2::bigint[]) AS r(channel_id, places)
CROSS JOIN LATERAL (
  {_DUE} = r.channel_id AND next_poll_at <= $3 ORDER BY next_poll_at LIMIT r.places) t
UNION ALL
({_DUE} IS NULL AND next_poll_at <= $3 ORDER BY channel_id, next_poll_at LIMIT $4)
"""
# The list is made once and first, so that nothing is locked that is not taken. Nobody waits
# for the disk: what a crash loses is a claim, and then its tasks are due again.
_TAKE_POSTGRES = f"""
UPDATE plugway_task SET next_poll_at = $3, lease = $4 WHERE id = ANY (ARRAY(
  SELECT id FROM plugway_task WHERE id = ANY($1::bigint[]) AND next_poll_at <= $2
  FOR UPDATE SKIP LOCKED))
AND (SELECT set_config('synchronous_commit', 'off', true)) = 'off'
RETURNING {_COLUMNS}
"""
_TAKE_SQLITE = f"""
UPDATE plugway_task SET next_poll_at = ?3, lease = ?4
WHERE id IN (SELECT value FROM json_each(?1)) AND next_poll_at <= ?2
RETURNING {_COLUMNS}
"""
# By primary key, whatever the statistics say: an index range would lock the gaps in it, where
# another node writes.
_LOCK_MYSQL = f"""
SELECT {_COLUMNS} FROM plugway_task FORCE INDEX (PRIMARY)
WHERE id IN ({{}}) AND next_poll_at <= {{}} FOR UPDATE SKIP LOCKED
"""
_TAKE_MYSQL = """
UPDATE plugway_task FORCE INDEX (PRIMARY) SET next_poll_at = {}, lease = %s WHERE id IN ({})
"""


class Claimed(msgspec.Struct, frozen=True):
    """Is a task that nobody else asks for until its lease is over.

    Attributes:
        task: As it stood when it was taken.
        lease: Unique token of the claim.
        until: Microseconds since 1970 when others may take it.
        due: When it had become due.
    """

    task: Task
    lease: str
    until: int
    due: int


class Due(NamedTuple):
    """Is a task that is due.

    Attributes:
        at: Since when, microseconds since 1970.
        id: Its number.
        channel: Its channel; None: its submit died before one was chosen.
    """

    at: int
    id: int
    channel: int | None


async def claim(
    database: Database,
    now_us: int,
    *,
    lease_us: int,
    owner: str,
    room: Mapping[int, int],
    limit: int,
) -> list[Claimed]:
    """Take due tasks, of each channel those that have waited longest.

    When more are due than may be taken the channels take turns, so that a backlog of one does
    not hold up the others. Those without a channel have turns too.

    Args:
        database: Where tasks are.
        now_us: Microseconds since 1970.
        lease_us: Microseconds for which nobody else may have them, above 0.
        owner: Who takes them.
        room: How many at the most, by channel; of others none.
        limit: How many in all.

    Returns:
        What was taken, in the order in which it had become due.

    Raises:
        Unavailable: The database is away. What has been taken nevertheless is due again when
            the lease is over.
    """
    until, lease = now_us + lease_us, f"{owner[:_OWNER]}:{new_id()}"
    taken: dict[int, Task] = {}
    lost: set[int] = set()
    chosen: dict[int, Due] = {}

    async def work() -> None:
        for _ in range(_TRIES):
            due = await _look(database, now_us, room, limit, len(lost))
            fresh = [one for one in due if one.id not in lost]
            picked = choose(fresh, room, limit, (chosen[id_] for id_ in taken))
            if not picked:
                return
            chosen.update((one.id, one) for one in picked)
            ids = [one.id for one in picked]
            got = await _take(database, ids, now_us, until, lease)
            taken.update((task.id, task) for task in got)
            if len(got) == len(ids):
                return
            lost.update(set(ids) - taken.keys())

    if limit > 0:
        await database.run(work)
    order = sorted(chosen[id_] for id_ in taken)
    return [Claimed(taken[one.id], lease, until, one.at) for one in order]


def choose(
    due: Iterable[Due], room: Mapping[int, int], limit: int, taken: Iterable[Due] = ()
) -> list[Due]:
    """Choose among due tasks: of each channel the first, then of each the second, and so on.

    Args:
        due: In any order.
        room: How many at the most, by channel.
        limit: How many in all.
        taken: What has been chosen already.

    Example:
        >>> due = [Due(1, 1, 7), Due(2, 2, 7), Due(3, 3, 7), Due(4, 4, 8), Due(5, 5, 9)]
        >>> [one.id for one in choose(due, {7: 3, 8: 1}, 3)]
        [1, 4, 2]
    """
    turns = Counter(one.channel for one in taken)
    left = limit - turns.total()
    ranked: list[tuple[int, Due]] = []
    for one in sorted(due):
        places = limit if one.channel is None else room.get(one.channel, 0)
        if turns[one.channel] < places:
            ranked.append((turns[one.channel], one))
            turns[one.channel] += 1
    return [one for _, one in sorted(ranked)[: max(0, left)]]


async def _look(
    database: Database, now_us: int, room: Mapping[int, int], limit: int, more: int
) -> list[Due]:
    """Read what is due, of each channel as many as could be taken and some more."""
    places = {channel: min(most, limit) + more for channel, most in room.items() if most > 0}
    client = database.client
    rows: list[Any] = []
    if database.url.dialect == "postgres":
        values = [list(places), list(places.values()), now_us, limit + more]
        rows += (await client.execute_query(_LOOK_POSTGRES, values))[1]
    else:
        for text in _looks(places, now_us, limit + more):
            rows += (await client.execute_query(text))[1]
    return [Due(row["next_poll_at"], row["id"], row["channel_id"]) for row in rows]


def _looks(places: Mapping[int, int], now_us: int, limit: int) -> Iterator[str]:
    """Write a query for each channel, combined into few statements."""
    order = "ORDER BY next_poll_at LIMIT"
    parts = iter(
        [
            f"SELECT * FROM ({_DUE} IS NULL AND next_poll_at <= {now_us} {order} {limit}) c",
            *(
                f"SELECT * FROM ({_DUE} = {channel} AND next_poll_at <= {now_us}"
                f" {order} {most}) c{place}"
                for place, (channel, most) in enumerate(places.items())
            ),
        ]
    )
    while some := list(islice(parts, _CHANNELS)):
        yield " UNION ALL ".join(some)


async def _take(
    database: Database, ids: Sequence[int], now_us: int, until: int, lease: str
) -> list[Task]:
    """Take those of the tasks that are still due and that nobody else holds."""
    client = database.client
    if database.url.dialect == "postgres":
        values = [list(ids), now_us, until, lease]
        rows = await client.execute_query_dict(_TAKE_POSTGRES, values)
    elif database.url.dialect == "sqlite":
        # Nothing but a write, which waits for others' writes within the database's timeout.
        values = [msgspec.json.encode(ids).decode(), now_us, until, lease]
        rows = await client.execute_query_dict(_TAKE_SQLITE, values)
    else:
        rows = await database.transact(
            lambda: _take_mysql(database, ids, now_us, until, lease), revise=False
        )
    return [Task(**row) for row in rows]


async def _take_mysql(
    database: Database, ids: Sequence[int], now_us: int, until: int, lease: str
) -> list[dict[str, Any]]:
    client = database.client
    wanted = ", ".join(map(str, ids))
    rows = await client.execute_query_dict(_LOCK_MYSQL.format(wanted, now_us))
    if rows:
        locked = ", ".join(str(row["id"]) for row in rows)
        await client.execute_query(_TAKE_MYSQL.format(until, locked), [lease])
    return [{**row, "next_poll_at": until} for row in rows]
