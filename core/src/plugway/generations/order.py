"""What was asked of a model that makes images or videos, as its task keeps it."""

from __future__ import annotations

import msgspec

from plugway.contract import ChatModel, ChatRequest, Task, Usage

#: What plugins call the length of a video among the facts that its price depends on.
_LENGTHS = ("seconds", "duration")


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Says what was asked, without its media.

    Attributes:
        prompt: The text.
        model: The model.
        aspect: Shape; empty: as the model likes.
        resolution: Size in one word; empty: as the model likes.
        size: Width and height, where the client gave them.
        seconds: Length of a video; empty: not known.
        seed: For what can be had again.
        count: Images at once.
        images: How many images came with the text.
        source: Name of the video that it goes on from.
    """

    prompt: str = ""
    model: str = ""
    aspect: str = ""
    resolution: str = ""
    size: str = ""
    seconds: str = ""
    seed: int | None = None
    count: int = 1
    images: int = 0
    source: str = ""

    @classmethod
    def of(cls, task: Task) -> Order:
        """Return what was asked of a task.

        Args:
            task: The task.
        """
        try:
            return msgspec.json.decode(task.request, type=cls)
        except msgspec.MsgspecError:
            # Of one that a plugin has opened by itself there is nothing to tell.
            return cls()


def order_of(
    asked: ChatRequest, model: ChatModel, usage: Usage, *, size: str = "", source: str = ""
) -> Order:
    """Return what a task keeps of a request.

    Args:
        asked: The request, reduced to one message.
        model: The model.
        usage: What it uses, which may say how long a video becomes.
        size: As the client gave it.
        source: Name of the video that it goes on from.
    """
    lengths = [usage.dimensions[name] for name in _LENGTHS if name in usage.dimensions]
    return Order(
        prompt=asked.messages[-1].text,
        model=model.id,
        aspect=asked.aspect or "",
        resolution=asked.resolution or "",
        size=size,
        seconds=str(asked.seconds or next(iter(lengths), "")),
        seed=asked.seed,
        count=asked.count,
        images=sum(1 for _ in asked.media()),
        source=source,
    )
