"""A dialect that is almost none: what comes goes out as a line, for tests of chats."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import aiohttp
import msgspec
from starlette.responses import JSONResponse

from plugway import (
    ChatEvent,
    ChatRequest,
    Finish,
    Gateway,
    Media,
    Message,
    Mount,
    PlugwayError,
    Request,
    Text,
    TextDelta,
    ThoughtDelta,
    hookimpl,
)

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway.chat.encoder import Heading
    from plugway.chat.tally import Tally


class Lines:
    """Writes a line for each event."""

    content_type = "text/plain; charset=utf-8"
    keepalive = b"...\n"

    def begin(self, heading: Heading) -> bytes:
        """Return who speaks."""
        return f"model {heading.model.id}\n".encode()

    def event(self, event: ChatEvent) -> bytes:
        """Return what is said."""
        match event:
            case TextDelta(text):
                return f"text {text}\n".encode()
            case ThoughtDelta(text=text):
                return f"thought {text}\n".encode()
            case Media():
                return f"media {event.mime_type}\n".encode()
            case Finish():
                return b""
        return f"{type(event).__name__}\n".encode()

    def end(self, tally: Tally) -> bytes:
        """Return why it ends."""
        return f"end {tally.finish.reason if tally.finish else None}\n".encode()

    def fail(self, error: PlugwayError, request_id: str) -> bytes:
        """Return what went wrong."""
        return f"fail {error.code} {request_id}\n".encode()


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Is the body: fields of `ChatRequest`, and one text."""

    model: str
    text: str = "Hello"
    stream: bool = True
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None


class PlainDialect:
    """Mounts `POST /plain`."""

    @hookimpl
    def register_routes(self, gateway: Gateway) -> Iterable[Mount]:
        """Return the route."""

        async def plain(request: Request) -> ASGIApp:
            asked = msgspec.json.decode(await request.body(), type=Asked)
            given = {name: name for name in ("temperature", "top_p") if getattr(asked, name)}
            chat = ChatRequest(
                model=asked.model,
                messages=(Message("user", (Text(asked.text),)),),
                stream=asked.stream,
                stop=asked.stop,
                max_tokens=asked.max_tokens,
                temperature=asked.temperature,
                top_p=asked.top_p,
                given=given,
            )
            if asked.stream:
                return await gateway.chat.stream(request, chat, Lines())
            whole = await gateway.chat.complete(request, chat)
            content = {"text": whole.text, "thoughts": whole.thoughts, "end": whole.finish.reason}
            return JSONResponse(content, headers=whole.headers)

        return [Mount(path="/plain", endpoint=plain, methods={"POST"})]


async def read_lines(content: aiohttp.StreamReader) -> list[str]:
    """Return the lines of a stream."""
    return [line.decode().rstrip("\n") async for line in content]
