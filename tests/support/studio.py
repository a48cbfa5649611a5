"""A plugin whose models make images and videos as a test tells them to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from plugway import (
    Ask,
    BearerKey,
    ChannelSettings,
    ChatModel,
    ChatRequest,
    Media,
    MediaModels,
    Pace,
    Poller,
    Provider,
    TariffRow,
    Task,
    TaskGone,
    TaskUpdate,
    Turn,
    hookimpl,
)

#: A picture and a video, as short as their beginnings.
PNG = b"\x89PNG\r\n\x1a\nstill"
MP4 = b"\0\0\0\x18ftypmp42" + bytes(range(200))

#: What they cost.
STILL_PRICE, CLIP_PRICE = 100, 1000

STILL = ChatModel(
    id="still",
    takes=frozenset({"text", "image"}),
    gives=frozenset({"image"}),
    honours=frozenset({"aspect", "resolution", "seed"}),
    quotas=("images",),
)
CLIP = ChatModel(
    id="clip",
    takes=frozenset({"text", "image"}),
    gives=frozenset({"video"}),
    honours=frozenset({"aspect", "seconds"}),
    quotas=("videos",),
)
LONGER = ChatModel(
    id="clip-longer",
    base="clip",
    takes=frozenset({"text", "video"}),
    gives=frozenset({"video"}),
    honours=frozenset({"aspect", "seconds"}),
    quotas=("videos",),
)

#: What a submit comes to: it waits, fails, or is answered so.
Line = asyncio.Event | Exception | TaskUpdate


class StudioModels(MediaModels):
    """Takes what is asked, as a script says.

    Attributes:
        script: What the next submits come to; without one they are taken.
        asked: What was asked, oldest first.
        used: With which secret.
    """

    provider = "studio"

    def __init__(self) -> None:
        self.script: deque[list[Line]] = deque()
        self.asked: list[ChatRequest] = []
        self.used: list[str] = []

    def list(self) -> Iterable[ChatModel]:
        """Return the models."""
        return [STILL, CLIP, LONGER]

    async def submit(self, request: ChatRequest, model: ChatModel, turn: Turn) -> TaskUpdate:
        """Do what the script says."""
        self.asked.append(request)
        name = f"job-{len(self.asked)}"
        self.used.append("" if turn.secret is None else turn.secret.reveal())
        for line in self.script.popleft() if self.script else ():
            if isinstance(line, asyncio.Event):
                await line.wait()
            elif isinstance(line, Exception):
                raise line
            else:
                return line
        return TaskUpdate(state="submitted", answer="{}", upstream_id=name)


class StudioPoller(Poller):
    """Says of jobs what it was told.

    Attributes:
        jobs: What is said, by the upstream's name; of others: they wait.
        speed: How often it is asked.
    """

    provider = "studio"

    def __init__(self) -> None:
        self.jobs: dict[str, TaskUpdate] = {}
        self.speed = Pace(first=0.02, interval=0.02, slowest=0.02)

    def pace(self, task: Task) -> Pace:
        """Return the speed."""
        return self.speed

    async def poll(self, task: Task, ask: Ask) -> TaskUpdate:
        """Say what was told."""
        waits = TaskUpdate(state="submitted", answer="{}")
        return self.jobs.get(task.upstream_id or "", waits)

    async def find(self, task: Task, ask: Ask) -> TaskUpdate:
        """Find what was lost, if it was told of."""
        found = self.jobs.get("lost")
        if found is None:
            raise TaskGone
        return found


class StudioPlugin:
    """Makes images with `still`, videos with `clip`, and longer ones with `clip-longer`."""

    def __init__(self) -> None:
        self.models = StudioModels()
        self.poller = StudioPoller()

    @hookimpl
    def register_providers(self) -> Iterable[Provider]:
        """Return the provider."""
        yield Provider(
            name="studio",
            title="Studio",
            credential="studio",
            models=("still", "clip"),
            settings=ChannelSettings,
        )

    @hookimpl
    def register_credentials(self) -> Iterable[BearerKey]:
        """Return the kind of secret."""
        return [BearerKey("studio")]

    @hookimpl
    def register_models(self) -> Iterable[MediaModels]:
        """Return the models."""
        return [self.models]

    @hookimpl
    def register_pollers(self) -> Iterable[Poller]:
        """Return who asks."""
        return [self.poller]

    @hookimpl
    def register_tariffs(self) -> Iterable[TariffRow]:
        """Return the prices."""
        yield TariffRow(key="still", unit="image", credits=str(STILL_PRICE))
        yield TariffRow(key="clip", unit="video", credits=str(CLIP_PRICE))


def made(*media: Media, name: str = "clip-1") -> TaskUpdate:
    """Return that something is made: by itself a video.

    Args:
        media: What.
        name: The upstream's name of the video.
    """
    video = Media(mime_type="video/mp4", data=MP4, name=name)
    return TaskUpdate(state="succeed", answer="{}", media=media or (video,))


def picture(name: str = "still-1") -> Media:
    """Return an image that is made."""
    return Media(mime_type="image/png", data=PNG, name=name)
