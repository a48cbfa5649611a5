"""Rows of credentials as the pool reads and writes them; each write is conditional.

What a write finds changed by somebody else meanwhile, the operator say, it leaves alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tortoise.expressions import Q

from plugway.credentials.states import PASSING, CredentialState
from plugway.storage.models import CredentialRow

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.storage.database import Database

#: Rows of one look: short enough that requests do not notice it.
PAGE = 1_000

#: Longest reason that a row holds, characters.
_REASON = 512


class Facts(NamedTuple):
    """Is what a row says of its credential, without the secret.

    Attributes:
        id: Database id.
        channel_id: Whose it is.
        kind: Name of its kind.
        digest: What tells its secret from others.
        state: As in `plugway.credentials.states`.
        until: Microseconds since 1970 when that state is over.
        failures: Refusals in a row.
        claim: Call that uses it.
        claimed_until: The same, when the claim is over; None: there is none.
        next_use_at: The same, when its rest after the last call is over.
        quotas: As `Quotas.text` writes them.
    """

    id: int
    channel_id: int
    kind: str
    digest: str
    state: CredentialState
    until: int | None
    failures: int
    claim: str | None
    claimed_until: int | None
    next_use_at: int
    quotas: str


_COLUMNS = tuple("cooling_until" if name == "until" else name for name in Facts._fields)


class Given(NamedTuple):
    """Is a claim that ends.

    Attributes:
        owner: Who had it.
        next_use_at: Microseconds since 1970 when others may have it.
    """

    owner: str
    next_use_at: int


class Word(NamedTuple):
    """Is a change of state.

    Attributes:
        state: The new one.
        until: Microseconds since 1970 when it is over.
        failures: Refusals in a row.
        reason: Why; no secret.
    """

    state: CredentialState
    until: int | None
    failures: int
    reason: str


class Change(NamedTuple):
    """Is what one write says of one credential.

    Attributes:
        known: What the row is believed to say.
        given: The claim that ends.
        word: The change of state.
        quotas: As `Quotas.text` writes them; None: they have not changed.
    """

    known: Facts
    given: Given | None
    word: Word | None
    quotas: str | None


async def page(database: Database, after: int) -> list[Facts]:
    """Read what the next rows say, by id.

    Args:
        database: Where they are.
        after: Id of the last one before.
    """

    async def work() -> list[Any]:
        rows = CredentialRow.filter(id__gt=after).order_by("id").limit(PAGE)
        return await rows.values_list(*_COLUMNS)

    return [Facts(*row) for row in await database.run(work)]


async def read(database: Database, ids: Iterable[int]) -> dict[int, Facts]:
    """Read what some rows say; one that is gone is left out.

    Args:
        database: Where they are.
        ids: Which, not many.
    """
    wanted = list(ids)

    async def work() -> list[Any]:
        return await CredentialRow.filter(id__in=wanted).values_list(*_COLUMNS)

    return {row[0]: Facts(*row) for row in await database.run(work)}


async def sealed(database: Database, ids: Sequence[int]) -> list[CredentialRow]:
    """Read the sealed secrets of some rows; nothing else in them is set.

    Args:
        database: Where they are.
        ids: Which, not many.
    """

    async def work() -> list[CredentialRow]:
        return await CredentialRow.filter(id__in=list(ids)).only(
            "id", "channel_id", "digest", "sealed"
        )

    return await database.run(work)


async def take(
    database: Database,
    known: Facts,
    owner: str,
    clock: Clock,
    *,
    lease_us: int,
    cooldown_us: int,
    others: Callable[[], Iterable[int]],
) -> tuple[bool, dict[int, Facts]]:
    """Claim a credential for one call, unless anybody has it or it rests.

    Args:
        database: Where it is.
        known: What its row is believed to say; with another secret it is not taken.
        owner: The call's id.
        clock: The time.
        lease_us: Microseconds for which nobody else may have it.
        cooldown_us: The same, for which it rests after a call; a node that died with a claim
            may have used it until the end of its lease.
        others: Says which credentials are looked at besides, if this one is not to be had.

    Returns:
        Whether it was taken, and what the rows say now.

    Raises:
        Unavailable: The database is away; whether it was taken is not known.
    """

    async def work() -> tuple[bool, list[Any]]:
        # The moment of the statement: the work may have waited for a connection.
        now = clock.now()
        free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now - cooldown_us)
        usable = Q(state="ready") | Q(state__in=PASSING, cooling_until__lte=now)
        taken = await CredentialRow.filter(
            free, usable, id=known.id, digest=known.digest, next_use_at__lte=now
        ).update(claim=owner, claimed_until=now + lease_us)
        ids = [known.id] if taken else [known.id, *others()]
        return taken > 0, await CredentialRow.filter(id__in=ids).values_list(*_COLUMNS)

    taken, rows = await database.run(work)
    return taken, {row[0]: Facts(*row) for row in rows}


async def extend(database: Database, credential_id: int, owner: str, until: int) -> bool:
    """Keep a claim for longer; return whether it was still there.

    Args:
        database: Where it is.
        credential_id: Which.
        owner: Who has it.
        until: Microseconds since 1970.
    """

    async def work() -> int:
        its = CredentialRow.filter(id=credential_id, claim=owner)
        return await its.update(claimed_until=until)

    return await database.run(work) > 0


async def write(
    database: Database, changes: Sequence[Change], now: int, *, revise: bool
) -> list[bool]:
    """Write changes in one short transaction.

    Args:
        database: Where to.
        changes: One a credential at the most, ordered by id, so that nodes do not deadlock.
        now: Microseconds since 1970.
        revise: Tell every process to load its snapshots again.

    Returns:
        For each whether all of it was written; else somebody else's word stands.

    Raises:
        Unavailable: The database is away; whether it was written is not known.
    """

    async def work() -> list[bool]:
        return [await _write(change, now) for change in changes]

    return await database.transact(work, revise=revise)


async def _write(change: Change, now: int) -> bool:
    known, whole = change.known, True
    its = CredentialRow.filter(id=known.id)
    told = {} if change.quotas is None else {"quotas": change.quotas}
    unchanged = {} if change.quotas is None else {"quotas": known.quotas}
    if change.given is not None:
        held = its.filter(claim=change.given.owner)
        gone: dict[str, Any] = {
            "claim": None,
            "claimed_until": None,
            "next_use_at": change.given.next_use_at,
        }
        if not await held.filter(**unchanged).update(**gone, **told):
            whole = told == {}
            # The operator has cleared its quotas meanwhile, or the claim is somebody else's.
            whole = await held.update(**gone) > 0 and whole
    elif told:
        whole = await its.filter(**unchanged).update(**told) > 0
    if change.word is not None:
        same = its.filter(digest=known.digest, state=known.state, cooling_until=known.until)
        word = change.word
        written = await same.update(
            state=word.state,
            cooling_until=word.until,
            failures=word.failures,
            reason=word.reason[:_REASON],
            updated_at=now,
        )
        whole = written > 0 and whole
    return whole
