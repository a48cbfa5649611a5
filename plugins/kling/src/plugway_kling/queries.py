"""What clients ask of their own tasks: one, a page, several."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING

from starlette.responses import Response

from plugway import NotFound
from plugway_kling import envelope
from plugway_kling.bodies import read_body
from plugway_kling.endpoints import ACTIONS, NEWER_KINDS, generic
from plugway_kling.outcome import JSON
from plugway_kling.provider import NAME
from plugway_kling.refusal import refused
from plugway_kling.requests.reading import present, read_object
from plugway_kling.shown import shown

if TYPE_CHECKING:
    from plugway import Gateway, Principal, Request, Task
    from plugway_kling.endpoints import Endpoint

#: Pages and tasks on a page (reference: official docs, "Query Task (List)").
_PAGES = 1000
_MOST = 500
_USUAL = 30

#: Tasks that one question names at the most.
_SEVERAL = 100

_BODY_BYTES = 64 << 10


class Queries:
    """Answers from the database; of a task that runs the upstream is asked, now and then."""

    def __init__(self, gateway: Gateway) -> None:
        """Take what is needed.

        Args:
            gateway: Has the tasks.
        """
        self._gateway = gateway

    async def one(self, request: Request, kinds: Collection[str] = ()) -> Response:
        """Tell of one task, by the upstream's name or the caller's own.

        Args:
            request: The client's.
            kinds: Kinds it may be of; empty: any.

        Raises:
            NotFound: The caller has no such task.
        """
        principal = await self._enter(request)
        task = await self._gateway.tasks.get(
            principal, NAME, request.path_params["id"], kinds=kinds
        )
        task = await self._gateway.tasks.refresh(task)
        return _answer(request, shown(task))

    async def any_video(self, request: Request) -> Response:
        """Tell of one task of any kind, or list those of an action that is not in the table.

        Args:
            request: The client's.

        Raises:
            NotFound: The caller has neither.
        """
        try:
            return await self.one(request)
        except NotFound:
            endpoint = generic("videos", request.path_params["id"])
            if endpoint is None or request.path_params["id"] in ACTIONS:
                raise
            listed = await self._page(request, request.principal, endpoint)
            if not listed:
                raise
            return _answer(request, envelope.listing(listed))

    async def listed(self, request: Request, endpoint: Endpoint) -> Response:
        """Tell of a page of tasks, the newest first.

        Args:
            request: The client's.
            endpoint: Whose tasks.

        Raises:
            BadRequest: A page that cannot be.
        """
        principal = await self._enter(request)
        return _answer(request, envelope.listing(await self._page(request, principal, endpoint)))

    async def several(self, request: Request) -> Response:
        """Tell of the tasks that are named; those that are not there are left out.

        Args:
            request: The client's.

        Raises:
            BadRequest: None are named, or too many, or in two ways.
        """
        principal = await self._enter(request)
        ids, own = (
            request.query_params.get(name, "") for name in ("task_ids", "external_task_ids")
        )
        if bool(ids) == bool(own):
            raise refused("task_ids", "exactly one of it and external_task_ids is required")
        parts = (part.strip() for part in (ids or own).split(","))
        names = [name for name in dict.fromkeys(parts) if name]
        if len(names) > _SEVERAL:
            field = "task_ids" if ids else "external_task_ids"
            raise refused(field, f"at most {_SEVERAL} tasks")
        found = await asyncio.gather(*(self._named(principal, name) for name in names))
        tasks = [
            task
            for name, task in zip(names, found, strict=True)
            if task is not None and name == (task.upstream_id if ids else task.external_id)
        ]
        fresh = await asyncio.gather(*(self._gateway.tasks.refresh(task) for task in tasks))
        return _answer(request, envelope.listing(shown(task) for task in fresh))

    async def cursor(self, request: Request) -> Response:
        """Tell of the newer generation's tasks from a cursor on.

        Args:
            request: The client's.

        Raises:
            BadRequest: A limit or a cursor that cannot be.
        """
        principal = await self._enter(request)
        body = await read_body(request, _BODY_BYTES)
        asked = present(read_object(body)) if body.strip() else {}
        size = _whole("limit", asked.get("limit"), most=_MOST, usual=_USUAL)
        page = _whole("cursor", asked.get("cursor"), most=_PAGES, usual=1)
        tasks = await self._gateway.tasks.page(
            principal, NAME, kinds=NEWER_KINDS, page=page, size=size
        )
        following = str(page + 1) if len(tasks) == size and page < _PAGES else ""
        items = envelope.listing(shown(task) for task in tasks)
        return _answer(request, b'{"items":%s,"next_cursor":"%s"}' % (items, following.encode()))

    async def _enter(self, request: Request) -> Principal:
        principal = request.principal
        await self._gateway.identity.permit(principal, model=None, ip=request.client_ip)
        return principal

    async def _page(
        self, request: Request, principal: Principal, endpoint: Endpoint
    ) -> list[bytes]:
        query = request.query_params
        page = _whole("pageNum", query.get("pageNum"), most=_PAGES, usual=1)
        size = _whole("pageSize", query.get("pageSize"), most=endpoint.most, usual=_USUAL)
        tasks = await self._gateway.tasks.page(
            principal, NAME, kinds=(endpoint.kind,), page=page, size=size
        )
        return [shown(task) for task in tasks]

    async def _named(self, principal: Principal, name: str) -> Task | None:
        try:
            return await self._gateway.tasks.get(principal, NAME, name)
        except NotFound:
            return None


def _whole(field: str, given: object, *, most: int, usual: int) -> int:
    """Read a number from 1 on; text, as it stands in an address, or a number."""
    text = "" if given is None else str(given)
    if not text:
        return usual
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= most):
        raise refused(field, f"expected 1 to {most}")
    return int(text)


def _answer(request: Request, data: bytes) -> Response:
    return Response(envelope.answer(data, request.id), media_type=JSON)
