"""The question for the key that bearers are signed with (reference §1.3)."""

from __future__ import annotations

import msgspec
from aiohttp import web

from plugway_gemini_business.emulated.accounts import OSES, SES, Account, Accounts
from plugway_gemini_business.emulated.behaviour import Behaviour
from plugway_gemini_business.emulated.door import Door, hang_up
from plugway_gemini_business.emulated.moment import Moment
from plugway_gemini_business.emulated.refusals import SIGNED_OUT, Refusal
from plugway_gemini_business.emulated.truth import Truth, Use

#: What keeps the answer from being run as a script.
PREFIX = b")]}'\n"


class Minting:
    """Gives out keys to whoever is signed in."""

    def __init__(
        self,
        door: Door,
        accounts: Accounts,
        behaviour: Behaviour,
        moment: Moment,
        truth: Truth,
    ) -> None:
        """Prepare.

        Args:
            door: The way in.
            accounts: Who may ask.
            behaviour: How it behaves.
            moment: Tells the time.
            truth: Knows when it was asked before.
        """
        self._door = door
        self._accounts = accounts
        self._behaviour = behaviour
        self._moment = moment
        self._truth = truth

    def routes(self) -> list[web.RouteDef]:
        """Return its routes."""
        return [web.get("/auth/getoxsrf", self._door.handler("mint", self._mint))]

    def signed_in(self, request: web.Request) -> Account | None:
        """Return who is signed in by cookies that still hold.

        Args:
            request: The request.
        """
        ses, oses = request.cookies.get(SES, ""), request.cookies.get(OSES, "")
        found = self._accounts.signed_in(ses)
        return found if found is not None and self._holds(found, ses, oses) else None

    def _holds(self, account: Account, ses: str, oses: str) -> bool:
        pair = account.pair(ses, oses)
        if pair is None or pair.revoked or account.state == "expired":
            return False
        return self._moment.now() < pair.at + self._behaviour.cookie_seconds

    async def _mint(self, request: web.Request, use: Use) -> web.StreamResponse:
        csesidx = request.query.get("csesidx", "")
        if not csesidx.isdecimal():
            raise Refusal(400, "csesidx is required.")
        account = self._accounts.of_index(csesidx)
        if account is not None:
            self._truth.belongs(use, account.name)
        mishap = self._door.mishap(use)
        early = await self._door.before(request, mishap)
        if early is not None:
            return early
        ses, oses = request.cookies.get(SES, ""), request.cookies.get(OSES, "")
        if account is None or not self._holds(account, ses, oses):
            return web.json_response(SIGNED_OUT, status=401)
        self._door.admit(account)
        self._check_interval(account, use)
        key = account.keys.current(now=use.at, seconds=self._behaviour.key_seconds)
        body = PREFIX + msgspec.json.encode({"xsrfToken": key.token, "keyId": key.id})
        if use.mishap == "lost_after":
            hang_up(request)
        return web.Response(body=body, headers={"Content-Type": "application/json; charset=utf-8"})

    def _check_interval(self, account: Account, use: Use) -> None:
        if not self._behaviour.mint_interval:
            return
        earlier = self._truth.times(account.name, "mint")[:-1]
        if earlier and use.at - earlier[-1] < self._behaviour.mint_interval:
            raise Refusal(429, retry_after=self._behaviour.retry_after)
