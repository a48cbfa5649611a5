"""The emulator's own HTTP surface, for those who are in another process.

Beside what every emulator has at `/_emulator/…`, below `/_emulator/aistudio`:

| request | does |
|---|---|
| `GET /behaviour` | shows the `Behaviour` |
| `PATCH /behaviour` | sets the fields given |
| `GET /accounts` | shows the accounts |
| `PUT /account` | opens or changes an account, given as `NewAccount` |
| `POST /accounts/{name}/sign-in` | signs it in anew: earlier cookies hold no longer |
| `GET /accounts/{name}/profile` | gives its profile, as Playwright keeps it |
| `POST /mishaps` | adds a `Mishap` |
| `GET /mishaps` | lists those still to happen |
| `DELETE /mishaps` | forgets them |
| `POST /answers` | writes down an `Answer` for the next question |
| `POST /step` | lets frames of stepped answers go: `{"count": 1}` |
| `GET /asked` | tells what was asked, oldest first |
| `DELETE /asked` | forgets it |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
from aiohttp import web

from plugway_aistudio.emulated.accounts import Account, Limit, State, account
from plugway_aistudio.emulated.answer import Answer
from plugway_aistudio.emulated.mishaps import Mishap

if TYPE_CHECKING:
    from plugway_aistudio.emulator import AIStudioEmulator

T = TypeVar("T")

_BASE = "/_emulator/aistudio"


class NewAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks for an account, or for changes of one; what is not given stays or is made up.

    Attributes:
        name: Which.
        state: See `Account`.
        password: See `Account`.
        keeps: See `Account`.
        limits: See `Account`.
    """

    name: str
    state: State | msgspec.UnsetType = msgspec.UNSET
    password: str | msgspec.UnsetType = msgspec.UNSET
    keeps: Annotated[int, msgspec.Meta(ge=1)] | msgspec.UnsetType | None = msgspec.UNSET
    limits: dict[str, Limit] | msgspec.UnsetType = msgspec.UNSET


class Steps(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lets frames go.

    Attributes:
        count: How many.
    """

    count: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1


class Control:
    """Answers it."""

    def __init__(self, emulator: AIStudioEmulator) -> None:
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
            web.get(f"{_BASE}/accounts/{{name}}/profile", self._profile),
            web.post(f"{_BASE}/mishaps", self._mishap),
            web.get(f"{_BASE}/mishaps", self._mishaps),
            web.delete(f"{_BASE}/mishaps", self._forgive),
            web.post(f"{_BASE}/answers", self._answer),
            web.post(f"{_BASE}/step", self._step),
            web.get(f"{_BASE}/asked", self._asked),
            web.delete(f"{_BASE}/asked", self._forget),
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
        return _json(list(self._emulator.accounts))

    async def _account(self, request: web.Request) -> web.Response:
        asked = await _body(request, NewAccount)
        try:
            found = self._emulator.accounts[asked.name]
        except KeyError:
            found = account(asked.name)
            self._emulator.accounts.add(found)
        for field in ("state", "password", "keeps", "limits"):
            value = getattr(asked, field)
            if value is not msgspec.UNSET:
                setattr(found, field, value)
        return _json(found)

    async def _sign_in(self, request: web.Request) -> web.Response:
        found = self._named(request)
        found.sign_in()
        return _json(found)

    async def _profile(self, request: web.Request) -> web.Response:
        profile = self._emulator.profile(self._named(request).name)
        return web.Response(text=profile, content_type="application/json")

    async def _mishap(self, request: web.Request) -> web.Response:
        self._emulator.mishaps.waiting.append(await _body(request, Mishap))
        return _json({})

    async def _mishaps(self, request: web.Request) -> web.Response:
        return _json(self._emulator.mishaps.waiting)

    async def _forgive(self, request: web.Request) -> web.Response:
        self._emulator.mishaps.waiting.clear()
        return _json({})

    async def _answer(self, request: web.Request) -> web.Response:
        self._emulator.script(await _body(request, Answer))
        return _json({})

    async def _step(self, request: web.Request) -> web.Response:
        self._emulator.step((await _body(request, Steps)).count)
        return _json({})

    async def _asked(self, request: web.Request) -> web.Response:
        return _json(list(self._emulator.asked))

    async def _forget(self, request: web.Request) -> web.Response:
        self._emulator.asked.clear()
        return _json({})

    def _named(self, request: web.Request) -> Account:
        try:
            return self._emulator.accounts[request.match_info["name"]]
        except KeyError:
            raise web.HTTPNotFound from None


async def _body(request: web.Request, type_: type[T]) -> T:
    try:
        return msgspec.json.decode(await request.read() or b"{}", type=type_)
    except msgspec.MsgspecError as error:
        raise web.HTTPBadRequest(text=str(error)) from None


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
