"""`POST /v1/chat/completions`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from plugway.chat.body import read_body
from plugway.chat.dialects.openai.answer import answered
from plugway.chat.dialects.openai.asked import ChatBody, asked_by
from plugway.chat.dialects.openai.chunks import ChunkEncoder

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway.gateway import Gateway
    from plugway.request import Request


class Completions:
    """Answers chats."""

    def __init__(self, gateway: Gateway) -> None:
        """Take what answers.

        Args:
            gateway: Its chat is used when a request comes.
        """
        self._gateway = gateway

    async def create(self, request: Request) -> ASGIApp:
        """Answer, whole or as it comes.

        Args:
            request: The client's.

        Raises:
            PlugwayError: As `Chat.complete` does.
        """
        body = await read_body(request, ChatBody)
        asked = asked_by(body)
        chat, players = self._gateway.chat, self._gateway.current().chat.video_players
        if asked.stream:
            options = body.stream_options
            usage = options is not None and bool(options.include_usage)
            return await chat.stream(request, asked, ChunkEncoder(usage=usage, players=players))
        completion = await chat.complete(request, asked)
        content = msgspec.json.encode(answered(completion, players=players))
        return Response(content, media_type="application/json", headers=completion.headers)
