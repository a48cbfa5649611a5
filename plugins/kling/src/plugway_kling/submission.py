"""Makes a task: checked, held and written down before the upstream hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from plugway import NoPrice, PlugwayError, TaskUpdate
from plugway_kling import envelope, identifiers, outcome, reading
from plugway_kling.api_keys import pin_to_key
from plugway_kling.bodies import read_body
from plugway_kling.endpoints import is_unlisted
from plugway_kling.listed import PER_TASK
from plugway_kling.outcome import JSON, Outcome, refusal
from plugway_kling.provider import NAME
from plugway_kling.refusal import refused
from plugway_kling.requests import Checked, check, rewrite
from plugway_kling.resources import bind_call, pin_for
from plugway_kling.settings import KlingSettings
from plugway_kling.stand_ins import pin_to_any
from plugway_kling.unlisted import check_unlisted

if TYPE_CHECKING:
    from plugway import Answer, Gateway, Request, Submission
    from plugway_kling.endpoints import Endpoint

#: Where the upstream tells of tasks, below our public address.
CALLBACK = "/kling/internal/callback"
CALLBACK_NEWER = "/kling/internal/callback/v2"

#: Longest answer to a submit, bytes.
_ANSWER_BYTES = 8 << 20


class Submissions:
    """Makes tasks for clients."""

    def __init__(self, gateway: Gateway) -> None:
        """Take what is needed.

        Args:
            gateway: Opens tasks.
        """
        self._gateway = gateway

    async def create(self, request: Request, endpoint: Endpoint) -> Response:
        """Make a task, and answer as the upstream did, with the client's own ids.

        Args:
            request: The client's.
            endpoint: What is asked for; in the newer generation the model is in the path.

        Raises:
            PlugwayError: It is refused, or nobody knows what became of it.
        """
        gateway, principal = self._gateway, request.principal
        body = await read_body(request)
        model = request.path_params.get("model") if endpoint.newer else None
        checked = self._check(endpoint, body, model)
        pin = await pin_for(gateway, principal.user_id, checked.resources)
        pin = pin or pin_to_any(gateway, principal, checked)
        if endpoint.newer:
            pin = pin_to_key(gateway, principal, checked.model, pin)
        try:
            async with gateway.tasks.open(
                request,
                provider=NAME,
                kind=endpoint.kind,
                model=checked.model,
                usage=checked.usages,
                body=body,
                external_id=checked.external_id,
                callback_url=checked.callback_url,
                pin=pin,
            ) as submission:
                target = endpoint.path.replace("{model}", quote(model or "", safe=""))
                content = rewrite(
                    body,
                    external_task_id=submission.call_id,
                    callback_url=self._callback_url(newer=endpoint.newer),
                    kind=endpoint.kind,
                )
                answer = await submission.send(target=target, content=content)
                return await self._conclude(submission, answer, endpoint, checked.external_id)
        except NoPrice as error:
            raise _unpriced(checked, error) from None

    async def _conclude(
        self, submission: Submission, answer: Answer, endpoint: Endpoint, external_id: str | None
    ) -> Response:
        """Write down what the upstream made of a submit, and return what the client gets."""
        raw = await answer.read(_ANSWER_BYTES)
        found = outcome.outcome(answer.status, raw)
        if not is_unlisted(endpoint.kind):
            found = _with_id(found)
        if found.said == "open":
            raise outcome.lost(answer.status, found.told)
        request = submission.request
        if found.said == "refused":
            await submission.refuse(found.reason)
            own = identifiers.hidden(raw, submission.call_id, external_id)
            return refusal(request.id, answer, own, found)
        update = _accepted(found)
        channel = submission.channel
        if update.state == "succeed" and found.data is not None and channel is not None:
            user_id = request.principal.user_id
            await bind_call(
                self._gateway, found.data, user_id, channel.id, submission.credential_id
            )
        await submission.accept(update)
        own = _owned(found, submission.call_id, external_id)
        return Response(own, answer.status, media_type=JSON)

    def _check(self, endpoint: Endpoint, body: bytes, model: str | None) -> Checked:
        if is_unlisted(endpoint.kind):
            return check_unlisted(endpoint, body)
        strict = self._gateway.settings(KlingSettings).strict_capabilities
        return check(endpoint.kind, body, model=model, strict_capabilities=strict)

    def _callback_url(self, *, newer: bool) -> str | None:
        base = self._gateway.current().server.public_url
        return f"{base}{CALLBACK_NEWER if newer else CALLBACK}" if base else None


def _unpriced(checked: Checked, error: NoPrice) -> PlugwayError:
    """Say which field has no price, where a model's prices are of some lengths and modes."""
    for usage in checked.usages:
        if usage.key in PER_TASK and usage.dimensions.get("duration") not in ("5", "10"):
            return refused("duration", f"{checked.model} takes 5 or 10")
        if usage.key in PER_TASK and usage.dimensions.get("mode") not in ("std", "pro"):
            return refused("mode", f"{checked.model} takes std or pro")
    return error


def _with_id(found: Outcome) -> Outcome:
    """Return an outcome as open if the upstream took a task and gave it no name."""
    if found.said != "taken" or outcome.task_id(found.data):
        return found
    return msgspec.structs.replace(found, said="open")


def _accepted(found: Outcome) -> TaskUpdate:
    """Read what an answer to a submit says: a task that goes on, unless it says otherwise."""
    data = found.data or {}
    name = outcome.task_id(data)
    state = reading.state_of(data) or "submitted"
    if not name:
        # An action outside the table that answers at once, and has nothing to be asked for.
        state = "succeed"
    reason = envelope.text(data.get("task_status_msg", data.get("message")))
    return TaskUpdate(
        state=state,
        answer=reading.kept(found.told.data if found.told is not None else None),
        upstream_id=name or None,
        reason=(reason or None) if state == "failed" else None,
    )


def _owned(found: Outcome, call_id: str, external_id: str | None) -> bytes:
    fields = dict(found.told.fields) if found.told is not None else {}
    if found.data is not None:
        fields["data"] = envelope.raw(identifiers.owned(found.data, call_id, external_id))
    return identifiers.hidden(msgspec.json.encode(fields), call_id, external_id)
