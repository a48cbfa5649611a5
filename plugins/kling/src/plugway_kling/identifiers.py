"""Ids in what a client sees: the upstream's own, and the client's, never ours.

The upstream knows a task by the id of its call; wherever it says so, the client's own name for
the task stands instead, or nothing if it gave none.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from plugway_kling import envelope
from plugway_kling.envelope import Fields

DAY = 86_400.0

#: Seconds that the upstream keeps what a task made, and a session.
RESULT_SECONDS = 30 * DAY
SESSION_SECONDS = DAY

_EXTERNAL = "external_task_id"
_NEWER_EXTERNAL = "external_id"


class Made(msgspec.Struct, frozen=True):
    """Is something that only the credential that made it knows.

    Attributes:
        kind: `session`, `video`, `audio`, `voice` or `element`.
        name: The upstream's name for it.
        seconds: How long the upstream keeps it; None: until it is deleted.
    """

    kind: str
    name: str
    seconds: float | None


def owned(data: Fields, call_id: str, external_id: str | None) -> Fields:
    """Return what is told of a task with the client's own id in it.

    Args:
        data: What the upstream tells.
        call_id: What the upstream was told as the client's id.
        external_id: The client's own.

    Example:
        >>> data = envelope.object_of(b'{"task_info": {"external_task_id": "c1", "a": 1.0}}')
        >>> msgspec.json.encode(owned(data, "c1", None))
        b'{"task_info":{"a":1.0}}'
    """
    told = _named(dict(data), external_id)
    info = envelope.object_of(told.get("task_info"))
    if info is not None:
        told["task_info"] = envelope.raw(_named(info, external_id))
    return {name: _cleaned(value, call_id, external_id) for name, value in told.items()}


def hidden(body: bytes, call_id: str, external_id: str | None) -> bytes:
    """Return an answer of the upstream's with our id of the task replaced in every text.

    Args:
        body: JSON.
        call_id: Our id.
        external_id: The client's own.

    Example:
        >>> hidden(b'{"message":"c1 exists"}', "c1", "mine")
        b'{"message":"mine exists"}'
    """
    if call_id.encode() not in body:
        return body
    inside = msgspec.json.encode(external_id or "")[1:-1]
    return body.replace(call_id.encode(), inside)


def told_id(data: Fields) -> str:
    """Return the upstream's name of the task that it tells of; empty: it tells none."""
    return envelope.text(data.get("task_id", data.get("id")))


def told_call(data: Fields) -> str:
    """Return our own id of the task that the upstream tells of; empty: it tells none.

    Documented inside `task_info`; older receivers look for it at the top.
    """
    info = envelope.object_of(data.get("task_info")) or {}
    for holder, name in ((info, _EXTERNAL), (data, _EXTERNAL), (data, _NEWER_EXTERNAL)):
        found = envelope.text(holder.get(name))
        if found:
            return found
    return ""


def made(data: Fields) -> Iterator[Made]:
    """Yield what an answer names that only its credential knows.

    Args:
        data: Of a task that has succeeded, or of a call.
    """
    session = envelope.text(data.get("session_id"))
    if session:
        yield Made("session", session, SESSION_SECONDS)
    result = envelope.object_of(data.get("task_result")) or {}
    for one in _objects(result.get("videos")):
        yield from _video(one, "id")
    for one in _objects(data.get("outputs")):
        yield from _video(one, "id")
    for one in _objects(result.get("audios")):
        yield from _named_one("audio", one, ("id", "audio_id"), RESULT_SECONDS)
    for one in _objects(result.get("voices")):
        yield from _named_one("voice", one, ("voice_id", "id"), None)
    for one in _objects(result.get("elements")):
        yield from _named_one("element", one, ("element_id", "id"), None)


def _named(fields: Fields, external_id: str | None) -> Fields:
    if _EXTERNAL in fields and external_id is None:
        del fields[_EXTERNAL]
    # The newer generation's is always there, empty if none was given.
    for name, value in ((_EXTERNAL, external_id), (_NEWER_EXTERNAL, external_id or "")):
        if name in fields:
            fields[name] = envelope.raw(value)
    return fields


def _cleaned(value: msgspec.Raw, call_id: str, external_id: str | None) -> msgspec.Raw:
    written = bytes(value)
    return msgspec.Raw(hidden(written, call_id, external_id)) if call_id else value


def _objects(raw: msgspec.Raw | None) -> Iterator[Fields]:
    for item in envelope.items_of(raw) or ():
        fields = envelope.object_of(item)
        if fields is not None:
            yield fields


def _video(fields: Fields, name: str) -> Iterator[Made]:
    yield from _named_one("video", fields, (name,), RESULT_SECONDS)
    yield from _named_one("session", fields, ("session_id",), SESSION_SECONDS)


def _named_one(
    kind: str, fields: Fields, names: tuple[str, ...], seconds: float | None
) -> Iterator[Made]:
    found = next((found for name in names if (found := envelope.text(fields.get(name)))), "")
    if found:
        yield Made(kind, found, seconds)
