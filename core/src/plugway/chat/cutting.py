"""Ends an answer where the client wants it to end, for upstreams that do not."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from plugway.chat.counting import first_tokens
from plugway.chat.tally import Tally
from plugway.contract import (
    ChatEvent,
    ChatModel,
    ChatRequest,
    Finish,
    Media,
    TextDelta,
    ThoughtDelta,
    ToolCall,
)
from plugway.errors import UpstreamInterrupted


async def cut(
    events: AsyncGenerator[ChatEvent, None], request: ChatRequest, model: ChatModel
) -> AsyncGenerator[ChatEvent, None]:
    """Pass events on until a stop text or the limit of tokens is met.

    Args:
        events: As the upstream gives them; closed when enough has come.
        request: What is asked.
        model: What it honours is left to it.

    Raises:
        UpstreamInterrupted: They end without `Finish`.
    """
    stops = request.stop if "stop" not in model.honours else ()
    limit = request.max_tokens if "max_tokens" not in model.honours else None
    async with aclosing(events):
        if not stops and limit is None:
            async for event in events:
                yield event
                if isinstance(event, Finish):
                    return
            raise UpstreamInterrupted
        async for event in _shortened(events, stops, limit, Tally(request, model)):
            yield event


async def _shortened(
    events: AsyncGenerator[ChatEvent, None], stops: tuple[str, ...], limit: int | None, tally: Tally
) -> AsyncGenerator[ChatEvent, None]:
    #: Text that may be the beginning of a stop text, so that it cannot go yet.
    pending = ""
    keep = max((len(stop) for stop in stops), default=1) - 1
    async for event in events:
        if not isinstance(event, TextDelta):
            if pending and isinstance(event, Finish | ThoughtDelta | Media | ToolCall):
                # No stop text reaches over these, and the text comes before them.
                ready, whole = _fitting(pending, limit, tally)
                if ready:
                    yield TextDelta(ready)
                if not whole:
                    yield Finish("length")
                    return
                pending = ""
            yield event
            if isinstance(event, Finish):
                return
            continue
        pending += event.text
        found = min(((at, stop) for stop in stops if (at := pending.find(stop)) >= 0), default=None)
        held = "" if keep == 0 else pending[-keep:]
        ready = pending[: found[0]] if found else pending[: len(pending) - len(held)]
        pending = held
        ready, whole = _fitting(ready, limit, tally)
        if ready:
            yield TextDelta(ready)
        if not whole:
            yield Finish("length")
            return
        if found:
            yield Finish("stop", found[1])
            return
    raise UpstreamInterrupted


def _fitting(text: str, limit: int | None, tally: Tally) -> tuple[str, bool]:
    """Count as much of a text as there is room for; return it, and whether it is all."""
    fitting = text if limit is None else first_tokens(text, limit - tally.spoken)
    tally.note(TextDelta(fitting))
    return fitting, fitting == text
