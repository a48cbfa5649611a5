"""What clients call the tasks that make images and videos."""

from __future__ import annotations


def name_of(kind: str, call_id: str) -> str:
    """Return the name of a task.

    Args:
        kind: `video` or `image`.
        call_id: Its call.

    Example:
        >>> name_of("video", "019a")
        'video_019a'
    """
    return f"{kind}_{call_id}"


def call_of(kind: str, name: str) -> str:
    """Return the call of a task; empty: no task of this kind has such a name.

    Args:
        kind: `video` or `image`.
        name: As a client wrote it.

    Example:
        >>> call_of("video", "video_019a"), call_of("video", "image_019a")
        ('019a', '')
    """
    prefix = f"{kind}_"
    return name.removeprefix(prefix) if name.startswith(prefix) else ""


def place_of(kind: str, call_id: str) -> str:
    """Return where a client can ask for a task.

    Args:
        kind: `video` or `image`.
        call_id: Its call.
    """
    path = "/v1/videos" if kind == "video" else "/v1/images/generations"
    return f"{path}/{name_of(kind, call_id)}"
