"""The emulator's own HTTP surface, for those who are in another process.

Beside what every emulator has at `/_emulator/…`:

| request | does |
|---|---|
| `GET /_emulator/kling/behaviour` | shows the `Behaviour` |
| `PATCH /_emulator/kling/behaviour` | sets the fields given |
| `PUT /_emulator/kling/account` | opens or changes an account, given as `NewAccount` |
| `POST /_emulator/kling/mishaps` | adds a `Mishap` |
| `GET /_emulator/kling/mishaps` | lists those still to happen |
| `DELETE /_emulator/kling/mishaps` | forgets them |
| `GET /_emulator/kling/truth` | tells every account, task, attempt, and tasks by external id |
| `GET /_emulator/kling/callbacks` | tells the callbacks sent, and how many are due |
| `POST /_emulator/kling/callbacks` | lets something go wrong with the next: `{"kind", "times"}` |
| `POST /_emulator/kling/deliver` | sends the callbacks that are due, and tells them |
| `POST /_emulator/kling/advance` | moves every open task by one state |
| `POST /_emulator/kling/tasks/{id}` | brings a task to a state, given as `Finish` |
| `POST /_emulator/kling/forge/{id}` | forges a callback of a task: `{"state"}` |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
from aiohttp import web

from plugway_kling.emulated.accounts import NewAccount
from plugway_kling.emulated.callbacks import Delivery
from plugway_kling.emulated.life import Finish
from plugway_kling.emulated.mishaps import CallbackMishap, Mishap
from plugway_kling.emulated.refusals import STATUS

if TYPE_CHECKING:
    from plugway_kling.emulator import KlingEmulator

T = TypeVar("T")

_BASE = "/_emulator/kling"


class CallbackMishaps(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks for something to go wrong with the next callbacks.

    Attributes:
        kind: What.
        times: With how many.
    """

    kind: CallbackMishap
    times: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1


class Forgery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks for a forged callback.

    Attributes:
        state: What it says.
    """

    state: str = "succeed"


class Control:
    """Answers it."""

    def __init__(self, emulator: KlingEmulator) -> None:
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
            web.put(f"{_BASE}/account", self._account),
            web.get(f"{_BASE}/mishaps", self._mishaps),
            web.post(f"{_BASE}/mishaps", self._mishap),
            web.delete(f"{_BASE}/mishaps", self._forget),
            web.get(f"{_BASE}/truth", self._truth),
            web.get(f"{_BASE}/callbacks", self._callbacks),
            web.post(f"{_BASE}/callbacks", self._spoil),
            web.post(f"{_BASE}/deliver", self._deliver),
            web.post(f"{_BASE}/advance", self._advance),
            web.post(f"{_BASE}/tasks/{{id}}", self._finish),
            web.post(f"{_BASE}/forge/{{id}}", self._forge),
        ]

    async def _behaviour(self, request: web.Request) -> web.Response:
        return _json(self._emulator.behaviour)

    async def _behave(self, request: web.Request) -> web.Response:
        try:
            self._emulator.behaviour.change(await request.read())
        except msgspec.MsgspecError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        self._emulator.callbacks.wake.set()
        return _json(self._emulator.behaviour)

    async def _account(self, request: web.Request) -> web.Response:
        asked = await _body(request, NewAccount)
        if isinstance(asked.trouble, int) and asked.trouble not in STATUS:
            raise web.HTTPBadRequest(text=f"{asked.trouble} is no official code")
        account = self._emulator.accounts.change(asked)
        return _json({"secret": account.secret, "api_key": account.api_key})

    async def _mishaps(self, request: web.Request) -> web.Response:
        return _json(self._emulator.mishaps.waiting)

    async def _mishap(self, request: web.Request) -> web.Response:
        self._emulator.mishaps.waiting.append(await _body(request, Mishap))
        return _json({})

    async def _forget(self, request: web.Request) -> web.Response:
        self._emulator.mishaps.waiting.clear()
        return _json({})

    async def _truth(self, request: web.Request) -> web.Response:
        return _json(self._emulator.truth.public())

    async def _callbacks(self, request: web.Request) -> web.Response:
        callbacks = self._emulator.callbacks
        due = len(callbacks.due) + len(callbacks.later)
        return _json({"due": due, "sent": [_told(each) for each in callbacks.sent]})

    async def _spoil(self, request: web.Request) -> web.Response:
        asked = await _body(request, CallbackMishaps)
        self._emulator.callbacks.mishaps.extend([asked.kind] * asked.times)
        return _json({})

    async def _deliver(self, request: web.Request) -> web.Response:
        return _json([_told(each) for each in await self._emulator.deliver()])

    async def _advance(self, request: web.Request) -> web.Response:
        self._emulator.advance()
        return _json({})

    async def _finish(self, request: web.Request) -> web.Response:
        asked = await _body(request, Finish)
        try:
            self._emulator.finish(request.match_info["id"], asked.state, asked.message)
        except KeyError:
            raise web.HTTPNotFound from None
        return _json({})

    async def _forge(self, request: web.Request) -> web.Response:
        asked = await _body(request, Forgery)
        try:
            self._emulator.forge(request.match_info["id"], asked.state)
        except KeyError:
            raise web.HTTPNotFound from None
        return _json({})


async def _body(request: web.Request, type_: type[T]) -> T:
    try:
        return msgspec.json.decode(await request.read() or b"{}", type=type_)
    except msgspec.MsgspecError as error:
        raise web.HTTPBadRequest(text=str(error)) from None


def _told(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "task_id": delivery.task_id,
        "state": delivery.state,
        "url": delivery.url,
        "mishap": delivery.mishap,
        "statuses": delivery.statuses,
    }


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
