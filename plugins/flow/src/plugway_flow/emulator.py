"""Stands in for Google Flow: accounts, images, videos, links, and faults on demand."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from aiohttp import web

from plugway.testing import EmulatorServer
from plugway_flow.emulated.accounts import Account, Accounts, Given, NewAccount, account
from plugway_flow.emulated.behaviour import Behaviour
from plugway_flow.emulated.call import Way
from plugway_flow.emulated.control import Control
from plugway_flow.emulated.door import Door
from plugway_flow.emulated.ids import Ids
from plugway_flow.emulated.images import Images
from plugway_flow.emulated.jobs import EmulatedJob, State
from plugway_flow.emulated.labs import Labs
from plugway_flow.emulated.library import PATH, Library
from plugway_flow.emulated.life import Life
from plugway_flow.emulated.mishaps import Mishap
from plugway_flow.emulated.moment import Moment
from plugway_flow.emulated.tour import tour
from plugway_flow.emulated.truth import Truth
from plugway_flow.emulated.videos import Videos


class FlowEmulator(EmulatorServer):
    """Answers like the site and the API; a video moves with each poll, with time, or when told.

    Attributes:
        behaviour: How it behaves; each field can be set at any time.
        accounts: Its accounts.
        library: Images and videos.
        moment: Its time.
        truth: What really happened.
        mishaps: What is still to go wrong.

    Example:
        >>> emulator = FlowEmulator(accounts=["first", "second"], looks=1)
        >>> [each.email for each in emulator.accounts]
        ['first@flow.example', 'second@flow.example']
        >>> emulator.secret == emulator.secrets[0], len(emulator.secret) > 100
        (True, True)
    """

    provider: str = "flow"
    models: tuple[str, ...] = (
        "gemini-3.0-pro-image",
        "gemini-3.1-flash-image",
        "veo_3_1_t2v_fast",
        "veo_3_1_i2v_s_fast_fl",
        "veo_3_1_r2v_fast",
    )

    def __init__(
        self,
        *,
        accounts: Sequence[str | Account] = ("demo",),
        seed: int | None = None,
        now: Callable[[], float] = time.time,
        **behaviour: Any,
    ) -> None:
        """Prepare; every account is signed in.

        Args:
            accounts: Accounts, or names that their addresses follow from; one at least.
            seed: Of the ids; None: no other process has the same.
            now: Returns seconds since 1970.
            behaviour: Fields of `Behaviour`.
        """
        super().__init__()
        self.behaviour = msgspec.convert(behaviour, Behaviour)
        self.moment = Moment(now)
        made = [each if isinstance(each, Account) else account(each) for each in accounts]
        for each in made:
            each.sign_in(self._cookies_end())
        self.accounts = Accounts(made)
        self.secret = made[0].secret
        # One account makes all of the tour, and nobody wants to wait for it.
        self.settings = {"poll_first": "0.2", "poll_seconds": "0.2"}
        self.tour = tour()
        self.truth = Truth()
        self._life = Life(self.behaviour, self.accounts, self.truth, self.moment)
        key = secrets.token_bytes(32)
        self.library = Library(self.behaviour, self.moment, key, self._life.catch_up)
        self._life.library = self.library
        self._door = Door(self.accounts, self.behaviour, self.moment, self.truth)
        self.mishaps = self._door.mishaps
        ids = Ids(seed)
        self._desks = (
            Labs(self.library, self.behaviour, self.moment),
            Images(self.library, self.behaviour, self.moment, ids),
            Videos(self.library, self._life, self.truth, self.behaviour, self.moment, ids),
        )

    @property
    def secrets(self) -> list[str]:
        """Return the newest cookie of each account."""
        return [each.secret for each in self.accounts]

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return the upstream's routes, those of all hosts."""
        yield from Control(self).routes()
        for desk in self._desks:
            for way in desk.ways():
                yield web.route(way.method, way.path, self._door.handler(way))
        link = Way(
            method="GET",
            path=f"{PATH}/{{file}}",
            call="link",
            endpoint=lambda call: self.library.serve(call.request),
        )
        yield web.get(link.path, self._door.handler(link))
        yield web.route("*", "/{rest:.*}", self._door.lost)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen, and return the base URL.

        Args:
            host: Address to listen on.
            port: Port to listen on; 0: any free one.
        """
        self.library.base_url = await super().start(host, port)
        return self.url

    def release(self) -> None:
        """End the stalls and the slow answers that wait now."""
        super().release()
        self._door.release()

    def mishap(self, kind: str, **details: Any) -> None:
        """Let something go wrong with a coming call.

        Args:
            kind: A `Mishap.kind`.
            details: Other fields of `Mishap`.
        """
        self.mishaps.waiting.append(msgspec.convert({"kind": kind, **details}, Mishap))

    def change(self, asked: NewAccount) -> Account:
        """Change an account, or open it and sign it in, and return it.

        Args:
            asked: What of it.
        """
        found = self.accounts.change(asked)
        if not found.sessions:
            found.sign_in(self._cookies_end())
        return found

    def sign_in(self, name: str) -> Given:
        """Sign an account in by hand, as its owner would, and return its new cookie.

        Args:
            name: The account's.
        """
        found = self.accounts[name]
        if found.state == "signed_out":
            found.state = "good"
        return found.sign_in(self._cookies_end())

    def hold(self) -> None:
        """Keep every video as it is, whatever looks at it."""
        self.behaviour.held = True

    def let_go(self) -> None:
        """Let videos move again."""
        self.behaviour.held = False

    def advance(self) -> None:
        """Move every open video by one state, even if they are held."""
        self._life.advance()

    def job(self, name: str) -> EmulatedJob:
        """Return a video of whatever account.

        Args:
            name: What it or its operation is called.

        Raises:
            KeyError: There is no such video.
        """
        for job in self.truth.jobs.values():
            if name in (job.name, job.operation):
                return job
        raise KeyError(name)

    def finish(self, name: str, state: State = "SUCCESSFUL", message: str = "") -> None:
        """Bring a video to a state, even if they are held; one that has ended stays as it is.

        Args:
            name: What it or its operation is called.
            state: Where to.
            message: Why it failed; empty: the usual.

        Raises:
            KeyError: There is no such video.
        """
        self._life.move(self.job(name), state, message)

    def _cookies_end(self) -> float:
        return self.moment.now() + self.behaviour.session_seconds
