"""Stands in for AI Studio: its page, its sign-in, its methods, and faults on demand."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import msgspec
from aiohttp import web

from plugway import Browser
from plugway.testing import EmulatorServer
from plugway_aistudio.emulated.accounts import Account, Accounts, Limit, account
from plugway_aistudio.emulated.answer import Answer
from plugway_aistudio.emulated.applet import Applet
from plugway_aistudio.emulated.asked import Asked
from plugway_aistudio.emulated.behaviour import Behaviour
from plugway_aistudio.emulated.control import Control
from plugway_aistudio.emulated.gate import Gate
from plugway_aistudio.emulated.mishaps import Mishap, Mishaps
from plugway_aistudio.emulated.models import MODELS, Model
from plugway_aistudio.emulated.pages import Pages
from plugway_aistudio.emulated.profile import profile
from plugway_aistudio.emulated.quotas import Quotas
from plugway_aistudio.emulated.rpc import Rpc
from plugway_aistudio.emulated.signin import SignIn
from plugway_aistudio.emulated.tokens import Tokens
from plugway_aistudio.emulated.tour import tour

#: Where it usually listens; cookies do not know ports, so a profile is good before the start.
_HOME = "http://127.0.0.1"


class AIStudioEmulator(EmulatorServer):
    """Shows a browser the page of AI Studio, and answers what the page asks.

    Attributes:
        behaviour: How it behaves; each field can be set at any time.
        accounts: Its accounts.
        chats: The models that can be asked, and others of its list.
        mishaps: What is still to go wrong.
        applet: An applet of the operator's, and the API that it asks.

    Example:
        >>> emulator = AIStudioEmulator(accounts=("first", "second"))
        >>> [each.email for each in emulator.accounts]
        ['first@studio.example', 'second@studio.example']
        >>> '"SAPISID"' in emulator.secret
        True
    """

    provider: str = "aistudio"

    def __init__(
        self,
        *,
        accounts: Sequence[str | Account] = ("first",),
        now: Callable[[], float] = time.time,
        **behaviour: Any,
    ) -> None:
        """Prepare; every account is signed in.

        Args:
            accounts: Accounts, or names that their marks follow from; one at least.
            now: Returns seconds since 1970.
            behaviour: Fields of `Behaviour`.
        """
        super().__init__()
        self._now = now
        self.behaviour = msgspec.convert(behaviour, Behaviour)
        made = [each if isinstance(each, Account) else account(each) for each in accounts]
        self.accounts = Accounts(made)
        self.chats: tuple[Model, ...] = MODELS
        # Those that no other plugin's emulator has: a demo runs them all beside each other.
        self.models = ("gemini-flash-latest", "gemma-3-27b-it")
        self.mishaps = Mishaps()
        self.tour = tour()
        self._main = made[0].name
        self._gate = Gate()
        tokens, quotas = Tokens(), Quotas(now)
        self._signin = SignIn(self.accounts)
        self._pages = Pages(
            accounts=self.accounts,
            behaviour=self.behaviour,
            tokens=tokens,
            mishaps=self.mishaps,
            gate=self._gate,
            signin=self._signin,
        )
        self._rpc = Rpc(
            models=lambda: self.chats,
            accounts=self.accounts,
            behaviour=self.behaviour,
            tokens=tokens,
            mishaps=self.mishaps,
            quotas=quotas,
            gate=self._gate,
        )
        self.applet = Applet(self.accounts, self._signin, quotas, self._gate)

    @property
    def missing(self) -> str:  # type: ignore[override]  # as the machine is, so no constant
        """Say what its tour needs: somebody has to look at the page."""
        if Browser(os.environ.get("PLUGWAY__BROWSER__PATH", "")).available:
            return ""
        return (
            "no browser: install the system's package chromium (apt-get install chromium), "
            "or run `playwright install chromium`"
        )

    @property
    def secret(self) -> str:  # type: ignore[override]  # the newest cookies, so no constant
        """Return the profile of the first account."""
        return self.profile(self._main)

    @property
    def asked(self) -> deque[Asked]:
        """Return the last 1 000 requests for an answer, oldest first."""
        return self._rpc.asked

    @property
    def layout(self) -> str:
        """Return the names of the page's elements: `new` or `old`."""
        return self.behaviour.layout

    @layout.setter
    def layout(self, layout: str) -> None:
        self.behaviour.change(msgspec.json.encode({"layout": layout}))

    @property
    def renamed(self) -> Collection[str]:
        """Return the purposes whose element has a name that nobody knows."""
        return self.behaviour.renamed

    @renamed.setter
    def renamed(self, purposes: Collection[str]) -> None:
        self.behaviour.change(msgspec.json.encode({"renamed": list(purposes)}))

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return the routes of the page, of its methods and of the sign-in."""
        yield from Control(self).routes()
        yield from self._pages.routes()
        yield from self._rpc.routes()
        yield from self._signin.routes()
        yield from self.applet.routes()

    def release(self) -> None:
        """End the stalls, the silences and the slow answers that wait now."""
        super().release()
        self._gate.release()

    async def until_asked(self, count: int, seconds: float = 30.0) -> Asked:
        """Wait until the page has asked for answers.

        Args:
            count: How many in all since the start.
            seconds: Longest wait.

        Returns:
            The last of them.

        Raises:
            TimeoutError: They did not come.
        """
        async with asyncio.timeout(seconds):
            return await self._rpc.until(count)

    def step(self, count: int = 1) -> None:
        """Let frames of stepped answers go out.

        Args:
            count: How many; those of answers yet to come count too.
        """
        self._gate.step(count)

    def mishap(self, kind: str, **details: Any) -> None:
        """Let something go wrong.

        Args:
            kind: A `Mishap.kind`.
            details: Other fields of `Mishap`.
        """
        self.mishaps.waiting.append(msgspec.convert({"kind": kind, **details}, Mishap))

    def script(self, *answers: Answer) -> None:
        """Write down the next answers; each is given once, and then questions are said again.

        Args:
            answers: In their order.
        """
        self._rpc.written.extend(answers)

    def limit(
        self, name: str, model: str = "*", *, minute: int | None = None, day: int | None = None
    ) -> None:
        """Let an account ask a model only so often.

        Args:
            name: The account's.
            model: Its id; `*`: each.
            minute: Most questions in a minute; None: any number.
            day: Most questions in a day of Los Angeles; None: any number.
        """
        self.accounts[name].limits[model] = Limit(minute=minute, day=day)

    def profile(self, name: str) -> str:
        """Return an account's profile with its newest cookies: `storage_state` as JSON.

        Args:
            name: The account's.
        """
        return profile(self.accounts[name], self.url or _HOME, self._now())
