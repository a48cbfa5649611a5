"""Tasks that make videos and images, as clients are shown them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from plugway.contract import Task
from plugway.generations.failures import failure
from plugway.generations.naming import name_of
from plugway.generations.order import Order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plugway.media.kept import Kept

Status = Literal["queued", "in_progress", "completed", "failed"]

_SECOND = 1_000_000

#: What stands where officially there is a size or a length, and none was asked for.
ANY = "auto"


class Fault(msgspec.Struct, frozen=True):
    """Says why nothing was made."""

    code: str
    message: str


class Video(msgspec.Struct, frozen=True, kw_only=True):
    """Is a video on its way, or made.

    Attributes:
        progress: Percent; of one that the upstream tells nothing of, 0 until it is made.
        size: As it was asked for; `auto`: as the model likes.
        seconds: The same of its length.
        expires_at: When it is removed.
        remixed_from_video_id: The video that it goes on from.
        url: Where it can be fetched without a key, for a while.
    """

    id: str
    object: Literal["video"] = "video"
    model: str
    status: Status
    progress: int
    created_at: int
    completed_at: int | None = None
    expires_at: int | None = None
    size: str
    seconds: str
    prompt: str
    error: Fault | None = None
    remixed_from_video_id: str | None = None
    url: str | msgspec.UnsetType = msgspec.UNSET


class VideoList(msgspec.Struct, frozen=True, kw_only=True):
    """Lists videos."""

    object: Literal["list"] = "list"
    data: list[Video]
    first_id: str | None
    last_id: str | None
    has_more: bool


class VideoDeleted(msgspec.Struct, frozen=True, kw_only=True):
    """Says that a video is gone."""

    id: str
    object: Literal["video.deleted"] = "video.deleted"
    deleted: bool = True


class Place(msgspec.Struct, frozen=True):
    """Says where an image is."""

    url: str


class ImageTask(msgspec.Struct, frozen=True, kw_only=True):
    """Is an image on its way, or made.

    Attributes:
        progress: Percent.
        expires_at: When it is removed.
        data: Where the images can be fetched without a key, for a while.
    """

    id: str
    object: Literal["image.generation"] = "image.generation"
    model: str
    status: Status
    progress: int
    created_at: int
    completed_at: int | None = None
    expires_at: int | None = None
    prompt: str
    error: Fault | None = None
    data: list[Place] = msgspec.field(default_factory=list)


def video_of(task: Task, kept: Sequence[Kept], urls: Sequence[str]) -> Video:
    """Return a video as the official API shows it.

    Args:
        task: Its task.
        kept: What it made.
        urls: Where that is.
    """
    order = Order.of(task)
    return Video(
        id=name_of("video", task.call_id),
        model=order.model or task.model,
        status=status_of(task),
        progress=progress_of(task),
        created_at=task.created_at // _SECOND,
        completed_at=_completed(task),
        expires_at=_expires(kept),
        size=order.size or size_of(order.aspect, order.resolution),
        seconds=order.seconds or ANY,
        prompt=order.prompt,
        error=_fault(task),
        remixed_from_video_id=order.source or None,
        url=urls[0] if urls else msgspec.UNSET,
    )


def image_of(task: Task, kept: Sequence[Kept], urls: Sequence[str]) -> ImageTask:
    """Return images as they are shown.

    Args:
        task: Their task.
        kept: What it made.
        urls: Where that is.
    """
    order = Order.of(task)
    return ImageTask(
        id=name_of("image", task.call_id),
        model=order.model or task.model,
        status=status_of(task),
        progress=progress_of(task),
        created_at=task.created_at // _SECOND,
        completed_at=_completed(task),
        expires_at=_expires(kept),
        prompt=order.prompt,
        error=_fault(task),
        data=[Place(url) for url in urls],
    )


def status_of(task: Task) -> Status:
    """Return where a task stands, in the official words."""
    match task.state:
        case "succeed":
            return "completed"
        case "failed" | "expired":
            return "failed"
        case "processing":
            return "in_progress"
        case _:
            return "queued"


def progress_of(task: Task) -> int:
    """Return how far a task is."""
    return 100 if task.state == "succeed" else task.progress or 0


def size_of(aspect: str, resolution: str) -> str:
    """Return a shape as width and height.

    Args:
        aspect: Such as `16:9`; empty: not known.
        resolution: In one word; empty: the usual one.

    Example:
        >>> size_of("9:16", ""), size_of("16:9", "1080p"), size_of("", "")
        ('720x1280', '1920x1080', 'auto')
    """
    width, colon, height = aspect.partition(":")
    if not colon:
        return ANY
    short = {"1080p": 1080, "4k": 2160}.get(resolution, 720)
    ratio = int(width) / int(height)
    if ratio >= 1:
        return f"{round(short * ratio)}x{short}"
    return f"{short}x{round(short / ratio)}"


def _completed(task: Task) -> int | None:
    if task.state != "succeed" or task.finished_at is None:
        return None
    return task.finished_at // _SECOND


def _expires(kept: Sequence[Kept]) -> int | None:
    ends = [one.expires_at for one in kept if one.expires_at is not None]
    return min(ends) // _SECOND if ends else None


def _fault(task: Task) -> Fault | None:
    if status_of(task) != "failed":
        return None
    error = failure(task)
    return Fault("task_expired" if task.state == "expired" else error.code, error.message)
