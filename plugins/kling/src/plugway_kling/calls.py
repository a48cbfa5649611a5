"""Calls that the upstream answers at once: relayed, charged if they did their work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from plugway import NoChannel, NotPermitted, UnreadableAnswer, Usage
from plugway_kling import envelope, price_keys, reading
from plugway_kling.bodies import read_body
from plugway_kling.outcome import JSON, Outcome, refusal, without_encodings
from plugway_kling.provider import NAME
from plugway_kling.requests import check, rewrite
from plugway_kling.resources import bind_call, pin_for
from plugway_kling.settings import KlingSettings
from plugway_kling.stand_ins import open_to, pin_to_any

if TYPE_CHECKING:
    from plugway import Answer, Call, Gateway, Principal, Request
    from plugway_kling.endpoints import Endpoint
    from plugway_kling.envelope import Told

#: Longest answer, bytes: a selection's masks are images in base64.
_ANSWER_BYTES = 64 << 20

#: Longest body of a question for the account, bytes.
_QUESTION_BYTES = 64 << 10


class DirectCalls:
    """Makes calls for clients."""

    def __init__(self, gateway: Gateway) -> None:
        """Take what is needed.

        Args:
            gateway: Opens calls.
        """
        self._gateway = gateway

    async def call(self, request: Request, endpoint: Endpoint) -> Response:
        """Make a call that does something.

        Args:
            request: The client's.
            endpoint: What is asked for.

        Raises:
            PlugwayError: It is refused, or has no readable answer.
        """
        gateway, principal = self._gateway, request.principal
        strict = gateway.settings(KlingSettings).strict_capabilities
        body = await read_body(request)
        checked = check(endpoint.kind, body, strict_capabilities=strict)
        # What is deleted must be the caller's own: what nobody here made may be the operator's.
        pin = await pin_for(
            gateway,
            principal.user_id,
            checked.resources,
            needed=endpoint.way == "delete",
        )
        pin = pin or pin_to_any(gateway, principal, checked)
        async with gateway.calls.open(
            request, provider=NAME, model=checked.model, usage=checked.usages, pin=pin
        ) as call:
            content = rewrite(body, external_task_id=None, callback_url=None, kind=endpoint.kind)
            answer, raw = await self._ask(call, request, endpoint, content)
            found = _judge(call, answer.status, raw)
            if found.said == "refused":
                return refusal(request.id, answer, raw, found)
            if endpoint.makes and found.data is not None and call.channel is not None:
                await bind_call(
                    gateway, found.data, principal.user_id, call.channel.id, call.credential_id
                )
            await call.settle()
            return Response(raw, answer.status, media_type=JSON)

    async def read(self, request: Request, endpoint: Endpoint) -> Response:
        """Ask for what is everybody's, or for the account.

        Args:
            request: The client's.
            endpoint: What is asked for.

        Raises:
            PlugwayError: It is refused, or has no readable answer.
        """
        gateway, principal = self._gateway, request.principal
        if endpoint.way == "account":
            self._admit(principal)
        body = await read_body(request, _QUESTION_BYTES)
        async with gateway.calls.open(
            request,
            provider=NAME,
            model=any_model(gateway, principal),
            usage=Usage(key=price_keys.QUERY),
        ) as call:
            answer, raw = await self._ask(call, request, endpoint, body)
            found = _judge(call, answer.status, raw)
            if found.said == "refused":
                return refusal(request.id, answer, raw, found)
            await call.settle()
            return Response(raw, answer.status, media_type=JSON)

    def _admit(self, principal: Principal) -> None:
        account = self._gateway.settings(KlingSettings).account
        if account == "operators" and principal.role == "user":
            raise NotPermitted("only operators may ask for the account")

    async def _ask(
        self, call: Call, request: Request, endpoint: Endpoint, content: bytes
    ) -> tuple[Answer, bytes]:
        query = request.scope["query_string"].decode("latin-1")
        answer = await call.forward(
            request,
            method=endpoint.method,
            target=f"{endpoint.path}?{query}" if query else endpoint.path,
            headers=without_encodings(request.scope["headers"]),
            content=content,
        )
        try:
            return answer, await answer.read(_ANSWER_BYTES)
        except BaseException:
            # Below 400 an answer counts as work done; this one nobody has got.
            call.refuse("the answer was lost")
            raise


def any_model(gateway: Gateway, principal: Principal) -> str:
    """Return a model by which a channel is found for a question that names none.

    Args:
        gateway: Has the channels.
        principal: Who asks.

    Raises:
        NoChannel: The caller may use none of the models that channels have.
    """
    for channel in open_to(gateway, principal):
        for model in sorted(channel.models):
            if principal.models is None or model in principal.models:
                return model
    raise NoChannel("no available channel")


def _judge(call: Call, status: int, body: bytes) -> Outcome:
    """Say what an answer means, and release the call unless its work was done."""
    told = envelope.read(body)
    if told is None or told.code is None:
        call.refuse(f"the upstream answered {status} with no readable body")
        if status < 400:
            raise UnreadableAnswer("the upstream answered in a way that is not understood")
        return Outcome("refused", told)
    reason = _complaint(told, status)
    if reason:
        call.refuse(reason)
        return Outcome("refused", told, reason=reason)
    return Outcome("taken", told, envelope.object_of(told.data))


def _complaint(told: Told, status: int) -> str:
    """Return why the work was not done; empty: it was."""
    if told.code != 0 or status >= 400:
        return f"code {told.code}: {told.message}"
    data = envelope.object_of(told.data) or {}
    # With code 0 and HTTP 200: the recognition of the video has failed.
    found = data.get("status")
    if found is not None and envelope.number(found) not in (0, None):
        return f"status {envelope.number(found)}"
    return "failed" if reading.state_of(data) == "failed" else ""
