"""The paths of the official API, below `/kling` and, if the operator wants it, at the root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from plugway import MethodNotAllowed, Mount, Operation
from plugway_kling import descriptions
from plugway_kling.callback import Callbacks
from plugway_kling.calls import DirectCalls
from plugway_kling.endpoints import ENDPOINTS, PATHS, TASKS, Endpoint, generic
from plugway_kling.errors import official
from plugway_kling.queries import Queries
from plugway_kling.requests import schema
from plugway_kling.settings import KlingSettings
from plugway_kling.submission import CALLBACK, CALLBACK_NEWER, Submissions

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway import Gateway, Request

PREFIX = "/kling"

#: Group below which a task of any kind is asked for, though the official API has no such path.
ANY_KIND = "videos"

#: Groups of the official API; at the root any other belongs to somebody else.
_GROUPS = (ANY_KIND, "images", "audio", "general")

_Endpoint = Callable[["Request"], Awaitable["ASGIApp"]]


class Routes:
    """Mounts everything."""

    def __init__(self, gateway: Gateway) -> None:
        """Take what is needed.

        Args:
            gateway: Serves.
        """
        self._gateway = gateway
        self._submissions = Submissions(gateway)
        self._calls = DirectCalls(gateway)
        self._queries = Queries(gateway)
        self._callbacks = Callbacks(gateway)

    def mounts(self) -> Iterator[Mount]:
        """Yield the mounts."""
        # The first is the shape of errors of paths that nobody serves.
        yield Mount(
            path=PREFIX,
            endpoint=_nowhere,
            prefix=True,
            errors=official,
            operation=Operation(summary="Refuse a path that the official API does not have."),
        )
        yield from self._below(PREFIX)
        yield from self._unlisted(f"{PREFIX}/v1/{{group}}", {})
        for path in (CALLBACK, CALLBACK_NEWER):
            yield Mount(
                path=path,
                endpoint=self._callbacks.receive,
                methods={"POST"},
                public=True,
                slash=True,
                errors=official,
                operation=Operation(summary="Take what the upstream tells of a task by itself."),
            )
        if self._gateway.settings(KlingSettings).root:
            yield from self._below("")
            for group in _GROUPS:
                yield from self._unlisted(f"/v1/{group}", {"group": group})

    def _below(self, prefix: str) -> Iterator[Mount]:
        for endpoint in ENDPOINTS:
            if endpoint.way == "task":
                yield from self._task(prefix, endpoint)
            else:
                yield self._direct(prefix, endpoint)
        yield _mount(
            prefix + TASKS,
            self._queries.several,
            "GET",
            Operation(
                summary="Tell of the tasks that are named.",
                query=descriptions.Several,
                response=descriptions.ManyTasks,
            ),
        )
        yield _mount(
            prefix + TASKS,
            self._queries.cursor,
            "POST",
            Operation(summary="List tasks of the newer generation.", request=descriptions.Cursor),
        )
        for path in (ANY_KIND, "video"):
            yield _mount(
                f"{prefix}/v1/{path}/{{id}}",
                self._queries.any_video,
                "GET",
                Operation(summary="Tell of a task of any kind.", response=descriptions.OneTask),
            )

    def _task(self, prefix: str, endpoint: Endpoint) -> Iterator[Mount]:
        path = prefix + endpoint.path
        yield _mount(
            path,
            partial(self._submissions.create, endpoint=endpoint),
            "POST",
            Operation(
                summary=f"Make {endpoint.title}.",
                request=schema(endpoint.kind),
                response=descriptions.OneTask,
            ),
        )
        if endpoint.newer:
            return
        yield _mount(
            path,
            partial(self._queries.listed, endpoint=endpoint),
            "GET",
            Operation(
                summary=f"List the tasks that make {endpoint.title}.",
                query=descriptions.Page,
                response=descriptions.ManyTasks,
            ),
        )
        yield _mount(
            f"{path}/{{id}}",
            partial(self._queries.one, kinds=(endpoint.kind,)),
            "GET",
            Operation(
                summary=f"Tell of a task that makes {endpoint.title}.",
                response=descriptions.OneTask,
            ),
        )

    def _direct(self, prefix: str, endpoint: Endpoint) -> Mount:
        works = endpoint.way in ("call", "delete")
        serve = self._calls.call if works else self._calls.read
        return _mount(
            prefix + endpoint.path,
            partial(serve, endpoint=endpoint),
            endpoint.method,
            Operation(summary=f"{endpoint.title}.", request=schema(endpoint.kind)),
        )

    def _unlisted(self, base: str, fixed: dict[str, str]) -> Iterator[Mount]:
        """Yield the older generic route, for actions that are not in the table."""

        async def create(request: Request) -> ASGIApp:
            return await self._submissions.create(request, _generic(request, fixed))

        async def listed(request: Request) -> ASGIApp:
            return await self._queries.listed(request, _generic(request, fixed))

        async def one(request: Request) -> ASGIApp:
            return await self._queries.one(request, (_generic(request, fixed).kind,))

        path = f"{base}/{{action}}"
        make = Operation(summary="Make a task of an action that the operator has priced.")
        yield _mount(path, create, "POST", make)
        if fixed.get("group") != ANY_KIND:
            # There this is the path of a task of any kind, which lists them where there is none.
            yield _mount(path, listed, "GET", Operation(summary="List the tasks of an action."))
        yield _mount(f"{path}/{{id}}", one, "GET", Operation(summary="Tell of a task."))


def _mount(path: str, endpoint: _Endpoint, method: str, operation: Operation) -> Mount:
    return Mount(
        path=path,
        endpoint=endpoint,
        methods={method},
        slash=True,
        errors=official,
        operation=operation,
    )


def _generic(request: Request, fixed: dict[str, str]) -> Endpoint:
    params = {**request.path_params, **fixed}
    endpoint = generic(params["group"], params["action"])
    if endpoint is None or endpoint.path in PATHS:
        raise MethodNotAllowed
    return endpoint


async def _nowhere(request: Request) -> ASGIApp:
    """Refuse a path that the official API does not have."""
    raise MethodNotAllowed
