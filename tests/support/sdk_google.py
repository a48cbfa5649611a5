"""Asks with `google-genai`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any

from google.genai import errors, types
from sdk_office import MODEL, Office
from sdk_speaker import Asked, Reply, question


class GoogleSpeaker:
    """Asks with `google-genai`."""

    errors: Mapping[int, type[Exception]] = {
        **dict.fromkeys((400, 401, 403, 404, 429), errors.ClientError),
        **dict.fromkeys((502, 503), errors.ServerError),
    }

    def __init__(self, office: Office) -> None:
        self._office = office

    async def ask(self, asked: Asked | str, *, key: str | None = None) -> Reply:
        """Ask for a whole answer, with a key of the user's if it is not the usual one."""
        client = self._office.google if key is None else self._office.as_google(key)
        answer = await client.aio.models.generate_content(**_body(question(asked)))
        (candidate,) = answer.candidates or []
        assert candidate.finish_reason == types.FinishReason.STOP
        assert candidate.content is not None
        parts = candidate.content.parts or []
        usage, grounding = answer.usage_metadata, candidate.grounding_metadata
        assert usage is not None
        webs = [one.web for one in (grounding and grounding.grounding_chunks) or ()]
        return Reply(
            text="".join([one.text for one in parts if one.text and not one.thought]),
            asked=usage.prompt_token_count or 0,
            answered=(usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
            images=_media(parts, "image/"),
            videos=_media(parts, "video/"),
            thoughts="".join([one.text for one in parts if one.text and one.thought]),
            sources=tuple((web.uri or "", web.title or "") for web in webs if web),
        )

    async def stream(self, asked: Asked | str) -> AsyncGenerator[str, None]:
        """Ask, and give the answer's words as they come."""
        models = self._office.google.aio.models
        async for piece in await models.generate_content_stream(**_body(question(asked))):
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


def _body(asked: Asked) -> dict[str, Any]:
    said = [[types.Part(text=text)] for _, text in asked.turns()]
    if isinstance(asked.image, bytes):
        said[-1].insert(0, types.Part.from_bytes(data=asked.image, mime_type="image/png"))
    elif asked.image is not None:
        said[-1].insert(0, types.Part.from_uri(file_uri=asked.image, mime_type="image/png"))
    contents = [
        types.Content(role="user" if users else "model", parts=parts)
        for (users, _), parts in zip(asked.turns(), said, strict=True)
    ]
    config = types.GenerateContentConfig(
        system_instruction=asked.system or None,
        thinking_config=types.ThinkingConfig(include_thoughts=True) if asked.thinks else None,
    )
    return {"model": asked.model, "contents": contents, "config": config}


def _media(parts: list[types.Part], kind: str) -> tuple[bytes, ...]:
    blobs = [part.inline_data for part in parts if part.inline_data]
    return tuple(one.data for one in blobs if one.data and (one.mime_type or "").startswith(kind))
