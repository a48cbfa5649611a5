"""The way in: who asks, what goes wrong, and the envelope of the answer."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from decimal import Decimal
from itertools import cycle
from typing import Any

import msgspec
from aiohttp import web

from plugway_kling.emulated.accounts import Account, Accounts
from plugway_kling.emulated.auth import authenticate
from plugway_kling.emulated.behaviour import Behaviour
from plugway_kling.emulated.call import Call, Endpoint, Way
from plugway_kling.emulated.forms import reworded, stringed
from plugway_kling.emulated.ids import Ids
from plugway_kling.emulated.kind import decoded
from plugway_kling.emulated.mishaps import Mishap, Mishaps
from plugway_kling.emulated.refusals import MESSAGES, Refusal
from plugway_kling.emulated.truth import Attempt, Truth

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: What success is called is documented as a string, and was seen in each of these.
_WORDS = ("SUCCEED", "success", "succeed")

_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"

#: Fields that differ in every run, and must not decide what goes wrong.
_FLEETING = {"external_task_id", "callback_url", "options", "session_id"}


class Door:
    """Lets requests in, and answers out."""

    def __init__(
        self,
        behaviour: Behaviour,
        accounts: Accounts,
        ids: Ids,
        now: Callable[[], float],
        truth: Truth,
    ) -> None:
        """Prepare.

        Args:
            behaviour: Chaos, and the form of answers.
            accounts: Who may ask.
            ids: Names requests.
            now: Returns seconds since 1970.
            truth: Keeps what really happened.
        """
        self._behaviour = behaviour
        self._accounts = accounts
        self._ids = ids
        self._now = now
        self._truth = truth
        self._words = cycle(_WORDS)
        self._released = asyncio.Event()
        self.mishaps = Mishaps()

    def release(self) -> None:
        """Let the slow answers go that wait now."""
        self._released.set()
        self._released = asyncio.Event()

    def handler(self, way: Way) -> Handler:
        """Return what answers one method and path."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._handle(request, way)

        return handle

    async def lost(self, request: web.Request) -> web.StreamResponse:
        """Answer a method and path that the service does not have."""
        try:
            self._who(request, jwt=True)
        except Refusal as refusal:
            return self._refused(refusal)
        return self._refused(Refusal(1202))

    async def _handle(self, request: web.Request, way: Way) -> web.StreamResponse:
        try:
            account = self._who(request, jwt=way.jwt)
        except Refusal as refusal:
            return self._refused(refusal)
        call = Call(
            account=account,
            path=request.path.rstrip("/"),
            params=request.match_info,
            query=request.query,
            content=await request.read(),
            key="",
        )
        call.key = _key(call)
        chaos = self._behaviour.chaos
        mishap = self.mishaps.take(request.method, request.path, call.key, chaos)
        attempt = Attempt.of(request.method, call, mishap)
        if attempt is not None:
            self._truth.attempts.append(attempt)
        try:
            return await self._answer(request, way.endpoint, call, mishap, attempt)
        except asyncio.CancelledError:
            _note(call, attempt, "left")
            raise

    async def _answer(
        self,
        request: web.Request,
        endpoint: Endpoint,
        call: Call,
        mishap: Mishap | None,
        attempt: Attempt | None,
    ) -> web.StreamResponse:
        kind = None if mishap is None else mishap.kind
        try:
            if mishap is not None:
                early = self._before(request, mishap)
                if early is not None:
                    return early
            data = endpoint(call)
        except Refusal as refusal:
            if attempt is not None:
                attempt.code = refusal.code
                attempt.answer = kind if kind in ("error", "hidden") else "refused"
            return self._refused(refusal)
        _note(call, attempt, kind or "sent")
        if kind == "lost_after":
            _hang_up(request)
            return web.Response()
        if mishap is not None and kind == "error_after":
            return self._refused(Refusal(mishap.code))
        if mishap is not None and kind == "odd":
            data = reworded(data, mishap.word)
        if kind == "rejected" and isinstance(data, dict):
            data = _rejected(call, data)
        if kind == "strings" or self._behaviour.numbers_as_strings:
            data = stringed(data)
        response = self._envelope(200, 0, next(self._words), data)
        if kind == "malformed" and isinstance(response.body, bytes):
            response.body = response.body[: len(response.body) // 2]
        if mishap is not None and kind == "slow":
            await self._wait(mishap.seconds)
        return response

    def _before(self, request: web.Request, mishap: Mishap) -> web.StreamResponse | None:
        """Answer instead of the endpoint, if the mishap says so."""
        if mishap.kind == "lost_before":
            _hang_up(request)
            return web.Response()
        if mishap.kind == "error":
            raise Refusal(mishap.code)
        if mishap.kind == "hidden":
            raise Refusal(1203)
        if mishap.kind == "inside":
            return self._envelope(200, mishap.code, MESSAGES[mishap.code])
        if mishap.kind == "page":
            return web.Response(status=502, text=_PAGE, content_type="text/html")
        return None

    def _who(self, request: web.Request, *, jwt: bool) -> Account:
        given = request.headers.getall("Authorization", [])
        return authenticate(given, self._accounts, self._now(), jwt=jwt)

    def _refused(self, refusal: Refusal) -> web.Response:
        return self._envelope(refusal.status, refusal.code, refusal.message)

    def _envelope(self, status: int, code: int, message: str, data: Any = None) -> web.Response:
        told = {"code": code, "message": message, "request_id": self._ids.uuid()}
        if code == 0:
            told["data"] = data
        body = msgspec.json.encode(told)
        headers = {"Content-Type": "application/json;charset=UTF-8"}
        return web.Response(status=status, body=body, headers=headers)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds or None):
                await self._released.wait()
        except TimeoutError:
            return


def _key(call: Call) -> str:
    """Return what a request is about, without what differs from run to run."""
    about = call.path
    if "id" in call.params:
        task = call.account.find(call.params["id"])
        if task is not None:
            about = f"{about.rpartition('/')[0]}/{task.key}"
    try:
        body = decoded(call.content) if call.content else {}
    except Refusal:
        body = {}
    lasting = {name: value for name, value in body.items() if name not in _FLEETING}
    content = msgspec.json.encode(lasting, order="deterministic")
    return f"{about}:{hashlib.sha256(content).hexdigest()[:16]}"


def _rejected(call: Call, data: dict[str, Any]) -> dict[str, Any]:
    """Return an answer as recognition gives it that found nothing: code 0, and no charge."""
    call.account.units += Decimal(data.get("final_unit_deduction", "0"))
    charges = ("final_unit_deduction", "final_balance_deduction")
    return {**{name: data[name] for name in data if name not in charges}, "status": 1}


def _note(call: Call, attempt: Attempt | None, answer: str) -> None:
    if call.made is not None:
        call.made.answer = answer
    if attempt is not None:
        attempt.answer = answer
        attempt.task_id = None if call.made is None else call.made.id


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()
