"""Where workers enter: the socket, the upload of accounts, and tasks by HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from plugway import Mount, Operation, RateLimited
from plugway_gemini_business.settings import GeminiBusinessSettings
from plugway_gemini_business.workers import shared_secret
from plugway_gemini_business.workers.connection import Connection
from plugway_gemini_business.workers.desk import Desk
from plugway_gemini_business.workers.registrar import (
    Claim,
    Claimed,
    Failed,
    Heard,
    Numbers,
    Registrar,
)
from plugway_gemini_business.workers.uploads import Upload, Uploaded, Uploads

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway import Gateway, Request, Socket

    Endpoint = Callable[[Request], Awaitable[ASGIApp]]

#: Workers that one process speaks with at a time.
MAX_WORKERS = 256


def mounts(gateway: Gateway, desk: Desk) -> Iterable[Mount]:
    """Return the routes of a gateway in server mode; in other modes there are none.

    They are public, as no key of a user opens them: each asks for the workers' secret itself.

    Args:
        gateway: The gateway.
        desk: Hands out its renewals.
    """

    if gateway.settings(GeminiBusinessSettings).mode != "server":
        return []

    async def enter(socket: Socket) -> None:
        settings = gateway.settings(GeminiBusinessSettings)
        shared_secret.check(socket, settings.worker_secret)
        if len(desk.clients()) >= MAX_WORKERS:
            raise RateLimited("There are too many workers here.", retry_after=60)
        await Connection(socket, desk, gateway, settings.worker_lease).run()

    uploads = Uploads(gateway, desk)
    registrar = Registrar(gateway, desk)
    tasks = "/admin/registrar/refresh-tasks"
    return [
        Mount(path="/ws", endpoint=enter, socket=True, public=True),
        _http("POST", "/pool/upload-account", uploads.take, "Upload an account", Upload, Uploaded),
        _http("POST", f"{tasks}/claim", registrar.claim, "Claim renewals", Claim, Claimed),
        _http("POST", f"{tasks}/fail", registrar.fail, "Say that a renewal failed", Failed, Heard),
        _http(
            "GET",
            "/admin/registrar/metrics",
            registrar.metrics,
            "See how renewals by workers go",
            None,
            Numbers,
        ),
    ]


def _http(
    method: str, path: str, endpoint: Endpoint, summary: str, request: Any, response: Any
) -> Mount:
    operation = Operation(summary=summary, request=request, response=response)
    return Mount(path=path, endpoint=endpoint, methods={method}, public=True, operation=operation)
