"""Keys of a list that is kept elsewhere, such as in an old deployment's file."""

from __future__ import annotations

import re
import secrets as chance
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from plugway.errors import NotFound
from plugway.identity import keys
from plugway.identity.rules import check_secret
from plugway.storage.models import Key, User

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.credentials.vault import Vault
    from plugway.storage.database import Database


class Adoption(msgspec.Struct, frozen=True, kw_only=True):
    """Is what bringing keys in line with a list did.

    Attributes:
        added: Keys that let their user in from now on.
        removed: Keys that were in the list before, and open nothing any more.
        taken: Places in the list, from 0, of keys that somebody has already: another user, or
            the same one by other means.
    """

    added: int = 0
    removed: int = 0
    taken: tuple[int, ...] = ()


class _Plan(NamedTuple):
    """Is what there is to do: ids of keys that go, and keys that come."""

    user_id: int
    gone: list[int]
    fresh: list[str]
    taken: tuple[int, ...]


class AdoptedKeys:
    """Brings keys in line with lists that are kept elsewhere; plugins use it.

    A key of a list is known by its name, `<list> <12 hex digits>`. One that the operator renames
    belongs to the list no more, and keys added by other means never did: both are left alone.
    """

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        """Take where keys are.

        Args:
            database: Where keys are.
            vault: As for every key.
            clock: The time.
        """
        self._database = database
        self._vault = vault
        self._clock = clock

    @staticmethod
    def check(secret: str, field: str = "secret") -> None:
        """Check that clients can present a key.

        Args:
            secret: The key; no message repeats it.
            field: What the message calls it.

        Raises:
            BadRequest: They cannot; it says why.
        """
        check_secret(secret, field)

    @staticmethod
    def masked(secret: str) -> str:
        """Return the form of a key that may be shown: `…` stands for what is left out.

        Args:
            secret: The key.
        """
        return keys.mask(secret)

    async def follow(self, listing: str, user: str, read: Callable[[], Iterable[str]]) -> Adoption:
        """Let in whom a list names, and shut out whom it names no more.

        A key that the operator disabled stays so. Changes count at once, in every process within
        a second.

        Args:
            listing: Name of the list, at most 50 characters.
            user: Whose its keys are. Keys of the list that another user has go.
            read: Returns the keys, none of which is refused by `check`. Where something is to
                be changed it is called again while no other process changes anything for this
                user, so that an old reading never undoes a new one.

        Raises:
            NotFound: There is no such user; the keys are as they were.
            Unavailable: The database is away.
        """
        plan = await self._database.run(lambda: _plan(listing, user, read))
        if plan.gone or plan.fresh:
            plan = await self._database.transact(lambda: self._carry_out(listing, user, read))
        return Adoption(added=len(plan.fresh), removed=len(plan.gone), taken=plan.taken)

    async def _carry_out(self, listing: str, user: str, read: Callable[[], Iterable[str]]) -> _Plan:
        # The user's row is locked until all is done.
        plan = await _plan(listing, user, read, lock=True)
        if plan.gone:
            await Key.filter(id__in=plan.gone).delete()
        for secret in plan.fresh:
            name = f"{listing} {chance.token_hex(6)}"
            await keys.insert(
                self._vault, self._clock, user_id=plan.user_id, name=name, secret=secret
            )
        return plan

    async def forget(self, listing: str) -> int:
        """Shut out everybody whom a list named, because the list is not used any more.

        Args:
            listing: Name of the list.

        Returns:
            How many keys there were.
        """

        async def work() -> int:
            ids = [row.id for row in await _rows(listing)]
            await Key.filter(id__in=ids).delete()
            return len(ids)

        if not await self._database.run(lambda: _rows(listing)):
            return 0
        return await self._database.transact(work)


async def _plan(
    listing: str, user: str, read: Callable[[], Iterable[str]], *, lock: bool = False
) -> _Plan:
    users = User.select_for_update() if lock else User.all()
    owner = await users.get_or_none(name=user)
    # Some databases compare names without regard to case.
    if owner is None or owner.name != user:
        raise NotFound(f"no user named {user}", field="user")
    secrets: dict[str, str] = {}
    places: dict[str, int] = {}
    for at, secret in enumerate(read()):
        digest = keys.digest(secret)
        secrets.setdefault(digest, secret)
        places.setdefault(digest, at)
    gone, kept = [], set()
    for row in await _rows(listing):
        if row.digest in places and row.user_id == owner.id:
            kept.add(row.digest)
        else:
            gone.append(row.id)
    known = await Key.filter(digest__in=list(places)).values_list("id", "digest")
    taken = {digest for id_, digest in known if id_ not in gone} - kept
    return _Plan(
        user_id=owner.id,
        gone=gone,
        fresh=[secret for digest, secret in secrets.items() if digest not in taken | kept],
        taken=tuple(sorted(places[digest] for digest in taken)),
    )


async def _rows(listing: str) -> list[Key]:
    form = re.compile(re.escape(listing) + " [0-9a-f]{12}")
    rows = await Key.filter(kind="key", name__startswith=f"{listing} ").order_by("id")
    return [row for row in rows if form.fullmatch(row.name)]
