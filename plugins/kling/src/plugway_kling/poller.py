"""Asks the upstream for tasks, and tells clients of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from plugway import Ask, Pace, Poller, Task, TaskGone, TaskUpdate, UnreadableAnswer
from plugway_kling import codes, envelope, identifiers, reading
from plugway_kling.endpoints import TASKS, Endpoint, endpoint_of
from plugway_kling.provider import NAME
from plugway_kling.resources import bind_results
from plugway_kling.settings import KlingSettings
from plugway_kling.shown import told

if TYPE_CHECKING:
    from plugway import Gateway

#: Tasks on a page of the upstream's list, and pages that are looked through.
_PAGE = 500
_PAGES = 4

#: Milliseconds that the upstream's clock may be behind ours.
_SKEW = 600_000


class KlingPoller(Poller):
    """Asks for tasks of both generations."""

    provider = NAME

    def __init__(self, gateway: Gateway) -> None:
        """Take what is needed.

        Args:
            gateway: Keeps what tasks make.
        """
        self._gateway = gateway

    def pace(self, task: Task) -> Pace:
        """Say how often to ask for a task.

        Args:
            task: The task.
        """
        endpoint = endpoint_of(task.kind)
        return Pace() if endpoint is None else endpoint.pace

    async def poll(self, task: Task, ask: Ask) -> TaskUpdate:
        """Ask for a task by the upstream's name.

        Args:
            task: The task.
            ask: Asks with its credential.

        Raises:
            UpstreamError: Nothing was learnt.
        """
        endpoint, name = _endpoint(task), task.upstream_id or ""
        if endpoint.newer:
            body = await ask(f"{TASKS}?task_ids={quote(name, safe='')}")
            found = _among(reading.about(body), lambda told: identifiers.told_id(told) == name)
        else:
            found = reading.about(await ask(f"{endpoint.path}/{quote(name, safe='')}"))
        return await self._learn(task, found)

    async def find(self, task: Task, ask: Ask) -> TaskUpdate:
        """Ask for a task by the name that we gave it.

        Args:
            task: The task.
            ask: Asks with its credential.

        Raises:
            UpstreamError: Nothing was learnt.
        """
        endpoint = _endpoint(task)
        if endpoint.newer:
            body = await ask(f"{TASKS}?external_task_ids={task.call_id}")
            found = _among(reading.about(body), lambda told: _is(told, task))
        elif endpoint.named:
            found = reading.about(await ask(f"{endpoint.path}/{task.call_id}"))
        else:
            found = await _listed(endpoint, task, ask)
        fields = envelope.object_of(found) or {}
        if identifiers.told_call(fields) not in ("", task.call_id):
            raise UnreadableAnswer("what is told is of another task")
        return await self._learn(task, found)

    def gone(self, body: bytes) -> bool:
        """Say whether it is the API that does not know a task, and nobody before it.

        Args:
            body: Of an answer with status 404.
        """
        told = envelope.read(body)
        return told is not None and told.code == codes.NO_RESOURCE

    def callback(self, task: Task, update: TaskUpdate) -> bytes:
        """Write what a client gets at its `callback_url`: the official body, with its own ids.

        Args:
            task: The task, as it was before.
            update: What happened.
        """
        return told(
            task,
            update.answer,
            update.state,
            update.reason or "",
            at=self._gateway.clock.now(),
            upstream_id=update.upstream_id,
        )

    async def _learn(self, task: Task, data: msgspec.Raw) -> TaskUpdate:
        by_units = self._gateway.settings(KlingSettings).settle_by_units
        update = reading.update(data, task, by_units=by_units)
        if update.state == "succeed":
            await bind_results(self._gateway, task, envelope.object_of(data) or {})
        return update


def _endpoint(task: Task) -> Endpoint:
    endpoint = endpoint_of(task.kind)
    if endpoint is None:
        raise UnreadableAnswer(f"nobody knows how to ask for a task of kind {task.kind[:64]}")
    return endpoint


def _is(told: envelope.Fields, task: Task) -> bool:
    return identifiers.told_call(told) == task.call_id


def _among(data: msgspec.Raw, wanted: Callable[[envelope.Fields], bool]) -> msgspec.Raw:
    """Return the one of several that is wanted."""
    items = envelope.items_of(data)
    if items is None:
        raise UnreadableAnswer("the answer is no list of tasks")
    for item in items:
        if wanted(envelope.object_of(item) or {}):
            return item
    raise TaskGone


async def _listed(endpoint: Endpoint, task: Task, ask: Ask) -> msgspec.Raw:
    """Look for a task in the list, where the upstream finds none by our name for it."""
    for page in range(1, _PAGES + 1):
        body = await ask(f"{endpoint.path}?pageNum={page}&pageSize={_PAGE}")
        items = envelope.items_of(reading.about(body))
        if items is None:
            raise UnreadableAnswer("the answer is no list of tasks")
        told = [envelope.object_of(item) or {} for item in items]
        for item, fields in zip(items, told, strict=True):
            if _is(fields, task):
                return item
        if len(items) < _PAGE or _all_older(told, task):
            raise TaskGone
    raise UnreadableAnswer("the list is too long to tell that the task is not in it")


def _all_older(told: list[envelope.Fields], task: Task) -> bool:
    """Say whether a page holds nothing from after the submit: the newest come first then."""
    begun = task.created_at // 1000 - _SKEW
    times = [envelope.number(fields.get("created_at")) for fields in told]
    return all(time is not None and time < begun for time in times)
