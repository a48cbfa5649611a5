"""Asks with `anthropic`."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import anthropic
from sdk_office import MODEL, Office, shown
from sdk_speaker import Asked, Reply, question

#: More than any answer has.
MAX_TOKENS = 2_048


class AnthropicSpeaker:
    """Asks with `anthropic`."""

    errors: Mapping[int, type[Exception]] = {
        400: anthropic.BadRequestError,
        401: anthropic.AuthenticationError,
        403: anthropic.PermissionDeniedError,
        404: anthropic.NotFoundError,
        429: anthropic.RateLimitError,
        502: anthropic.InternalServerError,
        503: anthropic.InternalServerError,
    }

    def __init__(self, office: Office) -> None:
        self._office = office

    async def ask(self, asked: Asked | str, *, key: str | None = None) -> Reply:
        """Ask for a whole answer, with a key of the user's if it is not the usual one."""
        client = self._office.anthropic if key is None else self._office.as_anthropic(key)
        answer = await client.messages.create(**_body(question(asked)))
        assert answer.stop_reason == "end_turn"
        texts = [block for block in answer.content if block.type == "text"]
        cited = [one for block in texts for one in block.citations or ()]
        text = "".join([block.text for block in texts])
        thoughts = [block.thinking for block in answer.content if block.type == "thinking"]
        return Reply(
            text=text,
            asked=answer.usage.input_tokens,
            answered=answer.usage.output_tokens,
            images=tuple(shown(text, "image")),
            videos=tuple(shown(text, "video")),
            thoughts="".join(thoughts),
            sources=tuple((one.url, one.title) for one in cited),
        )

    async def stream(self, asked: Asked | str) -> AsyncGenerator[str, None]:
        """Ask, and give the answer's words as they come."""
        async with self._office.anthropic.messages.stream(**_body(question(asked))) as stream:
            async for text in stream.text_stream:
                yield text

    async def models(self) -> set[str]:
        """List the models, page after page."""
        return {model.id async for model in self._office.anthropic.models.list(limit=7)}

    async def wrong(self) -> None:
        """Ask for what cannot be."""
        await self._office.anthropic.messages.create(
            model=MODEL, max_tokens=-1, messages=[{"role": "user", "content": "Hi"}]
        )

    def told(self, error: Exception) -> tuple[int, Any]:
        """Return the status of an error, and the headers of its answer."""
        assert isinstance(error, anthropic.APIStatusError)
        return error.status_code, error.response.headers


def _body(asked: Asked) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [
        {"role": "user" if users else "assistant", "content": text} for users, text in asked.turns()
    ]
    if asked.image is not None:
        source: dict[str, Any] = {"type": "url", "url": asked.image}
        if isinstance(asked.image, bytes):
            data = base64.b64encode(asked.image).decode()
            source = {"type": "base64", "media_type": "image/png", "data": data}
        block = {"type": "image", "source": source}
        messages[-1]["content"] = [block, {"type": "text", "text": asked.said}]
    body = {"model": asked.model, "max_tokens": MAX_TOKENS, "messages": messages}
    if asked.system:
        body["system"] = asked.system
    if asked.thinks:
        body["thinking"] = {"type": "enabled", "budget_tokens": 1_024}
    return body
