"""The way in: who asks, what goes wrong, and the form of the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from plugway_flow.emulated.accounts import COOKIE, Account, Accounts
from plugway_flow.emulated.behaviour import Behaviour
from plugway_flow.emulated.call import Call, Way
from plugway_flow.emulated.mishaps import Mishap, Mishaps
from plugway_flow.emulated.moment import Moment
from plugway_flow.emulated.refusals import TRAFFIC, USUAL, WRONG, Refusal, answered
from plugway_flow.emulated.schema import decoded
from plugway_flow.emulated.truth import Truth, Use

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: Paths of the site begin so; those of its procedures so.
LABS, TRPC = "/fx/api", "/fx/api/trpc/"

_HTML = "<html><head><title>502 Bad Gateway</title></head><body>Error 502</body></html>"

#: What an answer is all about; the rest says next to nothing.
_SHAPES = frozenset({"operations", "media", "workflows", "mediaGenerationId", "result"})

#: Calls that make something.
_MAKING = frozenset({"image", "upscale_image", "submit"})


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

    def handler(self, way: Way) -> Handler:
        """Return what answers one method and path.

        Args:
            way: Which.
        """

        async def handle(request: web.Request) -> web.StreamResponse:
            use = self._truth.begin(way.call, request.path, self._moment.now())
            try:
                response = await self._handle(request, way, use)
            except (asyncio.CancelledError, ConnectionError):
                use.left = True
                raise
            finally:
                self._truth.end(use, self._moment.now())
            if use.mishap not in ("lost", "lost_after"):
                use.status = response.status
            return response

        return handle

    async def lost(self, request: web.Request) -> web.StreamResponse:
        """Answer a method and path that the service does not have, as Google does: with a page.

        Args:
            request: The request.
        """
        text = "<html><title>Error 404 (Not Found)!!1</title><p>That’s an error.</html>"
        return web.Response(status=404, text=text, content_type="text/html")

    async def _handle(self, request: web.Request, way: Way, use: Use) -> web.Response:
        procedure = None
        if request.path.startswith(TRPC):
            procedure = request.path.removeprefix(TRPC)
        try:
            who = self._who(request, way)
            if who is not None:
                self._truth.belongs(use, who.name)
            content = await request.read()
            body = decoded(content) if content else {}
            use.body = body if content else None
            mishap = self.mishaps.take(way.call, use.account, request.path)
            use.mishap = "" if mishap is None else mishap.kind
            call = Call(who=who, body=body, request=request, use=use, mishap=mishap)
            early = await self._before(call)
            if early is not None:
                return early
            self._admit(call, way)
            told = way.endpoint(call)
        except Refusal as refusal:
            return refusal.response(procedure)
        if use.mishap == "lost_after":
            _hang_up(request)
        if isinstance(told, web.Response):
            return told
        return self._told(told, use.mishap, labs=request.path.startswith(LABS))

    def _who(self, request: web.Request, way: Way) -> Account | None:
        """Return whose request it is, by its cookie or its access token.

        Raises:
            Refusal: It is one for the API, and has no token that holds.
        """
        now = self._moment.now()
        if way.call == "link":
            return None
        if request.path.startswith(LABS):
            return self._accounts.of_session(cookie(request), now)
        given = request.headers.getall("Authorization", [])
        scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if scheme.lower() != "bearer" or not token:
            raise Refusal(401)
        found = self._accounts.of_token(token.strip(), now)
        if found is None:
            raise Refusal(401)
        return found

    async def _before(self, call: Call) -> web.Response | None:
        """Answer instead of the endpoint, if the mishap says so.

        Raises:
            Refusal: The mishap is one.
        """
        mishap = call.mishap
        if mishap is None:
            return None
        if mishap.kind == "refused":
            raise _refusal(mishap)
        if mishap.kind == "html":
            return web.Response(status=502, text=_HTML, content_type="text/html")
        if mishap.kind == "lost":
            _hang_up(call.request)
            return web.Response()
        if mishap.kind == "slow":
            await self._wait(mishap.seconds)
        return None

    def _admit(self, call: Call, way: Way) -> None:
        """Refuse an account that the API does not serve.

        Raises:
            Refusal: It does not.
        """
        account = call.who
        if account is None or call.request.path.startswith(LABS):
            return
        if account.state == "signed_out":
            raise Refusal(401)
        if account.state == "migrated":
            raise Refusal(self._behaviour.migrated_api)
        if account.state == "restricted":
            raise Refusal(403, reason=WRONG)
        if account.state == "busy" and way.call in _MAKING:
            raise Refusal(429, reason=TRAFFIC)

    def _told(self, told: dict[str, Any], kind: str, *, labs: bool) -> web.Response:
        if kind == "shapeless":
            told = {name: value for name, value in told.items() if name not in _SHAPES}
        if kind == "empty":
            told = {}
        elif not labs:
            told = {**told, **self._behaviour.extras}
        response = answered(told)
        if kind == "truncated":
            body = msgspec.json.encode(told)
            response.body = body[: len(body) // 2]
        return response

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds or None):
                await self._released.wait()
        except TimeoutError:
            return


def cookie(request: web.Request) -> str:
    """Return the session's cookie; empty: it has none. Long ones come in numbered pieces.

    Args:
        request: The request.
    """
    whole = request.cookies.get(COOKIE, "")
    pieces: list[str] = []
    while f"{COOKIE}.{len(pieces)}" in request.cookies:
        pieces.append(request.cookies[f"{COOKIE}.{len(pieces)}"])
    return whole or "".join(pieces)


def _refusal(mishap: Mishap) -> Refusal:
    return Refusal(
        mishap.code,
        mishap.message,
        reason=mishap.reason or USUAL.get(mishap.code, ""),
        retry_after=mishap.retry_after,
    )


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()
