"""The emulator's own HTTP surface, for those who are in another process.

Beside what every emulator has at `/_emulator/…`, below `/_emulator/flow`:

| request | does |
|---|---|
| `GET /behaviour` | shows the `Behaviour` |
| `PATCH /behaviour` | sets the fields given |
| `GET /accounts` | shows the accounts, with their secrets |
| `PUT /account` | opens or changes an account, given as `NewAccount` |
| `POST /accounts/{name}/sign-in` | gives out a new cookie, and shows the account |
| `POST /accounts/{name}/revoke` | ends its cookies and tokens: `{"sessions", "tokens"}` |
| `POST /clock` | moves the clock ahead: `{"advance": seconds}` |
| `POST /mishaps` | adds a `Mishap` |
| `GET /mishaps` | lists those still to happen |
| `DELETE /mishaps` | forgets them |
| `POST /advance` | moves every open video by one state |
| `POST /jobs/{name}` | brings a video to a state, given as `Finish` |
| `GET /truth` | tells calls, videos, media and projects |
| `DELETE /truth` | forgets calls |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
from aiohttp import web

from plugway_flow.emulated.accounts import Account, NewAccount
from plugway_flow.emulated.life import Finish
from plugway_flow.emulated.mishaps import Mishap

if TYPE_CHECKING:
    from plugway_flow.emulator import FlowEmulator

T = TypeVar("T")

_BASE = "/_emulator/flow"


class Revocation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks for the end of what an account was given.

    Attributes:
        sessions: Its cookies.
        tokens: Its access tokens.
    """

    sessions: bool = True
    tokens: bool = True


class Ahead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks for a later time.

    Attributes:
        advance: Seconds.
    """

    advance: Annotated[float, msgspec.Meta(ge=0)]


class Control:
    """Answers it."""

    def __init__(self, emulator: FlowEmulator) -> None:
        """Prepare.

        Args:
            emulator: What is controlled.
        """
        self._emulator = emulator

    def routes(self) -> list[web.RouteDef]:
        """Return its routes."""
        return [
            web.get(f"{_BASE}/behaviour", self._behaviour),
            web.patch(f"{_BASE}/behaviour", self._behave),
            web.get(f"{_BASE}/accounts", self._accounts),
            web.put(f"{_BASE}/account", self._account),
            web.post(f"{_BASE}/accounts/{{name}}/sign-in", self._sign_in),
            web.post(f"{_BASE}/accounts/{{name}}/revoke", self._revoke),
            web.post(f"{_BASE}/clock", self._clock),
            web.post(f"{_BASE}/mishaps", self._mishap),
            web.get(f"{_BASE}/mishaps", self._mishaps),
            web.delete(f"{_BASE}/mishaps", self._forgive),
            web.post(f"{_BASE}/advance", self._advance),
            web.post(f"{_BASE}/jobs/{{name}}", self._finish),
            web.get(f"{_BASE}/truth", self._truth),
            web.delete(f"{_BASE}/truth", self._forget),
        ]

    async def _behaviour(self, request: web.Request) -> web.Response:
        return _json(self._emulator.behaviour)

    async def _behave(self, request: web.Request) -> web.Response:
        try:
            self._emulator.behaviour.change(await request.read())
        except msgspec.MsgspecError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        return _json(self._emulator.behaviour)

    async def _accounts(self, request: web.Request) -> web.Response:
        return _json([_told(account) for account in self._emulator.accounts])

    async def _account(self, request: web.Request) -> web.Response:
        asked = await _body(request, NewAccount)
        return _json(_told(self._emulator.change(asked)))

    async def _sign_in(self, request: web.Request) -> web.Response:
        account = self._named(request)
        self._emulator.sign_in(account.name)
        return _json(_told(account))

    async def _revoke(self, request: web.Request) -> web.Response:
        account = self._named(request)
        asked = await _body(request, Revocation)
        account.revoke(sessions=asked.sessions, tokens=asked.tokens)
        return _json(_told(account))

    async def _clock(self, request: web.Request) -> web.Response:
        self._emulator.moment.advance((await _body(request, Ahead)).advance)
        return _json({"now": self._emulator.moment.now()})

    async def _mishap(self, request: web.Request) -> web.Response:
        self._emulator.mishaps.waiting.append(await _body(request, Mishap))
        return _json({})

    async def _mishaps(self, request: web.Request) -> web.Response:
        return _json(self._emulator.mishaps.waiting)

    async def _forgive(self, request: web.Request) -> web.Response:
        self._emulator.mishaps.waiting.clear()
        return _json({})

    async def _advance(self, request: web.Request) -> web.Response:
        self._emulator.advance()
        return _json({})

    async def _finish(self, request: web.Request) -> web.Response:
        asked = await _body(request, Finish)
        try:
            self._emulator.finish(request.match_info["name"], asked.state, asked.message)
        except KeyError:
            raise web.HTTPNotFound from None
        return _json({})

    async def _truth(self, request: web.Request) -> web.Response:
        truth = self._emulator.truth
        told = {
            "accounts": {each.name: truth.public(each.name) for each in self._emulator.accounts},
            "nobody": truth.counts(""),
            "uses": truth.uses,
            "jobs": list(truth.jobs.values()),
            "media": [
                {"name": medium.name, "account": medium.account, "kind": medium.kind}
                for medium in self._emulator.library.media.values()
            ],
            "projects": [
                {"account": each.name, "id": project.id, "title": project.title}
                for each in self._emulator.accounts
                for project in each.projects.values()
            ],
        }
        return _json(told)

    async def _forget(self, request: web.Request) -> web.Response:
        self._emulator.truth.clear()
        return _json({})

    def _named(self, request: web.Request) -> Account:
        try:
            return self._emulator.accounts[request.match_info["name"]]
        except KeyError:
            raise web.HTTPNotFound from None


def _told(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "email": account.email,
        "tier": account.tier,
        "credits": account.credits,
        "state": account.state,
        "sessions": len(account.sessions),
        "tokens": len(account.tokens),
        "projects": list(account.projects),
        "secret": account.secret,
    }


async def _body(request: web.Request, type_: type[T]) -> T:
    try:
        return msgspec.json.decode(await request.read() or b"{}", type=type_)
    except msgspec.MsgspecError as error:
        raise web.HTTPBadRequest(text=str(error)) from None


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
