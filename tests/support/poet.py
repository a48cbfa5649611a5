"""A plugin whose models say what a test tells them to, for tests of chats and dialects."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable

from plugway import (
    ChatEvent,
    ChatModel,
    ChatModels,
    ChatRequest,
    Finish,
    PlugwayError,
    Provider,
    TariffRow,
    TextDelta,
    Turn,
    hookimpl,
)

#: One answer: events, errors that are raised, and events of asyncio that are awaited.
Line = ChatEvent | Exception | asyncio.Event

PARROT = ChatModel(id="parrot", title="Parrot", description="Says what it hears.", owner="poets")
POET = ChatModel(
    id="poet",
    title="Poet",
    owner="poets",
    created=1_700_000_000,
    takes=frozenset({"text", "image", "video", "file"}),
    gives=frozenset({"text", "image", "video"}),
    honours=frozenset({"tools", "temperature", "reasoning", "json_schema"}),
)
PAINTER = ChatModel(
    id="poet-image",
    base="poet",
    takes=frozenset({"text", "image"}),
    gives=frozenset({"text", "image"}),
    quotas=("text", "images"),
)


class PoetModels(ChatModels):
    """Answers from a script; without one it repeats the last message.

    Attributes:
        script: Answers still to be given; an answer that ends without `Finish` gets one, unless
            its last line is an error or a `None`-like cut was asked for with `Cut`.
        asked: What was asked, oldest first.
        models: What it lists.
        left: Answers that were closed before their end.
    """

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self.script: deque[list[Line]] = deque()
        self.asked: list[ChatRequest] = []
        self.models: list[ChatModel] = [PARROT, POET, PAINTER]
        self.left = 0
        self.whole = True

    def list(self) -> Iterable[ChatModel]:
        """Return the models."""
        return self.models

    async def answer(
        self, request: ChatRequest, model: ChatModel, turn: Turn
    ) -> AsyncGenerator[ChatEvent, None]:
        """Say the next answer of the script."""
        self.asked.append(request)
        lines: list[Line] = (
            self.script.popleft() if self.script else [TextDelta(request.messages[-1].text)]
        )
        ended = False
        try:
            for line in lines:
                if isinstance(line, asyncio.Event):
                    await line.wait()
                elif isinstance(line, PlugwayError | Exception):
                    raise line
                else:
                    ended = isinstance(line, Finish)
                    yield line
            if not ended and self.whole:
                ended = True
                yield Finish()
        finally:
            self.left += not ended


class PoetPlugin:
    """Serves `parrot`, `poet` and `poet-image` without any upstream."""

    def __init__(self, provider: str = "poet") -> None:
        self.poet = PoetModels(provider)

    @hookimpl
    def register_providers(self) -> Iterable[Provider]:
        """Return the provider."""
        models = ("parrot", "poet")
        return [Provider(name=self.poet.provider, title="Poet", models=models, more_models=True)]

    @hookimpl
    def register_models(self) -> Iterable[ChatModels]:
        """Return the models."""
        return [self.poet]

    @hookimpl
    def register_tariffs(self) -> Iterable[TariffRow]:
        """Return the prices: a credit a token, a hundred an image, a thousand a video."""
        for key in ("parrot", "poet"):
            yield TariffRow(key=key, unit="input_token", credits="1")
            yield TariffRow(key=key, unit="output_token", credits="2")
        yield TariffRow(key="poet", unit="image", credits="100")
        yield TariffRow(key="poet", unit="video", credits="1000")
