"""What the upstream tells of tasks by itself: a hint, or its word if it is signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from plugway import BadRequest, TaskUpdate, UpstreamError, verify_webhook
from plugway_kling import codes, envelope, identifiers, reading
from plugway_kling.bodies import CALLBACK_BYTES, read_body
from plugway_kling.provider import NAME, KlingChannel
from plugway_kling.resources import bind_results
from plugway_kling.settings import KlingSettings

if TYPE_CHECKING:
    from plugway import Gateway, Request, Task

#: Characters of a name that can be one.
_NAME = 190


class Callbacks:
    """Takes callbacks of both generations, told apart by their keys."""

    def __init__(self, gateway: Gateway) -> None:
        """Take what is needed.

        Args:
            gateway: Has the tasks.
        """
        self._gateway = gateway

    async def receive(self, request: Request) -> JSONResponse:
        """Take a callback; whoever sends it learns nothing of any task.

        What is not signed only makes the gateway ask the upstream.

        Args:
            request: The upstream's, or anybody's.

        Raises:
            BadRequest: It is no JSON object.
        """
        body = await read_body(request, CALLBACK_BYTES)
        fields = envelope.object_of(body)
        try:
            text = body.decode()
        except UnicodeDecodeError:
            fields = None
        if fields is None:
            raise BadRequest("the body is not a JSON object")
        task = await self._gateway.tasks.find(
            NAME,
            call_id=_name(identifiers.told_call(fields)),
            upstream_id=_name(identifiers.told_id(fields)),
        )
        if task is not None:
            update = await self._proven(request, task, body)
            await self._gateway.tasks.receive(task, text, update)
        answer = {"code": 0, "message": codes.SUCCEED, "request_id": request.id}
        return JSONResponse(answer)

    async def _proven(self, request: Request, task: Task, body: bytes) -> TaskUpdate | None:
        """Return what a callback means; None: it is not proven to be the upstream's."""
        gateway = self._gateway
        channel = gateway.channels.get(task.channel_id or 0)
        if channel is None or not isinstance(channel.settings, KlingChannel):
            return None
        secrets = channel.settings.webhook_secrets()
        now = gateway.clock.now() // 1_000_000
        if not secrets or not verify_webhook(secrets, request.headers, body, now):
            return None
        by_units = gateway.settings(KlingSettings).settle_by_units
        try:
            update = reading.update(body, task, by_units=by_units)
        except UpstreamError as error:
            gateway.log.warning("a signed callback of %s: %s", task.call_id, error.message)
            return None
        if update.state == "succeed":
            await bind_results(gateway, task, envelope.object_of(body) or {})
        return update


def _name(text: str) -> str | None:
    return text if 0 < len(text) <= _NAME and text.isprintable() else None
