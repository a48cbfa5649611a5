"""Renewals for workers that ask over HTTP (reference: "external refresh").

They are the same tasks with the same leases as those of the socket. Besides the workers'
secret an administrator's key opens these routes: an administrator may read every account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from plugway import NotAuthenticated, NotPermitted
from plugway_gemini_business.settings import GeminiBusinessSettings
from plugway_gemini_business.workers import body, failures, shared_secret
from plugway_gemini_business.workers.desk import Client
from plugway_gemini_business.workers.messages import WORKER_ID, RefreshResult, TaskRefresh

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway import Gateway, Request
    from plugway_gemini_business.workers.desk import Desk

#: Tasks that one claim gets at the most, and seconds of its lease.
MAX_LIMIT, MIN_LEASE, MAX_LEASE = 200, 10, 1_800

_WorkerId = Annotated[str, msgspec.Meta(pattern=f"^{WORKER_ID}{{1,40}}$")]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for tasks.

    Attributes:
        worker_id: Who asks.
        limit: How many tasks; more than 200 are 200.
        lease_sec: Seconds that nobody else gets them, from 10 to 1800.
    """

    worker_id: _WorkerId
    limit: int = 20
    lease_sec: int = 180


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """Says that a task failed.

    Attributes:
        task_id: Which.
        worker_id: Who had it.
        error: Why.
        kind: What kind of failure, as in `failures`; empty: not known.
    """

    task_id: int | Annotated[str, msgspec.Meta(max_length=32)]
    worker_id: _WorkerId
    error: Annotated[str, msgspec.Meta(max_length=2_000)] = ""
    kind: Annotated[str, msgspec.Meta(max_length=32)] = ""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """Answers a failure.

    Attributes:
        success: The worker had that task; if not, nothing has changed.
    """

    success: bool


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """Hands out tasks.

    Attributes:
        tasks: The tasks.
        count: How many.
        throttled: Fewer are handed out, since so many failed lately.
        deprecated: Always false.
    """

    tasks: list[TaskRefresh]
    count: int
    throttled: bool
    deprecated: bool = False


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """Tells how renewals by workers go, in the process that answers.

    Attributes:
        counts: What became of the tasks.
        fail_ratio: Share of failures lately.
        samples: Of how many results.
        alert: It is so high that somebody should look.
        throttled: Fewer tasks are handed out.
        clients: Workers connected to this process.
    """

    counts: dict[str, int]
    fail_ratio: float
    samples: int
    alert: bool
    throttled: bool
    clients: list[Client]


class Registrar:
    """Answers workers that ask."""

    def __init__(self, gateway: Gateway, desk: Desk) -> None:
        """Take the parts.

        Args:
            gateway: Knows who asks.
            desk: Has the tasks.
        """
        self._gateway = gateway
        self._desk = desk

    async def claim(self, request: Request) -> ASGIApp:
        """Hand out tasks."""
        await self._permit(request)
        asked = body.decoded(await body.content(request), Claim)
        throttled = self._desk.tally.slow
        limit = 1 if throttled else min(max(asked.limit, 0), MAX_LIMIT)
        lease = min(max(asked.lease_sec, MIN_LEASE), MAX_LEASE)
        tasks = await self._desk.claim(f"worker:{asked.worker_id}", limit, lease)
        return body.answer(Claimed(tasks=tasks, count=len(tasks), throttled=throttled))

    async def fail(self, request: Request) -> ASGIApp:
        """Take a failure; whoever does not have the task hears no more than that."""
        await self._permit(request)
        failed = body.decoded(await body.content(request), Failed)
        failure = failures.of_words(failed.error, failed.kind)
        result = RefreshResult(success=False, task_id=str(failed.task_id))
        done = await self._desk.result(f"worker:{failed.worker_id}", result, failure)
        return body.answer(Heard(success=done))

    async def metrics(self, request: Request) -> ASGIApp:
        """Tell how it goes."""
        await self._permit(request)
        tally = self._desk.tally
        return body.answer(
            Numbers(
                counts=tally.counts,
                fail_ratio=round(tally.ratio, 4),
                samples=tally.samples,
                alert=tally.alarming,
                throttled=tally.slow,
                clients=self._desk.clients(),
            )
        )

    async def _permit(self, request: Request) -> None:
        """Let workers and administrators in."""
        try:
            # The operator's own command line has no key.
            principal = request.principal
        except NotAuthenticated:
            secret = self._gateway.settings(GeminiBusinessSettings).worker_secret
            try:
                shared_secret.check(request, secret)
            except NotAuthenticated as refused:
                try:
                    principal = self._gateway.identity.identify(request.scope["headers"])
                except NotAuthenticated:
                    raise refused from None
            else:
                return
        if principal.key_id is not None:
            await self._gateway.identity.permit(principal, model=None, ip=request.client_ip)
        if principal.role != "admin":
            raise NotPermitted("This takes the workers' secret or an administrator's key.")
