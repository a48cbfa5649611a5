"""Messages: what a client says, and what a model answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response

from plugway.chat.counting import count_request
from plugway.chat.dialects.anthropic.answer import answer
from plugway.chat.dialects.anthropic.asked import asked, counted, shown
from plugway.chat.dialects.anthropic.body import CountBody, MessagesBody, read
from plugway.chat.dialects.anthropic.event_stream import EventStream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp

    from plugway.gateway import Gateway
    from plugway.request import Request


class TokensCounted(msgspec.Struct, frozen=True):
    """Is how many tokens a request has.

    Attributes:
        input_tokens: About so many.
    """

    input_tokens: int


class Messages:
    """Takes messages.

    `anthropic-version` and `anthropic-beta` are taken and not asked for: there is one form of
    request and answer here, whatever version a client names, and unknown fields are passed over
    as they are behind a beta. They say nothing to the upstreams, which are not Anthropic's.
    """

    def __init__(self, gateway: Gateway) -> None:
        """Take what is needed.

        Args:
            gateway: Its parts are used when a request comes.
        """
        self._gateway = gateway

    async def create(self, request: Request) -> ASGIApp:
        """Answer a conversation, at once or piece by piece."""
        chat = self._gateway.chat
        body = await read(request, MessagesBody)
        model = chat.model(body.model, request.principal)
        wanted = asked(body, model.takes)
        if wanted.stream:
            stream = EventStream(shown(body), count_request(wanted))
            return await chat.stream(request, wanted, stream)
        completion = await chat.complete(request, wanted)
        return _answer(request, answer(completion, shown(body)), completion.headers)

    async def count(self, request: Request) -> ASGIApp:
        """Count the tokens of a conversation; nothing is charged."""
        chat = self._gateway.chat
        await chat.admit(request)
        body = await read(request, CountBody)
        model = chat.model(body.model, request.principal)
        tokens = chat.count(counted(body, model.takes), request.principal)
        return _answer(request, TokensCounted(tokens), {})


def _answer(request: Request, content: Any, headers: Mapping[str, str]) -> Response:
    return Response(
        msgspec.json.encode(content),
        headers={
            # The official package tells it as the message's `_request_id`.
            "request-id": request.id,
            **headers,
        },
        media_type="application/json",
    )
