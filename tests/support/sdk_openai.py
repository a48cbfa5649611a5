"""Asks with `openai`."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import openai
from sdk_office import MODEL, Office, shown
from sdk_speaker import Asked, Reply, question


class OpenAISpeaker:
    """Asks with `openai`."""

    errors: Mapping[int, type[Exception]] = {
        400: openai.BadRequestError,
        401: openai.AuthenticationError,
        403: openai.PermissionDeniedError,
        404: openai.NotFoundError,
        429: openai.RateLimitError,
        502: openai.InternalServerError,
        503: openai.InternalServerError,
    }

    def __init__(self, office: Office) -> None:
        self._office = office

    async def ask(self, asked: Asked | str, *, key: str | None = None) -> Reply:
        """Ask for a whole answer, with a key of the user's if it is not the usual one."""
        client = self._office.openai if key is None else self._office.as_openai(key)
        answer = await client.chat.completions.create(**_body(question(asked)))
        (choice,) = answer.choices
        assert choice.finish_reason == "stop"
        message = choice.message
        text = message.content or ""
        cited = [one.url_citation for one in message.annotations or ()]
        # Clients look for thoughts here; the package keeps what it does not know.
        thoughts = (message.model_extra or {}).get("reasoning_content", "")
        return Reply(
            text=text,
            asked=answer.usage.prompt_tokens,
            answered=answer.usage.completion_tokens,
            images=tuple(shown(text, "image")),
            videos=tuple(shown(text, "video")),
            thoughts=thoughts,
            sources=tuple((one.url, one.title) for one in cited),
        )

    async def stream(self, asked: Asked | str) -> AsyncGenerator[str, None]:
        """Ask, and give the answer's words as they come."""
        body = _body(question(asked))
        async for chunk in await self._office.openai.chat.completions.create(**body, stream=True):
            if chunk.choices and chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content

    async def models(self) -> set[str]:
        """List the models, page after page."""
        return {model.id async for model in self._office.openai.models.list()}

    async def wrong(self) -> None:
        """Ask for what cannot be."""
        await self._office.openai.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "Hi"}], temperature=9
        )

    def told(self, error: Exception) -> tuple[int, Any]:
        """Return the status of an error, and the headers of its answer."""
        assert isinstance(error, openai.APIStatusError)
        return error.status_code, error.response.headers


def _body(asked: Asked) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [
        {"role": "user" if users else "assistant", "content": text} for users, text in asked.turns()
    ]
    if asked.image is not None:
        url = asked.image
        if isinstance(url, bytes):
            url = f"data:image/png;base64,{base64.b64encode(url).decode()}"
        part = {"type": "image_url", "image_url": {"url": url}}
        messages[-1]["content"] = [{"type": "text", "text": asked.said}, part]
    if asked.system:
        messages.insert(0, {"role": "system", "content": asked.system})
    more = {"reasoning_effort": "high"} if asked.thinks else {}
    return {"model": asked.model, "messages": messages, **more}
