"""Every endpoint of the official API, in one table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from plugway import Pace

#: `task`: makes a task, and tells of it; `call`: answers at once; `delete`: ends what a caller
#: made; `read`: tells what is everybody's; `account`: tells of the upstream's account.
Way = Literal["task", "call", "delete", "read", "account"]

#: Videos take minutes, images and sounds less.
_VIDEO = Pace(first=45, interval=10, slowest=60)
_IMAGE = Pace(first=8, interval=4, slowest=30)
_SOUND = Pace(first=10, interval=5, slowest=30)

#: Where the newer generation answers for tasks.
TASKS = "/tasks"

_GENERIC = "any"
_NEWER = "new/"
_WORD = re.compile(r"[a-z0-9][a-z0-9-]{0,27}")


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Is one endpoint.

    Attributes:
        kind: Our word for it, which tasks keep.
        path: Its path at the upstream; `{model}` is the model of the newer generation.
        title: What it does, for people.
        way: How it answers.
        method: Of an endpoint that is no task.
        pace: How often the upstream is asked for its tasks.
        most: Largest page of its list.
        named: Whether the upstream finds a task by the customer's own id.
        makes: What a call's answer names that only its credential knows.
    """

    kind: str
    path: str
    title: str
    way: Way = "task"
    method: Literal["GET", "POST"] = "POST"
    pace: Pace = _VIDEO
    most: int = 500
    named: bool = True
    makes: bool = False

    @property
    def newer(self) -> bool:
        """Return whether it is of the newer generation."""
        return self.kind.startswith(_NEWER)


def _tasks() -> tuple[Endpoint, ...]:
    videos, images = "/v1/videos", "/v1/images"
    audio, general = "/v1/audio", "/v1/general"
    return (
        Endpoint(kind="text2video", path=f"{videos}/text2video", title="a video from a text"),
        Endpoint(kind="image2video", path=f"{videos}/image2video", title="a video from an image"),
        Endpoint(
            kind="multi-image2video",
            path=f"{videos}/multi-image2video",
            title="a video from several images",
        ),
        Endpoint(kind="omni-video", path=f"{videos}/omni-video", title="a video from anything"),
        Endpoint(
            kind="motion-control",
            path=f"{videos}/motion-control",
            title="a video that follows another's motion",
        ),
        Endpoint(
            kind="multi-elements",
            path=f"{videos}/multi-elements",
            title="a video with elements changed",
        ),
        Endpoint(kind="video-extend", path=f"{videos}/video-extend", title="more of a video"),
        Endpoint(
            kind="advanced-lip-sync",
            path=f"{videos}/advanced-lip-sync",
            title="a video whose face speaks",
            named=False,
        ),
        Endpoint(kind="lip-sync", path=f"{videos}/lip-sync", title="a video whose lips follow"),
        Endpoint(
            kind="avatar/image2video",
            path=f"{videos}/avatar/image2video",
            title="a video of a speaking portrait",
        ),
        Endpoint(kind="effects", path=f"{videos}/effects", title="a video with an effect"),
        Endpoint(
            kind="text-to-audio",
            path=f"{audio}/text-to-audio",
            title="a sound from a text",
            pace=_SOUND,
        ),
        Endpoint(
            kind="video-to-audio",
            path=f"{audio}/video-to-audio",
            title="a sound for a video",
            pace=_SOUND,
        ),
        Endpoint(kind="generations", path=f"{images}/generations", title="images", pace=_IMAGE),
        Endpoint(
            kind="multi-image2image",
            path=f"{images}/multi-image2image",
            title="images from several images",
            pace=_IMAGE,
        ),
        Endpoint(
            kind="omni-image",
            path=f"{images}/omni-image",
            title="images from anything",
            pace=_IMAGE,
        ),
        Endpoint(
            kind="editing/expand",
            path=f"{images}/editing/expand",
            title="an image with wider borders",
            pace=_IMAGE,
        ),
        Endpoint(
            kind="kolors-virtual-try-on",
            path=f"{images}/kolors-virtual-try-on",
            title="an image of somebody in other clothes",
            pace=_IMAGE,
        ),
        Endpoint(
            kind="ai-multi-shot",
            path=f"{general}/ai-multi-shot",
            title="images of one thing from several sides",
            pace=_IMAGE,
        ),
        Endpoint(
            kind="custom-voices",
            path=f"{general}/custom-voices",
            title="a voice",
            pace=_SOUND,
            most=1000,
        ),
        Endpoint(
            kind="advanced-custom-elements",
            path=f"{general}/advanced-custom-elements",
            title="an element",
            pace=_IMAGE,
        ),
        Endpoint(
            kind="custom-elements",
            path=f"{general}/custom-elements",
            title="an element, the older way",
            pace=_IMAGE,
        ),
    )


def _calls() -> tuple[Endpoint, ...]:
    elements = "/v1/videos/multi-elements"
    return (
        Endpoint(
            kind="init-selection",
            path=f"{elements}/init-selection",
            title="Begin a selection in a video",
            way="call",
            makes=True,
        ),
        Endpoint(
            kind="add-selection",
            path=f"{elements}/add-selection",
            title="Mark points of a frame",
            way="call",
        ),
        Endpoint(
            kind="delete-selection",
            path=f"{elements}/delete-selection",
            title="Take points back",
            way="call",
        ),
        Endpoint(
            kind="clear-selection",
            path=f"{elements}/clear-selection",
            title="Take all points back",
            way="call",
        ),
        Endpoint(
            kind="preview-selection",
            path=f"{elements}/preview-selection",
            title="See the selection",
            way="call",
        ),
        Endpoint(
            kind="identify-face",
            path="/v1/videos/identify-face",
            title="Find the faces of a video",
            way="call",
            makes=True,
        ),
        Endpoint(
            kind="image-recognize",
            path="/v1/videos/image-recognize",
            title="Tell what an image shows",
            way="call",
        ),
        Endpoint(kind="tts", path="/v1/audio/tts", title="Speak a text", way="call", makes=True),
        Endpoint(
            kind="delete-voices",
            path="/v1/general/delete-voices",
            title="Delete a voice",
            way="delete",
        ),
        Endpoint(
            kind="delete-elements",
            path="/v1/general/delete-elements",
            title="Delete an element",
            way="delete",
        ),
        Endpoint(
            kind="delete-advanced-elements",
            path="/v1/general/delete-advanced-elements",
            title="Delete an element",
            way="delete",
        ),
    )


def _reads() -> tuple[Endpoint, ...]:
    return (
        Endpoint(
            kind="presets-voices",
            path="/v1/general/presets-voices",
            title="List everybody's voices",
            way="read",
            method="GET",
        ),
        Endpoint(
            kind="advanced-presets-elements",
            path="/v1/general/advanced-presets-elements",
            title="List everybody's elements",
            way="read",
            method="GET",
        ),
        Endpoint(
            kind="costs",
            path="/account/costs",
            title="Tell of the resource packs",
            way="account",
            method="GET",
        ),
        Endpoint(
            kind="balance",
            path="/account/billing/balance",
            title="Tell of the balance",
            way="account",
        ),
        Endpoint(
            kind="package",
            path="/account/billing/package",
            title="Tell of the packages",
            way="account",
        ),
    )


def _newer() -> tuple[Endpoint, ...]:
    titles = {
        "text-to-video": "a video from a text",
        "image-to-video": "a video from an image",
        "omni-video": "a video from anything",
        "motion-control": "a video that follows another's motion",
    }
    return tuple(
        Endpoint(kind=f"{_NEWER}{action}", path=f"/{action}/{{model}}", title=title)
        for action, title in titles.items()
    )


#: All of them (reference: official docs, "API Reference", of both generations).
ENDPOINTS: tuple[Endpoint, ...] = (*_tasks(), *_newer(), *_calls(), *_reads())

_BY_KIND: Mapping[str, Endpoint] = {endpoint.kind: endpoint for endpoint in ENDPOINTS}

#: Kinds of the newer generation.
NEWER_KINDS = frozenset(one.kind for one in ENDPOINTS if one.newer)

#: Paths of the table, which no action outside it has.
PATHS = frozenset(one.path for one in ENDPOINTS)

#: Last words of paths, which no task is called by.
ACTIONS = frozenset(one.path.rpartition("/")[2] for one in ENDPOINTS)


def endpoint_of(kind: str) -> Endpoint | None:
    """Return the endpoint of a task's kind; None: it is not known any more.

    Args:
        kind: From the table, or of an action that is not in it.

    Example:
        >>> endpoint_of("avatar/image2video").path
        '/v1/videos/avatar/image2video'
        >>> endpoint_of("any/videos/dance").path
        '/v1/videos/dance'
    """
    known = _BY_KIND.get(kind)
    if known is not None or not is_unlisted(kind):
        return known
    _, group, action = kind.split("/", 2)
    return generic(group, action)


def is_unlisted(kind: str) -> bool:
    """Say whether a kind is of an action that is not in the table."""
    return kind.startswith(f"{_GENERIC}/")


def generic(group: str, action: str) -> Endpoint | None:
    """Return the endpoint of an action that is not in the table.

    Args:
        group: Such as "videos".
        action: Such as "text2video".

    Returns:
        None: They cannot be words of a path.

    Example:
        >>> generic("videos", "dance").kind
        'any/videos/dance'
    """
    if not (_WORD.fullmatch(group) and _WORD.fullmatch(action)):
        return None
    return Endpoint(
        kind=f"{_GENERIC}/{group}/{action}",
        path=f"/v1/{group}/{action}",
        title=f"what {action} makes",
    )
