"""The emulator's own HTTP surface, for those who are in another process.

| request | does |
|---|---|
| `GET /_emulator/requests` | lists the requests seen |
| `DELETE /_emulator/requests` | forgets them |
| `POST /_emulator/faults` | adds a `Fault`, given as JSON |
| `GET /_emulator/faults` | lists the faults still to happen |
| `DELETE /_emulator/faults` | forgets them |
| `POST /_emulator/release` | ends the stalls that wait |
| `POST /_emulator/away` | takes an `Away`: refuses connections, or never answers, for so long |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import msgspec
from aiohttp import web

from plugway.testing.faults import Fault

if TYPE_CHECKING:
    from plugway.testing.emulator import EmulatorServer

T = TypeVar("T")

#: Beginning of the control paths.
CONTROL = "/_emulator/"


class Away(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks an emulator not to answer anybody for a while.

    Attributes:
        mode: Refuse connections, or accept them and keep silent.
        seconds: For how long.
    """

    mode: Literal["refuse", "silence"]
    seconds: Annotated[float, msgspec.Meta(gt=0, le=3_600)]


def control_routes(emulator: EmulatorServer) -> list[web.RouteDef]:
    """Return the control routes of an emulator."""
    control = _Control(emulator)
    return [
        web.get(f"{CONTROL}requests", control.requests),
        web.delete(f"{CONTROL}requests", control.forget),
        web.get(f"{CONTROL}faults", control.faults),
        web.post(f"{CONTROL}faults", control.fail),
        web.delete(f"{CONTROL}faults", control.forgive),
        web.post(f"{CONTROL}release", control.release),
        web.post(f"{CONTROL}away", control.away),
    ]


class _Control:
    def __init__(self, emulator: EmulatorServer) -> None:
        self._emulator = emulator

    async def requests(self, request: web.Request) -> web.Response:
        return _json([seen.public() for seen in self._emulator.seen])

    async def forget(self, request: web.Request) -> web.Response:
        self._emulator.seen.clear()
        return _json({})

    async def faults(self, request: web.Request) -> web.Response:
        return _json(list(self._emulator.faults))

    async def fail(self, request: web.Request) -> web.Response:
        self._emulator.faults.add(await _body(request, Fault))
        return _json({})

    async def forgive(self, request: web.Request) -> web.Response:
        self._emulator.faults.clear()
        return _json({})

    async def release(self, request: web.Request) -> web.Response:
        self._emulator.release()
        return _json({})

    async def away(self, request: web.Request) -> web.Response:
        asked = await _body(request, Away)
        self._emulator.leave(asked.mode, asked.seconds)
        return _json({})


async def _body(request: web.Request, type_: type[T]) -> T:
    try:
        return msgspec.json.decode(await request.read(), type=type_)
    except msgspec.MsgspecError as error:
        raise web.HTTPBadRequest(text=str(error)) from None


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
