"""An administrative route: its role, its input, its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response

from plugway.admin.ask import Ask
from plugway.admin.body import MAX_BODY, read_body, read_query
from plugway.admin.roles import ROLES
from plugway.contract import Mount, Operation
from plugway.errors import NotPermitted
from plugway.identity.principal import RANK, Role

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway.gateway import Gateway
    from plugway.identity.principal import Principal
    from plugway.request import Request

#: Answers hold balances and, once, secrets: nobody may keep a copy.
HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


class Route(msgspec.Struct, frozen=True):
    """Describes one administrative route; plugins know it as `AdminRoute`.

    Attributes:
        place: Method and path, as in `ROLES`.
        run: Takes an `Ask` and, when `takes` is given, the input; returns the answer.
        summary: One line.
        takes: Struct of the query (GET, DELETE) or of the body (POST, PUT, PATCH).
        gives: Type of the answer; None: there is none.
        status: Of the answer.
        most: Bytes that a body may have.
        role: The least role that it takes, of a plugin's route; None: as `ROLES` says.
    """

    place: str
    run: Callable[..., Awaitable[Any]]
    summary: str
    takes: Any = None
    gives: Any = None
    status: int = 200
    most: int = MAX_BODY
    role: Role | None = None


def mount(gateway: Gateway, route: Route) -> Mount:
    """Make the mount of a route.

    Args:
        gateway: The gateway.
        route: The route; one of the core's has its role in `ROLES`.
    """
    method, _, path = route.place.partition(" ")
    role = route.role or ROLES[route.place]
    tag = path.removeprefix("/api/").removeprefix("admin/").partition("/")[0]
    in_body = method in ("POST", "PUT", "PATCH")

    async def endpoint(request: Request) -> ASGIApp:
        await permit(gateway, request.principal, request.client_ip, role)
        ask = Ask(gateway, request)
        if route.takes is None:
            result = await route.run(ask)
        elif in_body:
            result = await route.run(ask, await read_body(request, route.takes, route.most))
        else:
            result = await route.run(ask, read_query(request, route.takes))
        return answer(result, route.status)

    return Mount(
        path=path,
        endpoint=endpoint,
        methods=frozenset({method}),
        operation=Operation(
            summary=route.summary,
            request=route.takes if in_body else None,
            query=None if in_body else route.takes,
            response=route.gives,
            # A plugin's are found under its name.
            tags=(tag,) if route.role is None else (),
        ),
    )


async def permit(gateway: Gateway, principal: Principal, ip: str, role: Role) -> None:
    """Check that a caller may do this.

    Args:
        gateway: The gateway.
        principal: The caller.
        ip: The caller's address.
        role: The least role that it takes.

    Raises:
        NotPermitted: The role is too low, or the key may not be used from this address.
        RateLimited: The key's rate is used up.
    """
    if principal.key_id is not None:
        await gateway.identity.permit(principal, model=None, ip=ip)
    if RANK[principal.role] < RANK[role]:
        raise NotPermitted(f"this takes the role {role}; yours is {principal.role}")


def answer(content: Any, status: int = 200) -> Response:
    """Make an answer of what a route returned; None is no content, and an answer stays one."""
    if isinstance(content, Response):
        return content
    if content is None:
        return Response(status_code=204, headers=HEADERS)
    return Response(msgspec.json.encode(content), status, HEADERS, media_type="application/json")
