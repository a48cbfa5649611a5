"""All credentials in memory, as their rows said last."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING

from plugway.credentials import rows
from plugway.credentials.credential import Credential, open_secret
from plugway.credentials.rows import Facts
from plugway.credentials.slot import Slot
from plugway.errors import ConfigurationError

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.contract import CredentialKind, Secret
    from plugway.credentials.vault import Vault
    from plugway.storage.database import Database

log = logging.getLogger(__name__)

#: Secrets that are read and opened at a time: a few milliseconds' work.
_SECRETS = 250

#: Times that rows are read again which were written while they were read.
_TIMES = 3


class Roster:
    """Keeps the credentials by channel."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        kinds: Mapping[str, CredentialKind],
        clock: Clock,
        *,
        moved: Callable[[Sequence[Slot], Sequence[Slot]], None],
    ) -> None:
        """Begin with none.

        Args:
            database: Where rows are.
            vault: Opens the secrets.
            kinds: By name.
            clock: The time.
            moved: Told of credentials that have changed, and of those that are gone.
        """
        self._database = database
        self._vault = vault
        self._kinds = kinds
        self._clock = clock
        self._moved = moved
        self._slots: dict[int, Slot] = {}
        self._by_channel: dict[int, dict[int, Slot]] = {}
        #: Those that the vault does not open, and their channels.
        self._closed: dict[int, int] = {}
        self._stamps = count(1)
        self._stamp = 0

    def of(self, channel_id: int) -> Mapping[int, Slot]:
        """Return a channel's credentials by id; what is returned stays up to date."""
        return self._by_channel.setdefault(channel_id, {})

    def get(self, channel_id: int, credential_id: int) -> Slot | None:
        """Return one credential of a channel."""
        slot = self._slots.get(credential_id)
        return slot if slot is not None and slot.credential.channel_id == channel_id else None

    def closed(self, channel_id: int) -> bool:
        """Say whether the vault opens none of the credentials that a channel has."""
        return channel_id in self._closed.values() and not self._by_channel.get(channel_id)

    def stamp(self, slot: Slot) -> None:
        """Note that a credential's row was written, so that what was read before is no news."""
        slot.stamp = self._stamp = next(self._stamps)

    async def load(self) -> None:
        """Read all rows anew, and the secrets that are new.

        Raises:
            Unavailable: The database is away; nothing has changed then.
        """
        found: list[tuple[Facts, int]] = []
        while True:
            since = self._stamp
            page = await rows.page(self._database, found[-1][0].id if found else 0)
            found += [(facts, since) for facts in page]
            if len(page) < rows.PAGE:
                break
        secrets = await self._open(facts for facts, _ in found)
        gone = (self._slots.keys() | self._closed.keys()) - {facts.id for facts, _ in found}
        again = self._take(found, secrets, gone)
        await self._read(again)

    async def read(self, ids: Iterable[int]) -> None:
        """Read some rows anew.

        Args:
            ids: Which, not many.
        """
        await self._read(set(ids))

    async def _read(self, ids: set[int]) -> None:
        for _ in range(_TIMES):
            if not ids:
                return
            since = self._stamp
            found = await rows.read(self._database, ids)
            secrets = await self._open(found.values())
            ids = self._take(
                [(facts, since) for facts in found.values()], secrets, ids - found.keys()
            )

    async def _open(self, found: Iterable[Facts]) -> dict[tuple[int, str], Secret]:
        """Open the secrets that are not known, by id and digest."""
        wanted = [facts.id for facts in found if self._is_new(facts)]
        opened: dict[tuple[int, str], Secret] = {}
        for start in range(0, len(wanted), _SECRETS):
            for row in await rows.sealed(self._database, wanted[start : start + _SECRETS]):
                try:
                    opened[row.id, row.digest] = open_secret(self._vault, row)
                except ConfigurationError as error:
                    if row.id not in self._closed:
                        log.error("credential %s cannot be opened: %s", row.id, error.message)
                    self._closed[row.id] = row.channel_id
        return opened

    def _is_new(self, facts: Facts) -> bool:
        slot = self._slots.get(facts.id)
        if slot is not None and slot.facts.digest == facts.digest:
            return False
        return facts.kind in self._kinds

    def _take(
        self,
        found: Sequence[tuple[Facts, int]],
        secrets: Mapping[tuple[int, str], Secret],
        gone: Iterable[int],
    ) -> set[int]:
        """Take over what was read; return what must be read again."""
        now = self._clock.now()
        moved: list[Slot] = []
        again: set[int] = set()
        for facts, since in found:
            slot = self._slots.get(facts.id)
            if slot is not None and slot.facts == facts:
                continue
            if slot is not None and slot.stamp > since:
                again.add(facts.id)
            elif slot is not None and slot.facts.digest == facts.digest:
                slot.merge(facts, now)
                moved.append(slot)
            elif (secret := secrets.get((facts.id, facts.digest))) is not None:
                moved.append(self._put(slot, facts, secret, now))
            elif slot is not None and facts.id in self._closed:
                # It has a secret now that nobody here can open.
                gone = {*gone, facts.id}
        lost = [slot for id_ in gone if (slot := self._drop(id_)) is not None]
        if moved or lost:
            self._moved(moved, lost)
        return again

    def _put(self, slot: Slot | None, facts: Facts, secret: Secret, now: int) -> Slot:
        credential = Credential(
            id=facts.id,
            channel_id=facts.channel_id,
            kind=self._kinds[facts.kind],
            secret=secret,
            state=facts.state,
            until=facts.until,
            failures=facts.failures,
        )
        self._closed.pop(facts.id, None)
        if slot is None:
            slot = self._slots[facts.id] = Slot(credential, facts)
            self._by_channel.setdefault(facts.channel_id, {})[facts.id] = slot
        else:
            # Who uses it with its old secret goes on, and says nothing of the new one; what it
            # uses of the account's quotas counts.
            if slot.owner is not None and slot.before is None:
                slot.before = slot.credential
            slot.merge(facts, now)
            slot.credential, slot.told = credential, 0
        return slot

    def _drop(self, credential_id: int) -> Slot | None:
        self._closed.pop(credential_id, None)
        slot = self._slots.pop(credential_id, None)
        if slot is not None:
            del self._by_channel[slot.credential.channel_id][credential_id]
        return slot
