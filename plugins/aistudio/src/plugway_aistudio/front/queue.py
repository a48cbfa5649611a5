"""`/v1/queue` and `/v1/cancel/{id}`: who waits, and who is not to (reference: "Queue")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from starlette.responses import Response

from plugway import Mount, Operation, openai_error
from plugway_aistudio.provider import NAME

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway import Gateway, Place, Request

#: Roles that see the calls of all, and may cancel them.
_MAY_SEE_ALL = frozenset({"operator", "admin"})

#: Characters of an id that are repeated in an answer.
_SHOWN = 128


class QueueItem(msgspec.Struct, frozen=True, kw_only=True):
    """Is a call that waits for a page, or has one.

    Attributes:
        req_id: Its id, which its client sees in `x-request-id`.
        enqueue_time: Seconds since 1970 when it began to wait.
        wait_time_seconds: Seconds that it has waited, or did until it got a page.
        is_streaming: Its client takes the answer as it comes.
        cancelled: It is about to end.
        answer_id: The answer's id without `chatcmpl-`; empty: it has none.
        state: `waiting`, or `running` on a page.
        model: The model.
        position: 1 is next; null: it runs.
    """

    req_id: str
    enqueue_time: float
    wait_time_seconds: float
    is_streaming: bool
    cancelled: bool
    answer_id: str
    state: Literal["waiting", "running"]
    model: str
    position: int | None


class QueueState(msgspec.Struct, frozen=True, kw_only=True):
    """Tells of the queue of the process that answers.

    Attributes:
        queue_length: Calls that wait, of all users.
        is_processing_locked: Some call has a page.
        items: The caller's own calls, of operators and administrators all: those that run,
            then those that wait, the next first.
    """

    queue_length: int
    is_processing_locked: bool
    items: list[QueueItem]


class Cancelling(msgspec.Struct, frozen=True, kw_only=True):
    """Tells what became of a wish to cancel.

    Attributes:
        success: There was such a call, and it ends.
        message: For people.
    """

    success: bool
    message: str


class QueueRoutes:
    """Shows the calls that want pages, and cancels them."""

    def __init__(self, gateway: Gateway) -> None:
        """Take the gateway.

        Args:
            gateway: Its queue is asked when a request comes.
        """
        self._gateway = gateway

    def mounts(self) -> list[Mount]:
        """Return the mounts."""
        return [
            Mount(
                path="/v1/queue",
                endpoint=self.show,
                methods=frozenset({"GET"}),
                errors=openai_error,
                operation=Operation(summary="Show the calls that wait", response=QueueState),
            ),
            Mount(
                path="/v1/cancel/{id}",
                endpoint=self.cancel,
                methods=frozenset({"POST"}),
                errors=openai_error,
                operation=Operation(summary="Cancel a call", response=Cancelling),
            ),
        ]

    async def show(self, request: Request) -> ASGIApp:
        """Show the queue.

        Args:
            request: The client's.

        Raises:
            NotPermitted: The key may not be used from this address.
            RateLimited: Too many requests.
        """
        await self._gateway.chat.admit(request)
        now, whose = self._gateway.clock.now(), _whose(request)
        places = self._gateway.queue.list(NAME)
        running = sum(place.state == "running" for place in places)
        shown = [_item(place, now) for place in places if whose in (None, place.user)]
        state = QueueState(
            queue_length=len(places) - running,
            is_processing_locked=running > 0,
            items=shown,
        )
        return _answer(state)

    async def cancel(self, request: Request) -> ASGIApp:
        """Cancel a call, waiting or running; of somebody else's nothing is told.

        Args:
            request: The client's; its path has an id: of the request, of the call, or of the
                answer.

        Raises:
            NotPermitted: The key may not be used from this address.
            RateLimited: Too many requests.
        """
        await self._gateway.chat.admit(request)
        name: str = request.path_params["id"]
        done = await self._gateway.queue.cancel(name, provider=NAME, user=_whose(request))
        shown = name[:_SHOWN]
        if done:
            said = Cancelling(success=True, message=f"Request {shown} marked as cancelled.")
            return _answer(said)
        said = Cancelling(success=False, message=f"Request {shown} is not in the queue.")
        return _answer(said, 404)


def _whose(request: Request) -> str | None:
    """Return the user whose calls a caller may see; None: of all."""
    principal = request.principal
    return None if principal.role in _MAY_SEE_ALL else principal.user


def _item(place: Place, now: int) -> QueueItem:
    until = now if place.started is None else place.started
    return QueueItem(
        req_id=place.request_id,
        enqueue_time=place.since / 1_000_000,
        wait_time_seconds=max(0, until - place.since) / 1_000_000,
        is_streaming=place.streaming,
        cancelled=place.cancelled,
        answer_id=place.answer_id,
        state=place.state,
        model=place.model,
        position=place.position,
    )


def _answer(content: QueueState | Cancelling, status: int = 200) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(msgspec.json.encode(content), status, headers, media_type="application/json")
