"""Stands in for Gemini Business: accounts, sessions, answers, pages, and faults on demand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from aiohttp import web

from plugway.testing import EmulatorServer
from plugway_gemini_business.emulated.accounts import (
    OSES,
    SES,
    Account,
    Accounts,
    NewAccount,
    SignIn,
    account,
)
from plugway_gemini_business.emulated.assist import Assist
from plugway_gemini_business.emulated.behaviour import Behaviour
from plugway_gemini_business.emulated.control import Control
from plugway_gemini_business.emulated.door import Door
from plugway_gemini_business.emulated.files import Files
from plugway_gemini_business.emulated.histories import Histories
from plugway_gemini_business.emulated.minting import Minting
from plugway_gemini_business.emulated.mishaps import Mishap
from plugway_gemini_business.emulated.models import MODELS
from plugway_gemini_business.emulated.moment import Moment
from plugway_gemini_business.emulated.pages import Pages
from plugway_gemini_business.emulated.sessions import Sessions, stamp
from plugway_gemini_business.emulated.tour import tour
from plugway_gemini_business.emulated.truth import Truth

#: Below this are the widget methods.
_WIDGETS = "/v1alpha/locations/global"

#: Whose cookies the real ones are; they are sent here all the same.
DOMAIN = ".gemini.google"


class GeminiBusinessEmulator(EmulatorServer):
    """Answers like the widget API, and shows a browser the pages of the sign-in.

    Attributes:
        behaviour: How it behaves; each field can be set at any time.
        accounts: Its accounts.
        sessions: Those that nobody has deleted.
        moment: Its time.
        truth: What really happened.
        mishaps: What is still to go wrong.

    Example:
        >>> emulator = GeminiBusinessEmulator(accounts=["first", "second"])
        >>> [each.email for each in emulator.accounts]
        ['first@business.example', 'second@business.example']
        >>> '"configId"' in emulator.secret and len(emulator.secrets)
        2
    """

    provider: str = "gemini_business"
    models: tuple[str, ...] = ("gemini-auto", *MODELS, "gemini-imagen", "gemini-veo")

    def __init__(
        self,
        *,
        accounts: Sequence[str | Account] = ("demo",),
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
        self.behaviour = msgspec.convert(behaviour, Behaviour)
        self.moment = Moment(now)
        made = [each if isinstance(each, Account) else account(each) for each in accounts]
        for each in made:
            each.sign_in(self.moment.now())
        self.accounts = Accounts(made)
        self.sessions = Sessions()
        self.truth = Truth()
        self.secret = self.account_file(made[0].name)
        # One account answers the whole tour, and need not rest before it is asked again.
        self.settings = {"use_cooldown": "0"}
        self.tour = tour()
        self._door = Door(self.accounts, self.behaviour, self.moment, self.truth)
        self.mishaps = self._door.mishaps
        self._files = Files(self._door, self.sessions, self.behaviour, self.moment)
        self._minting = Minting(self._door, self.accounts, self.behaviour, self.moment, self.truth)
        self._pages = Pages(
            self._door, self._minting, self.accounts, self.behaviour, self.moment, self.truth
        )
        self._desks = (
            Histories(self.sessions, self.moment),
            self._files,
            Assist(self, self._door, self.sessions, self.behaviour, self.moment, self.truth),
        )

    @property
    def secrets(self) -> list[str]:
        """Return the account files of all accounts, each with its newest cookies."""
        return [self.account_file(each.name) for each in self.accounts]

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return the upstream's routes, those of all hosts."""
        yield from Control(self).routes()
        for desk in self._desks:
            for way in desk.ways():
                yield web.post(f"{_WIDGETS}/{way.method}", self._door.method(way))
        yield from self._files.routes()
        yield from self._minting.routes()
        yield from self._pages.routes()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen, and return the base URL.

        Args:
            host: Address to listen on.
            port: Port to listen on; 0: any free one.
        """
        self._files.base_url = await super().start(host, port)
        return self.url

    def release(self) -> None:
        """End the stalls, the silences and the slow answers that wait now."""
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
        if not found.sign_ins:
            found.sign_in(self.moment.now())
        return found

    def sign_in(self, name: str) -> SignIn:
        """Sign an account in by hand, as its owner would: it is in good order then.

        Args:
            name: The account's.
        """
        found = self.accounts[name]
        if found.state == "expired":
            found.state = "good"
        return found.sign_in(self.moment.now())

    def account_file(self, name: str) -> str:
        """Return an account with its newest cookies, in the form of reference §2.1.

        Args:
            name: The account's.
        """
        found = self.accounts[name]
        pair = found.sign_ins[-1]
        cookies = {SES: pair.ses, OSES: pair.oses}
        told = {
            "email": found.email,
            "fullName": name.title(),
            "authorization": "",
            "cookies": [
                {"name": cookie, "value": value, "domain": DOMAIN}
                for cookie, value in cookies.items()
            ],
            "cookie_string": "; ".join(f"{key}={value}" for key, value in cookies.items()),
            "response_headers": {},
            "timestamp": stamp(pair.at),
            "configId": found.config_id,
            "csesidx": found.csesidx,
        }
        return msgspec.json.encode(told).decode()
