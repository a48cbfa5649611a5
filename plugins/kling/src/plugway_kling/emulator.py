"""Stands in for the official Kling API: accounts, tasks, callbacks, and faults on demand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from aiohttp import web

from plugway.testing import EmulatorServer
from plugway_kling.emulated.accounts import Account, Accounts, account
from plugway_kling.emulated.behaviour import Behaviour
from plugway_kling.emulated.billing import Billing
from plugway_kling.emulated.callbacks import Callbacks, Delivery
from plugway_kling.emulated.control import Control
from plugway_kling.emulated.door import Door
from plugway_kling.emulated.ids import Ids
from plugway_kling.emulated.legacy import Legacy
from plugway_kling.emulated.library import Library
from plugway_kling.emulated.life import Life
from plugway_kling.emulated.media import serve
from plugway_kling.emulated.mishaps import Chaos, Mishap
from plugway_kling.emulated.models import MODELS
from plugway_kling.emulated.newer import Newer
from plugway_kling.emulated.quick import Quick
from plugway_kling.emulated.results import Results
from plugway_kling.emulated.selections import Selections
from plugway_kling.emulated.tasks import EmulatedTask, State
from plugway_kling.emulated.tour import tour
from plugway_kling.emulated.truth import Truth

#: Seconds between two looks at the time, where time moves tasks.
TICK = 0.05


class KlingEmulator(EmulatorServer):
    """Answers like the official API; a task moves with each query, with time, or when told.

    Attributes:
        behaviour: How it behaves; each field can be set at any time.
        accounts: Its customers.
        callbacks: Those due, and those sent.
        truth: What really happened.
        mishaps: What is still to go wrong.

    Example:
        >>> KlingEmulator(accounts=["first", "second"], looks=1).secret
        'ak-emulator-first|sk-emulator-first-0123456789abcdef'
    """

    provider: str = "kling"
    models: tuple[str, ...] = MODELS

    def __init__(
        self,
        *,
        accounts: Sequence[str | Account] = ("demo",),
        seed: int | None = None,
        now: Callable[[], float] = time.time,
        **behaviour: Any,
    ) -> None:
        """Prepare.

        Args:
            accounts: Customers, or names that their keys follow from; one at least.
            seed: Of the ids; None: no other process has the same.
            now: Returns seconds since 1970.
            behaviour: Fields of `Behaviour`.
        """
        super().__init__()
        self._ids = Ids(seed)
        self.behaviour = msgspec.convert(behaviour, Behaviour)
        made = [each if isinstance(each, Account) else account(each) for each in accounts]
        self.accounts = Accounts(made)
        self.secret = made[0].secret
        if made[0].webhook_secrets:
            self.settings = {"webhook_secret": ",".join(made[0].webhook_secrets)}
        self.tour = tour(f"tour-{self._ids.number()}")
        self.truth = Truth(self.accounts)
        self.callbacks = Callbacks(self.behaviour, self.accounts, self._ids, now)
        self._results = Results(self._ids)
        self._life = Life(self.behaviour, self.accounts, self._results, now, self.callbacks.tell)
        self._door = Door(self.behaviour, self.accounts, self._ids, now, self.truth)
        self.mishaps = self._door.mishaps
        self._desks = (
            Legacy(self.behaviour, self._life, self._ids, now),
            Selections(self._results, self._ids, now),
            Quick(self._results, self._ids, now),
            Library(),
            Billing(self.behaviour, now),
            Newer(self._life, self._ids, now),
        )
        self._running: asyncio.Task[None] | None = None

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return the upstream's routes, each with and without a trailing slash."""
        yield from Control(self).routes()
        yield web.get("/files/{name}", serve)
        for desk in self._desks:
            for way in desk.ways():
                handler = self._door.handler(way)
                yield web.route(way.method, way.path, handler)
                yield web.route(way.method, f"{way.path}/", handler)
        yield web.route("*", "/{rest:.*}", self._door.lost)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen, and return the base URL.

        Args:
            host: Address to listen on.
            port: Port to listen on; 0: any free one.
        """
        self._results.base_url = await super().start(host, port)
        # An event belongs to the loop that waited for it, and the next start may have another.
        self.callbacks.wake = asyncio.Event()
        self._running = asyncio.create_task(self._run())
        return self.url

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None
        await super().stop()

    def release(self) -> None:
        """End the stalls and the slow answers that wait now."""
        super().release()
        self._door.release()

    def mishap(self, kind: str, **details: Any) -> None:
        """Let something go wrong with a coming request.

        Args:
            kind: A `Mishap.kind`.
            details: Other fields of `Mishap`.
        """
        self.mishaps.waiting.append(msgspec.convert({"kind": kind, **details}, Mishap))

    def chaos(self, seed: int, **shares: Any) -> None:
        """Let things go wrong by themselves, the same with the same seed.

        Args:
            seed: Other seeds, other mishaps.
            shares: Other fields of `Chaos`.
        """
        self.behaviour.chaos = msgspec.convert({"seed": seed, **shares}, Chaos)

    def hold(self) -> None:
        """Keep every task as it is, whatever looks at it."""
        self.behaviour.held = True

    def let_go(self) -> None:
        """Let tasks move again."""
        self.behaviour.held = False

    def advance(self) -> None:
        """Move every open task by one state, even if tasks are held."""
        self._life.advance()

    def finish(self, task_id: str, state: State = "succeed", message: str = "") -> None:
        """Bring a task to a state, even if tasks are held; one that has ended stays as it is.

        Args:
            task_id: The task, of whatever account.
            state: Where to.
            message: Why it failed.

        Raises:
            KeyError: There is no such task.
        """
        self._life.move(self.task(task_id), state, message)

    def task(self, task_id: str) -> EmulatedTask:
        """Return a task of whatever account.

        Args:
            task_id: Its id.

        Raises:
            KeyError: There is no such task.
        """
        found = self.accounts.task(task_id)
        if found is None:
            raise KeyError(task_id)
        return found

    async def deliver(self) -> list[Delivery]:
        """Send the callbacks that are due, and return them."""
        return await self.callbacks.deliver()

    def forge(self, task_id: str, state: str = "succeed", **fields: Any) -> None:
        """Let somebody else, without the account's secret, send a callback of a task.

        Args:
            task_id: The task.
            state: What it says.
            fields: More of what it says.

        Raises:
            KeyError: There is no such task.
        """
        self.callbacks.forge(self.task(task_id), state, **fields)

    async def _run(self) -> None:
        """Send callbacks by themselves, as long as that is asked for."""
        while True:
            self.callbacks.wake.clear()
            wait = None
            if self.behaviour.automatic:
                self._life.catch_up()
                await self.deliver()
                if self.behaviour.seconds is not None:
                    wait = TICK
                elif self.callbacks.later:
                    wait = self.behaviour.callback_delay
            try:
                async with asyncio.timeout(wait):
                    await self.callbacks.wake.wait()
            except TimeoutError:
                continue
