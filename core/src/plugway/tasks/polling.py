"""Asks upstreams for the tasks that are due, many at once."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from plugway.contract import TaskUpdate
from plugway.errors import PlugwayError, UnreadableAnswer, UpstreamError, UpstreamTimeout
from plugway.tasks import store, told
from plugway.tasks.claim import Claimed, claim
from plugway.tasks.journal import EXPIRED
from plugway.tasks.verdict import Claim

if TYPE_CHECKING:
    from plugway.calls.parts import Parts
    from plugway.contract import Poller, Task
    from plugway.settings import TaskSettings
    from plugway.storage.database import Database
    from plugway.tasks.asking import Asking
    from plugway.tasks.journal import Journal
    from plugway.tasks.keeping import Keeping

log = logging.getLogger(__name__)

#: Seconds between two looks for due tasks while there are none.
_IDLE = 1.0

#: Tasks that one claim takes: a claim's time grows with them, and others wait for it.
_BATCH = 32

#: Seconds between two claims at the least.
_GAP = 0.02

#: Share of all polls that one channel may have under way: some are left for the others.
_SHARE = 0.75

#: Seconds between two looks for tasks past their deadline, and how many one look ends.
_EXPIRY = 10.0
_EXPIRED = 50

#: Seconds before the end of a lease that a poll is given up.
_SPARE = 5.0

#: Seconds that polls under way get to end when the gateway stops, and to be cancelled.
_MOMENT = 1.0


class Polling:
    """Polls with a bounded number of requests under way; several nodes share the tasks.

    A node claims no more than it can ask for at once, channel by channel, so that a slow
    upstream fills its own share and nobody else's.
    """

    def __init__(
        self,
        parts: Parts,
        database: Database,
        pollers: Mapping[str, Poller],
        asking: Asking,
        journal: Journal,
        keeping: Keeping,
        owner: str,
    ) -> None:
        """Take what is needed.

        Args:
            parts: What calls go through.
            database: Where tasks are.
            pollers: By provider.
            asking: Asks with a task's credential.
            journal: Writes what is learnt.
            keeping: Keeps what was made.
            owner: Unique among nodes and processes.
        """
        self._parts = parts
        self._database = database
        self._pollers = pollers
        self._asking = asking
        self._journal = journal
        self._keeping = keeping
        self._owner = owner
        self._running: set[asyncio.Task[None]] = set()
        self._by_channel: Counter[int] = Counter()
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()
        self._expiry = 0.0

    def wake(self) -> None:
        """Look for due tasks now."""
        self._wake.set()

    async def run(self) -> None:
        """Poll until it is cancelled; then give the polls under way a moment to end."""
        try:
            while True:
                try:
                    found = await self.round()
                except PlugwayError as error:
                    log.warning("tasks cannot be claimed now: %s", error)
                    found = 0
                except Exception:  # a failed round must not end the loop
                    log.exception("a round of polling failed")
                    found = 0
                await self._pause(idle=found == 0)
        finally:
            await self._stop()

    async def _stop(self) -> None:
        if self._running:
            # Most have their answer, or nearly: they need not wait for their lease to end.
            await asyncio.wait(set(self._running), timeout=_MOMENT)
        for one in self._running:
            one.cancel()
        if self._running:
            # A poller that cannot be cancelled does not hold up the end.
            await asyncio.wait(set(self._running), timeout=_MOMENT)

    async def round(self) -> int:
        """Claim what is due and begin to poll it; end what is past its deadline.

        Returns:
            How many polls were begun.
        """
        async with self._turn:
            return await self._round()

    async def _round(self) -> int:
        self._wake.clear()
        now = self._parts.clock.now()
        monotonic = self._parts.clock.monotonic()
        if monotonic >= self._expiry:
            self._expiry = monotonic + _EXPIRY
            await self._expire(now)
        settings = self._parts.settings().tasks
        free = settings.concurrency - len(self._running)
        if free <= 0:
            return 0
        claimed = await claim(
            self._database,
            now,
            lease_us=round(settings.lease_seconds * 1_000_000),
            owner=self._owner,
            room=self._room(settings),
            limit=min(free, _BATCH),
        )
        for one in claimed:
            self._begin(one, settings.lease_seconds - _SPARE)
        return len(claimed)

    async def settle(self) -> None:
        """Wait until the polls under way have ended."""
        while self._running:
            await asyncio.wait(set(self._running))

    def _room(self, settings: TaskSettings) -> dict[int, int]:
        """Say how many more polls each channel may have under way."""
        room = {}
        share = max(1, round(settings.concurrency * _SHARE))
        for channel in self._polled():
            credentials = max(1, len(self._parts.credentials.all(channel)))
            most = min(settings.per_credential * credentials, share)
            left = most - self._by_channel[channel]
            if left > 0:
                room[channel] = left
        return room

    def _begin(self, claimed: Claimed, seconds: float) -> None:
        channel = claimed.task.channel_id or 0
        self._by_channel[channel] += 1
        one = asyncio.create_task(self._poll(claimed, max(1.0, seconds)))
        self._running.add(one)

        def ended(_: object) -> None:
            self._running.discard(one)
            self._by_channel[channel] -= 1
            # There is room again, and perhaps more that is due.
            self._wake.set()

        one.add_done_callback(ended)

    async def _poll(self, claimed: Claimed, seconds: float) -> None:
        task, held = claimed.task, Claim(claimed.lease, claimed.until)
        try:
            update = await self.ask(task, seconds)
            if update.media:
                await self._hold(task, held)
            update = await self._keeping.kept(task, update)
        except PlugwayError as error:
            self._parts.metrics.polled(task.provider, error.code)
            await self._journal.put_off(task, error, held)
        else:
            self._parts.metrics.polled(task.provider, update.state)
            await self._journal.update(task, update, held)
            await self._journal.tire(task)
        if task.deadline is not None and self._parts.clock.now() >= task.deadline:
            # That was the last look; if it found an end, this changes nothing.
            await self._journal.end(task, "expired", EXPIRED)

    async def _hold(self, task: Task, claim: Claim) -> None:
        """Keep a task from others while what it has made is fetched, however long that takes."""
        longest = self._keeping.longest(task) + _SPARE
        until = self._parts.clock.now() + round(longest * 1_000_000)
        if until > claim.until:
            await store.extend(self._database, task.call_id, claim.lease, until)

    async def ask(self, task: Task, seconds: float) -> TaskUpdate:
        """Ask the upstream for a task.

        Args:
            task: The task.
            seconds: Longest wait.

        Raises:
            UpstreamError: Nothing was learnt.
        """
        poller = self._pollers.get(task.provider)
        if poller is None:
            raise UpstreamError(f"no plugin asks for tasks of {task.provider}")
        if task.channel_id is None:
            # Its submit died before it had chosen where to go: nothing was sent.
            return TaskUpdate(state="failed", answer="{}", reason="nothing was sent")
        questions = self._asking.of(task, poller.gone)
        try:
            async with asyncio.timeout(seconds):
                if task.upstream_id is None:
                    return told.checked(await poller.find(task, questions))
                return told.checked(await poller.poll(task, questions))
        except TimeoutError:
            raise UpstreamTimeout from None
        except PlugwayError:
            raise
        except asyncio.CancelledError:
            own = asyncio.current_task()
            if own is None or own.cancelling():
                raise
            # Nobody has cancelled this: it comes from something that the poller waited for.
            raise UnreadableAnswer("the poller failed: what it waited for was cancelled") from None
        except Exception as error:  # whatever a plugin does, the task goes on
            log.exception("the poller of %s failed at task %s", task.provider, task.call_id)
            raise UnreadableAnswer(f"the poller failed: {type(error).__name__}") from error

    async def _expire(self, now: int) -> None:
        """End what nobody can be asked for; all others are asked once more, see `_poll`."""
        polled = self._polled()
        while True:
            late = await store.overdue(self._database, now, _EXPIRED)
            given_up = [task for task in late if task.channel_id not in (None, *polled)]
            ended = await asyncio.gather(
                *(self._journal.end(task, "expired", EXPIRED) for task in given_up)
            )
            if len(given_up) < _EXPIRED or not all(ended):
                return

    def _polled(self) -> set[int]:
        """Return the channels whose tasks are polled."""
        channels = self._parts.channels.all()
        return {channel.id for channel in channels if channel.provider in self._pollers}

    async def _pause(self, *, idle: bool) -> None:
        clock = self._parts.clock
        full = len(self._running) >= self._parts.settings().tasks.concurrency
        if idle or full:
            waiter = asyncio.ensure_future(self._wake.wait())
            timer = asyncio.ensure_future(clock.sleep(_IDLE))
            try:
                await asyncio.wait((waiter, timer), return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiter.cancel()
                timer.cancel()
        # Polls end one by one; a claim for each of them would cost more than the polls.
        await clock.sleep(_GAP)
