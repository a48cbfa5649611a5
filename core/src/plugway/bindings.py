"""Resources that an upstream knows with one credential only: whose, and made with which."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import msgspec
from tortoise.exceptions import IntegrityError

from plugway.errors import NotFound
from plugway.storage.models import BindingRow
from plugway.storage.names import is_name

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.storage.database import Database

log = logging.getLogger(__name__)

#: Rows that one statement of `prune` removes.
_PRUNED = 1000


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """Ties a resource to the user, the channel and the credential that it was made with.

    Attributes:
        provider: The provider.
        kind: The plugin's word for what it is, such as `session`.
        name: The upstream's name for it.
        user_id: Whose it is.
        channel_id: Where it was made.
        credential_id: With which credential; None: the channel has none.
        expires_at: Microseconds since 1970 when it is forgotten; None: never.
    """

    provider: str
    kind: str
    name: str
    user_id: int
    channel_id: int
    credential_id: int | None = None
    expires_at: int | None = None


class Bindings:
    """Keeps bindings, handed to plugins as `gateway.bindings`.

    A resource stays its first user's until it expires.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        """Take what is needed.

        Args:
            database: Where bindings are.
            clock: The time.
        """
        self._database = database
        self._clock = clock

    async def bind(
        self,
        provider: str,
        kind: str,
        name: str,
        *,
        user_id: int,
        channel_id: int,
        credential_id: int | None,
        seconds: float | None = None,
    ) -> bool:
        """Note who made a resource, and with what; done again by the same user, the last counts.

        What is another user's stays so, and that is logged: upstreams do not make a resource
        twice, so it should not happen. So is a name that cannot be kept.

        Args:
            provider: The provider.
            kind: The plugin's word, 1 to 64 characters.
            name: The upstream's name for it, 1 to 190 characters.
            user_id: Whose it is.
            channel_id: Where it was made.
            credential_id: With which credential.
            seconds: How long the upstream keeps it, above 0; None: for ever.

        Returns:
            Whether nobody had noted it before: of several that do so at once, on any node, one
            is the first.
        """
        if not is_name(name):
            log.warning("%s %s: a name of %d characters is not bound", provider, kind, len(name))
            return False
        now = self._clock.now()
        values: dict[str, Any] = {
            "channel_id": channel_id,
            "credential_id": credential_id,
            "expires_at": None if seconds is None else now + round(seconds * 1_000_000),
        }
        new: dict[str, Any] = {"provider": provider, "kind": kind, "name": name, "user_id": user_id}

        async def work() -> bool | None:
            row = await _row(provider, kind, name)
            if row is not None and _over(row, now):
                await BindingRow.filter(id=row.id, expires_at__lte=now).delete()
                row = None
            if row is None:
                try:
                    await BindingRow.create(**new, **values, created_at=now)
                    return True
                except IntegrityError:
                    row = await _row(provider, kind, name)
            if row is None or row.user_id != user_id or row.name != name:
                return None
            return False if await BindingRow.filter(id=row.id).update(**values) else None

        first = await self._database.run(work)
        if first is None:
            log.error("%s %s %s stays another user's", provider, kind, name)
        return bool(first)

    async def find(self, provider: str, kind: str, name: str, *, user_id: int) -> Binding | None:
        """Return what a resource is bound to.

        Args:
            provider: The provider.
            kind: The plugin's word.
            name: As a client wrote it.
            user_id: Who asks.

        Returns:
            None: nobody has made it through this gateway, or it has expired.

        Raises:
            NotFound: It is another user's.
        """
        if not is_name(name):
            return None
        row = await self._database.run(lambda: _row(provider, kind, name))
        # Some databases overlook blanks at the end, or case.
        if row is None or row.name != name or _over(row, self._clock.now()):
            return None
        if row.user_id != user_id:
            raise NotFound
        return Binding(
            provider=provider,
            kind=kind,
            name=name,
            user_id=user_id,
            channel_id=row.channel_id,
            credential_id=row.credential_id,
            expires_at=row.expires_at,
        )

    async def prune(self, now_us: int) -> int:
        """Remove what has expired, and return how many there were.

        Args:
            now_us: Microseconds since 1970.
        """

        async def work() -> int:
            over = BindingRow.filter(expires_at__lte=now_us).order_by("expires_at").limit(_PRUNED)
            ids = await over.values_list("id", flat=True)
            return (
                await BindingRow.filter(id__in=ids, expires_at__lte=now_us).delete() if ids else 0
            )

        total = 0
        while removed := await self._database.run(work):
            total += removed
        return total


async def _row(provider: str, kind: str, name: str) -> BindingRow | None:
    return await BindingRow.get_or_none(provider=provider, kind=kind, name=name)


def _over(row: BindingRow, now: int) -> bool:
    return row.expires_at is not None and row.expires_at <= now
