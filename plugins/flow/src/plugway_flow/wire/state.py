"""The states that the upstream tells of what it makes (reference §5.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from plugway import UnreadableAnswer
from plugway_flow.wire.reading import at, text, unreadable
from plugway_flow.wire.refusal import clipped, is_unsafe

State = Literal["pending", "active", "made", "failed"]

_PREFIX = "MEDIA_GENERATION_STATUS_"

_STATES: Mapping[str, State] = {
    "PENDING": "pending",
    "ACTIVE": "active",
    "SUCCESSFUL": "made",
    "FAILED": "failed",
}

#: Where the word stands, in old answers and in new ones.
_PLACES = (("status",), ("mediaMetadata", "mediaStatus", "mediaGenerationStatus"))

#: Where it is told what went wrong.
_ERRORS = (
    ("operation", "error"),
    ("error",),
    ("mediaMetadata", "mediaStatus", "error"),
    ("video", "operation", "error"),
)


class Failure(msgspec.Struct, frozen=True):
    """Tells why nothing was made.

    Attributes:
        reason: For people; no secret.
        unsafe: The upstream's rules do not allow it.
    """

    reason: str
    unsafe: bool = False


def word_of(entry: Any) -> str:
    """Return the word for the state of a job, without its prefix; empty: there is none.

    Args:
        entry: One of `operations` or `media`.

    Example:
        >>> word_of({"status": "MEDIA_GENERATION_STATUS_ACTIVE"})
        'ACTIVE'
    """
    for place in _PLACES:
        if word := text(entry, *place):
            return word.removeprefix(_PREFIX)
    return ""


def state_of(entry: Any, what: str) -> State:
    """Return the state of a job.

    Args:
        entry: One of `operations` or `media`.
        what: Whose answer, for errors.

    Raises:
        UnreadableAnswer: There is no word, or one that is not known.

    Example:
        >>> state_of({"status": "MEDIA_GENERATION_STATUS_ERROR_PERSON"}, "a test")
        'failed'
    """
    word = word_of(entry)
    if not word:
        raise unreadable(entry, what)
    if word.startswith("ERROR"):
        return "failed"
    if word not in _STATES:
        raise UnreadableAnswer(f"The upstream's state is not known: {clipped(word)}.")
    return _STATES[word]


def failure_of(entry: Any) -> Failure:
    """Return why a job has failed.

    Args:
        entry: One of `operations` or `media`.

    Example:
        >>> failure_of({"status": "MEDIA_GENERATION_STATUS_ERROR_NSFW"}).reason
        "the upstream's rules do not allow this (ERROR_NSFW)"
    """
    found = next((one for place in _ERRORS if isinstance(one := at(entry, *place), dict)), None)
    word, message = word_of(entry), clipped(text(found, "message"))
    reason = text(found, "details", 0, "reason") or text(found, "status")
    unsafe = is_unsafe(word, message) or is_unsafe(reason, "")
    said = "the upstream's rules do not allow this" if unsafe else "the upstream failed"
    names = [clipped(one) for one in (word, reason) if one and one != "FAILED"]
    named = f" ({', '.join(dict.fromkeys(names))})" if names else ""
    return Failure(f"{said}: {message}{named}" if message else said + named, unsafe)
