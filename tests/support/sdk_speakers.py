"""The official packages behind one face, for what holds whichever of them is asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Protocol

import anthropic
import msgspec
import openai
from google.genai import errors, types
from sdk_office import MODEL, Office


class Reply(msgspec.Struct, frozen=True):
    """Is a whole answer.

    Attributes:
        text: What was said.
        asked: Tokens of the request, as the client is told.
        answered: Tokens of the answer, thoughts included.
    """

    text: str
    asked: int
    answered: int


class Speaker(Protocol):
    """Asks with one official package.

    Attributes:
        errors: What the package raises, by status.
    """

    errors: Mapping[int, type[Exception]]

    async def ask(self, said: str, *, model: str = MODEL, key: str | None = None) -> Reply:
        """Ask for a whole answer."""

    def stream(self, said: str, *, model: str = MODEL) -> AsyncGenerator[str, None]:
        """Ask, and give the answer's words as they come."""

    async def models(self) -> set[str]:
        """List the models."""

    async def wrong(self) -> None:
        """Ask for what cannot be."""

    def told(self, error: Exception) -> tuple[int, Any]:
        """Return the status of an error, and the headers of its answer."""


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

    async def ask(self, said: str, *, model: str = MODEL, key: str | None = None) -> Reply:
        """Ask for a whole answer."""
        client = self._office.openai if key is None else self._office.as_openai(key)
        answer = await client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": said}]
        )
        usage = answer.usage
        assert usage is not None
        text = answer.choices[0].message.content or ""
        return Reply(text, usage.prompt_tokens, usage.completion_tokens)

    async def stream(self, said: str, *, model: str = MODEL) -> AsyncGenerator[str, None]:
        """Ask, and give the answer's words as they come."""
        async with await self._office.openai.chat.completions.create(
            model=model, messages=[{"role": "user", "content": said}], stream=True
        ) as stream:
            async for chunk in stream:
                if chunk.choices and chunk.choices[0].delta.content:
                    yield chunk.choices[0].delta.content

    async def models(self) -> set[str]:
        """List the models."""
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

    async def ask(self, said: str, *, model: str = MODEL, key: str | None = None) -> Reply:
        """Ask for a whole answer."""
        client = self._office.anthropic if key is None else self._office.as_anthropic(key)
        answer = await client.messages.create(
            model=model, max_tokens=1_000, messages=[{"role": "user", "content": said}]
        )
        texts = [block.text for block in answer.content if block.type == "text"]
        return Reply("".join(texts), answer.usage.input_tokens, answer.usage.output_tokens)

    async def stream(self, said: str, *, model: str = MODEL) -> AsyncGenerator[str, None]:
        """Ask, and give the answer's words as they come."""
        async with self._office.anthropic.messages.stream(
            model=model, max_tokens=1_000, messages=[{"role": "user", "content": said}]
        ) as stream:
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


class GoogleSpeaker:
    """Asks with `google-genai`."""

    errors: Mapping[int, type[Exception]] = {
        **dict.fromkeys((400, 401, 403, 404, 429), errors.ClientError),
        **dict.fromkeys((502, 503), errors.ServerError),
    }

    def __init__(self, office: Office) -> None:
        self._office = office

    async def ask(self, said: str, *, model: str = MODEL, key: str | None = None) -> Reply:
        """Ask for a whole answer."""
        client = self._office.google if key is None else self._office.as_google(key)
        answer = await client.aio.models.generate_content(model=model, contents=said)
        usage = answer.usage_metadata
        assert usage is not None
        answered = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
        return Reply(answer.text or "", usage.prompt_token_count or 0, answered)

    async def stream(self, said: str, *, model: str = MODEL) -> AsyncGenerator[str, None]:
        """Ask, and give the answer's words as they come."""
        models = self._office.google.aio.models
        stream = await models.generate_content_stream(model=model, contents=said)
        async for piece in stream:
            if piece.text:
                yield piece.text

    async def models(self) -> set[str]:
        """List the models, page after page."""
        listed = await self._office.google.aio.models.list(config={"page_size": 7})
        return {(model.name or "").removeprefix("models/") async for model in listed}

    async def wrong(self) -> None:
        """Ask for what cannot be."""
        config = types.GenerateContentConfig(temperature=9)
        models = self._office.google.aio.models
        await models.generate_content(model=MODEL, contents="Hi", config=config)

    def told(self, error: Exception) -> tuple[int, Any]:
        """Return the status of an error, and the headers of its answer."""
        assert isinstance(error, errors.APIError)
        return error.code, error.response.headers


#: All of them, by name.
SPEAKERS = {"openai": OpenAISpeaker, "anthropic": AnthropicSpeaker, "google": GoogleSpeaker}
