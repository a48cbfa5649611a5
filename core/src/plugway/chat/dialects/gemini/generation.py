"""Endpoints below a model: the path ends with its name, a colon and a method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response

from plugway.chat.body import read_body
from plugway.chat.dialects.gemini.answer import blocked, whole
from plugway.chat.dialects.gemini.asking import read_count, read_request
from plugway.chat.dialects.gemini.config import wants_images
from plugway.chat.dialects.gemini.encoder import Form, GeminiEncoder, content_type, only
from plugway.chat.dialects.gemini.fields import Fields, wrong
from plugway.chat.dialects.gemini.wire import CountTokensResponse
from plugway.errors import NotFound, SafetyBlocked
from plugway.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp

    from plugway.contract import ChatRequest
    from plugway.gateway import Gateway
    from plugway.request import Request

JSON = content_type("json")


class Generation:
    """Answers `generateContent`, `streamGenerateContent` and `countTokens`."""

    def __init__(self, gateway: Gateway) -> None:
        """Take the gateway.

        Args:
            gateway: Its parts are used when a request comes.
        """
        self._gateway = gateway
        self._methods = {
            "generateContent": self._complete,
            "streamGenerateContent": self._stream,
            "countTokens": self._count,
        }

    async def post(self, request: Request) -> ASGIApp:
        """Answer the method that the path names after the model.

        Raises:
            NotFound: There is no such method, or no such model.
        """
        asked = below_models(request)
        name, _, method = asked.rpartition(":")
        answer = self._methods.get(method)
        if answer is None or not name:
            raise NotFound(
                f"models/{asked[:128]} is not found, or is not supported here:"
                f" methods are {', '.join(self._methods)}"
            )
        return await answer(request, name)

    async def _complete(self, request: Request, name: str) -> ASGIApp:
        body = await read_body(request, dict[str, Any])
        asked = read_request(body, name)
        try:
            completion = await self._gateway.chat.complete(request, asked, inline=_inline(body))
        except SafetyBlocked as error:
            return reply(blocked(error.message, name, new_id()))
        return reply(whole(completion, thoughts=_thoughts(asked)), completion.headers)

    async def _stream(self, request: Request, name: str) -> ASGIApp:
        form = _form(request)
        body = await read_body(request, dict[str, Any])
        asked = read_request(body, name, stream=True)
        encoder = GeminiEncoder(form, thoughts=_thoughts(asked))
        try:
            return await self._gateway.chat.stream(request, asked, encoder, inline=_inline(body))
        except SafetyBlocked as error:
            content = only(form, blocked(error.message, name, new_id()))
            return Response(content, headers={"content-type": content_type(form)})

    async def _count(self, request: Request, name: str) -> ASGIApp:
        await self._gateway.chat.admit(request)
        asked = read_count(await read_body(request, dict[str, Any]), name)
        counted = self._gateway.chat.count(asked, request.principal)
        return reply(CountTokensResponse(total_tokens=counted))


def below_models(request: Request) -> str:
    """Return what a path names after `/models/`: a model's id may hold slashes.

    Args:
        request: The client's.
    """
    return request.path.partition("/models/")[2]


def reply(answer: msgspec.Struct, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer in one piece.

    Args:
        answer: An object of the API.
        headers: Sent with it.
    """
    return Response(msgspec.json.encode(answer), headers={**(headers or {}), "content-type": JSON})


def _form(request: Request) -> Form:
    query = request.query_params
    form = query.get("alt") or query.get("$alt") or "json"
    if form not in ("sse", "json"):
        raise wrong("alt" if "alt" in query else "$alt", "must be sse or json")
    return "sse" if form == "sse" else "json"


def _inline(body: dict[str, Any]) -> bool:
    return wants_images(Fields(body).inner("generationConfig"))


def _thoughts(asked: ChatRequest) -> bool:
    # Officially thoughts are part of an answer only where they were asked for.
    return asked.reasoning is not None and asked.reasoning.shown
