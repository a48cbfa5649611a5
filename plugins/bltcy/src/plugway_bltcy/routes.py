"""The paths that are passed through, and their errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from plugway import ErrorBody, Mount, Operation, PlugwayError, UpstreamError, Usage
from plugway_bltcy.provider import NAME, POLL
from plugway_bltcy.settings import BltcySettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway import Gateway, Request

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OVERRIDES = frozenset({b"x-http-method", b"x-http-method-override", b"x-method-override"})


def mounts(gateway: Gateway, settings: BltcySettings) -> Iterator[Mount]:
    """Yield a mount for each prefix: any method, any path below it.

    Args:
        gateway: Opens the calls.
        settings: The plugin's.
    """
    for prefix, model in settings.models().items():
        yield Mount(
            path=f"/{prefix}",
            endpoint=_endpoint(gateway, model),
            prefix=True,
            # The kling plugin, where it is installed, owns this one.
            fallback=prefix == "kling",
            errors=request_failed,
            operation=Operation(summary=f"Pass a request to {model.capitalize()} as it is"),
        )


def _endpoint(gateway: Gateway, model: str) -> Callable[[Request], Awaitable[ASGIApp]]:
    poll, submission = Usage(key=model, dimensions=POLL), Usage(key=model)

    async def pass_through(request: Request) -> ASGIApp:
        usage = poll if is_poll(request) else submission
        async with gateway.calls.open(request, provider=NAME, model=model, usage=usage) as call:
            answer = await call.forward(request)
            return await call.relay(answer)

    return pass_through


def is_poll(request: Request) -> bool:
    """Say whether a request only asks how a job is doing.

    When in doubt it does not: what passes for a poll may cost nothing.

    Args:
        request: The client's request.
    """
    if not _OVERRIDES.isdisjoint([name for name, _ in request.scope["headers"]]):
        return False
    if request.method in _SAFE:
        return True
    if request.method != "POST":
        return False
    if request.path == "/suno/fetch":
        # Several tasks at once: their ids are in the body.
        return True
    if request.path in ("/jimeng", "/jimeng/"):
        # The official API has one path, and says in the query what it does.
        query = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        actions = [value for name, value in query if name.lower() == "action"]
        return actions == ["CVSync2AsyncGetResult"]
    return False


def request_failed(error: PlugwayError, request_id: str) -> ErrorBody:
    """Render an error as the pass-through always did.

    Args:
        error: What went wrong; an upstream's failure has the code `request_failed`.
        request_id: In the headers already.
    """
    code = "request_failed" if isinstance(error, UpstreamError) else error.code
    return ErrorBody(error.status, {"code": code, "message": error.message})
