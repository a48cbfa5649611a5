"""Hands renewals to workers and takes back what they bring: the one place that decides.

Who has which task the database says, so that it holds for all processes of a gateway; this
process also remembers the tasks of its own workers, since those of earlier systems name only
the e-mail address.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from plugway_gemini_business import account_file
from plugway_gemini_business.account import Account, read, written
from plugway_gemini_business.provider import NAME
from plugway_gemini_business.workers.failures import Failure
from plugway_gemini_business.workers.messages import Cookie, RefreshResult, TaskRefresh
from plugway_gemini_business.workers.tally import Tally

if TYPE_CHECKING:
    from plugway import Channel, Gateway, Renewal
    from plugway_gemini_business.workers.connection import Connection

log = logging.getLogger(__name__)

#: Microseconds after the end of a lease in which its owner is still known by the e-mail address.
_FORGOTTEN = 1_800_000_000


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """Describes a worker that is connected to this process.

    Attributes:
        id: Tells it from others.
        name: What it calls itself.
        version: Its version.
        threads: Renewals that it takes at a time.
        busy: Renewals that it has now.
        is_alive: It was heard lately.
        last_ping: When it was heard last, ISO 8601.
        ip: Where it is.
    """

    id: str
    name: str
    version: str
    threads: int
    busy: int
    is_alive: bool
    last_ping: str
    ip: str


class Desk:
    """Knows the workers of this process and the renewals they have.

    Attributes:
        tally: How it goes, in this process.
    """

    def __init__(self, gateway: Gateway) -> None:
        """Begin with nobody.

        Args:
            gateway: Its renewals are handed out.
        """
        self.tally = Tally(gateway.metrics.registry)
        self._gateway = gateway
        self._connections: dict[str, Connection] = {}
        self._held: dict[str, dict[int, Renewal]] = {}
        #: Owners and credentials whose account files came before the results.
        self._saved: set[tuple[str, int]] = set()

    def clients(self) -> list[Client]:
        """Return the workers that are connected to this process, by id."""
        found = [one.client() for one in self._connections.values()]
        return sorted(found, key=lambda client: client.id)

    def enter(self, owner: str, connection: Connection) -> None:
        """Take a worker in; an older connection of the same worker is closed.

        Args:
            owner: Who it is.
            connection: Its connection.
        """
        before = self._connections.get(owner)
        self._connections[owner] = connection
        if before is not None and before is not connection:
            before.replace()

    def leave(self, owner: str, connection: Connection) -> None:
        """Let a connection go; what its worker has stays with it."""
        if self._connections.get(owner) is connection:
            del self._connections[owner]

    def is_here(self, owner: str) -> bool:
        """Say whether a worker is connected to this process."""
        return owner in self._connections

    def held(self, owner: str) -> int:
        """Return how many renewals an owner has; those whose lease is over do not count."""
        now = self._gateway.clock.now()
        return sum(one.until > now for one in self._of(owner).values())

    async def claim(self, owner: str, limit: int, lease: float) -> list[TaskRefresh]:
        """Claim renewals that are due.

        Args:
            owner: For whom, at most 64 characters.
            limit: How many at the most.
            lease: Seconds that nobody else has them.

        Raises:
            Unavailable: The database is away.
        """
        self._sweep()
        claimed = await self._gateway.renewals.claim(NAME, owner, limit, lease)
        for one in claimed:
            self._held.setdefault(owner, {})[one.credential_id] = one
            self.tally.count("claimed")
        return [_task(one) for one in claimed]

    async def result(self, owner: str, result: RefreshResult, failure: Failure) -> bool:
        """Take what a worker says of a renewal that it has.

        Args:
            owner: Who says it.
            result: What.
            failure: What it means when it did not succeed.

        Returns:
            Whether it has this renewal. If not, nothing changes, whosever it is.

        Raises:
            Unavailable: The database is away.
        """
        renewal = await self._renewal(owner, result.task_id, result.email)
        if renewal is None:
            self._late(owner, "cookies" if result.success else failure.kind)
            return False
        if not result.success:
            await self._failed(owner, renewal, failure)
        elif (owner, renewal.credential_id) in self._saved:
            self._drop(owner, renewal)
        elif result.cookies:
            await self._renewed(owner, renewal, self._merged(renewal, result.cookies))
            self._drop(owner, renewal)
        elif await self._gateway.renewals.held(renewal.credential_id, owner) is None:
            # Its account was uploaded to another process.
            self._drop(owner, renewal)
        else:
            nothing = Failure(kind="upstream", message="the worker brought no cookies")
            await self._failed(owner, renewal, nothing)
        return True

    async def uploaded(self, owner: str, task_id: str, text: str, label: str) -> bool:
        """Take the account file of a renewal that a worker has.

        Args:
            owner: Who brings it.
            task_id: Which renewal.
            text: The account.
            label: Whose account it is.

        Returns:
            Whether it has this renewal, of this account, and it was saved.

        Raises:
            Unavailable: The database is away.
        """
        renewal = await self._renewal(owner, task_id, "")
        if renewal is None or renewal.label != label:
            self._late(owner, "an account file")
            return False
        return await self._renewed(owner, renewal, text)

    async def take_up(self, owner: str, task_id: str, lease: float) -> bool:
        """Let a worker that comes back go on with what it has.

        Args:
            owner: Who comes back.
            task_id: What it has.
            lease: Seconds that nobody else has it, from now.

        Returns:
            Whether it still has it.

        Raises:
            Unavailable: The database is away.
        """
        renewal = await self._renewal(owner, task_id, "")
        kept = None if renewal is None else await self._gateway.renewals.keep(renewal, lease)
        if kept is None:
            return False
        self._held.setdefault(owner, {})[kept.credential_id] = kept
        return True

    async def release(self, owner: str) -> None:
        """Give back all that an owner has, for others to have at once.

        Args:
            owner: Who is lost, or goes.

        Raises:
            Unavailable: The database is away; the leases end by themselves.
        """
        for renewal in list(self._of(owner).values()):
            self._drop(owner, renewal)
            if await self._gateway.renewals.release(renewal):
                self.tally.count("lost")
                log.info("the renewal of credential %s is for others now", renewal.credential_id)

    def saved(self, label: str) -> None:
        """Note that an account was saved: whoever has its renewal here need not bring cookies.

        Args:
            label: Whose account it is.
        """
        for owner, held in self._held.items():
            for renewal in held.values():
                if renewal.label == label:
                    self._saved.add((owner, renewal.credential_id))
                    self.tally.count("renewed")

    def channels(self) -> Iterator[Channel]:
        """Return the channels whose accounts are renewed."""
        return (one for one in self._gateway.renewals.renewable() if one.provider == NAME)

    async def _renewal(self, owner: str, task_id: str, email: str) -> Renewal | None:
        held = self._of(owner)
        if task_id:
            number = int(task_id) if task_id.isascii() and task_id.isdigit() else 0
        else:
            wanted = email.strip().lower()
            labels = {one.label: one.credential_id for one in held.values()}
            number = labels.get(wanted, 0)
        known = held.get(number)
        if known is not None and known.until > self._gateway.clock.now():
            return known
        if not 0 < number < 1 << 63:
            return None
        # Its lease is over, or it was claimed before this process began or at another one: it
        # is this owner's as long as nobody else has it.
        found = await self._gateway.renewals.held(number, owner)
        return found if found is not None and found.channel.provider == NAME else None

    async def _renewed(self, owner: str, renewal: Renewal, text: str) -> bool:
        saved = await self._gateway.renewals.complete(renewal, text)
        if renewal.credential_id in self._of(owner):
            # Its result is still to come, and brings no news.
            self._saved.add((owner, renewal.credential_id))
        self.tally.count("renewed" if saved else "late")
        log.info(
            "worker %s renewed credential %s%s",
            owner,
            renewal.credential_id,
            "" if saved else ", which was not saved",
        )
        return saved

    def _late(self, owner: str, what: str) -> None:
        self.tally.count("late")
        log.warning("worker %s brought %s for a renewal that it does not have", owner, what)

    async def _failed(self, owner: str, renewal: Renewal, failure: Failure) -> None:
        self._drop(owner, renewal)
        if failure.kind == "given_back":
            await self._gateway.renewals.release(renewal)
            self.tally.count("given_back")
            return
        await self._gateway.renewals.fail(
            renewal,
            failure.reason,
            counted=failure.counted,
            after=failure.retry_after or None,
        )
        self.tally.count("failed" if failure.counted else "postponed")
        log.info("the renewal of credential %s failed: %s", renewal.credential_id, failure.kind)

    def _merged(self, renewal: Renewal, cookies: Sequence[Cookie]) -> str:
        """Return the account with its new cookies, fetched now."""
        before = read(renewal.secret)
        now = self._gateway.clock.now() // 1_000_000
        # What a worker sends is checked as an operator's file is.
        file = {
            "email": before.email,
            "csesidx": before.csesidx,
            "configId": before.config_id,
            "cookies": cookies,
            "timestamp": datetime.fromtimestamp(now, UTC).isoformat(),
        }
        return msgspec.json.encode(file).decode()

    def _sweep(self) -> None:
        """Forget renewals of owners who did not come back."""
        before = self._gateway.clock.now() - _FORGOTTEN
        for owner, held in list(self._held.items()):
            for renewal in list(held.values()):
                if renewal.until < before:
                    self._drop(owner, renewal)

    def _of(self, owner: str) -> dict[int, Renewal]:
        return self._held.get(owner, {})

    def _drop(self, owner: str, renewal: Renewal) -> None:
        held = self._of(owner)
        held.pop(renewal.credential_id, None)
        self._saved.discard((owner, renewal.credential_id))
        if not held:
            self._held.pop(owner, None)


def account_of(task: TaskRefresh) -> Account:
    """Return the account that a task is about, at the worker's end.

    Args:
        task: The task.

    Raises:
        BadRequest: It is no account.
    """
    file = {
        "email": task.email,
        "csesidx": task.csesidx,
        "configId": task.config_id,
        "authorization": task.authorization,
        "cookies": task.cookies,
    }
    return account_file.account_of(msgspec.json.encode(file).decode())


def file_of(account: Account) -> str:
    """Return the file of an account, as it is uploaded."""
    return written(account)


def _task(renewal: Renewal) -> TaskRefresh:
    account = read(renewal.secret)
    return TaskRefresh(
        task_id=str(renewal.credential_id),
        email=renewal.label or account.label,
        cookies=tuple(Cookie(one.name, one.value, one.domain) for one in account.cookies),
        config_id=account.config_id,
        csesidx=account.csesidx,
    )
