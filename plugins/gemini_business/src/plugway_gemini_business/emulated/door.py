"""The way in: what is asked, who asks, and what goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from plugway_gemini_business.emulated.accounts import Account, Accounts
from plugway_gemini_business.emulated.bearer import authenticate
from plugway_gemini_business.emulated.behaviour import Behaviour
from plugway_gemini_business.emulated.bodies import envelope
from plugway_gemini_business.emulated.call import Call, Way
from plugway_gemini_business.emulated.mishaps import CallName, Mishap, Mishaps
from plugway_gemini_business.emulated.moment import Moment
from plugway_gemini_business.emulated.refusals import Refusal, invalid
from plugway_gemini_business.emulated.truth import Truth, Use

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: Answers a request that is no widget method.
Plain = Callable[[web.Request, Use], Awaitable[web.StreamResponse]]

_HTML = "<html><head><title>502 Bad Gateway</title></head><body>Error 502</body></html>"


class Door:
    """Lets requests in, and answers out.

    Attributes:
        mishaps: What is still to go wrong.
    """

    def __init__(
        self, accounts: Accounts, behaviour: Behaviour, moment: Moment, truth: Truth
    ) -> None:
        """Prepare.

        Args:
            accounts: Who may ask.
            behaviour: How it behaves.
            moment: Tells the time.
            truth: Keeps what really happened.
        """
        self._accounts = accounts
        self._behaviour = behaviour
        self._moment = moment
        self._truth = truth
        self._released = asyncio.Event()
        self.mishaps = Mishaps()

    def release(self) -> None:
        """Let go what waits now."""
        self._released.set()
        self._released = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Wait until released, but no longer than asked.

        Args:
            seconds: At the most; 0: as long as it takes.
        """
        try:
            async with asyncio.timeout(seconds or None):
                await self._released.wait()
        except TimeoutError:
            return

    def method(self, way: Way) -> Handler:
        """Return what answers a widget method."""

        async def answer(request: web.Request, use: Use) -> web.StreamResponse:
            try:
                account = self.bearer(request, use)
                if request.content_type != "application/json":
                    raise invalid("", "Invalid content type: expected application/json.")
                config, asked = envelope(await request.read(), way.envelope, way.fields)
                if config != account.config_id:
                    raise Refusal(403, f"Permission denied on config '{config}'.")
            except Refusal as refusal:
                return refusal.response(listed=way.streams and self._behaviour.listed_errors)
            return await self._answer(request, use, way, account, asked)

        return self.handler(way.call, answer)

    def handler(self, call: CallName, plain: Plain) -> Handler:
        """Return what answers any request, and notes what became of it.

        Args:
            call: What it is called here.
            plain: Answers.
        """

        async def handle(request: web.Request) -> web.StreamResponse:
            use = self._truth.begin(call, self._moment.now())
            try:
                response = await plain(request, use)
            except Refusal as refusal:
                response = refusal.response()
            except web.HTTPException as answer:
                use.status = answer.status
                raise
            except (asyncio.CancelledError, ConnectionError):
                use.left = True
                raise
            finally:
                self._truth.end(use, self._moment.now())
            if use.mishap not in ("lost", "lost_after"):
                use.status = response.status
            return response

        return handle

    def bearer(self, request: web.Request, use: Use) -> Account:
        """Return whose request it is, by its bearer.

        Args:
            request: The request.
            use: Notes it.

        Raises:
            Refusal: Nobody's, or that account may not ask now.
        """
        given = request.headers.getall("Authorization", [])
        account = authenticate(given, self._accounts, self._behaviour, self._moment.now())
        self._truth.belongs(use, account.name)
        self.admit(account)
        return account

    @staticmethod
    def admit(account: Account) -> None:
        """Refuse an account that is not in good order.

        Args:
            account: The account.

        Raises:
            Refusal: 401 or 403.
        """
        if account.state == "restricted":
            raise Refusal(403)
        if account.state == "expired":
            raise Refusal(401)

    def mishap(self, use: Use) -> Mishap | None:
        """Return what goes wrong with a call, and note it.

        Args:
            use: The call.
        """
        found = self.mishaps.take(use.call, use.account)
        if found is not None:
            use.mishap = found.kind
        return found

    async def before(self, request: web.Request, mishap: Mishap | None) -> web.Response | None:
        """Answer instead of the endpoint, if the mishap says so.

        Args:
            request: The request.
            mishap: What goes wrong.

        Raises:
            Refusal: The mishap is one.
        """
        if mishap is None:
            return None
        if mishap.kind == "refused":
            raise Refusal(mishap.code, mishap.message, retry_after=mishap.retry_after)
        if mishap.kind == "html":
            return web.Response(status=502, text=_HTML, content_type="text/html")
        if mishap.kind == "lost":
            hang_up(request)
            return web.Response()
        if mishap.kind == "slow":
            await self.wait(mishap.seconds)
        return None

    async def _answer(
        self,
        request: web.Request,
        use: Use,
        way: Way,
        account: Account,
        asked: dict[str, object],
    ) -> web.StreamResponse:
        mishap = self.mishap(use)
        call = Call(account=account, asked=asked, use=use, mishap=mishap, request=request)
        try:
            early = await self.before(request, mishap)
            response = early if early is not None else await way.endpoint(call)
        except Refusal as refusal:
            response = refusal.response(listed=way.streams and self._behaviour.listed_errors)
        if use.mishap == "lost_after":
            hang_up(request)
        return response


def hang_up(request: web.Request) -> None:
    """Close a request's connection."""
    if request.transport is not None:
        request.transport.close()
