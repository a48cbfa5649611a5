"""A task as its owner sees it: the upstream's last word, with the state that holds here."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from plugway import Task
from plugway_kling import envelope
from plugway_kling.endpoints import NEWER_KINDS
from plugway_kling.envelope import Fields
from plugway_kling.identifiers import owned


class _Names(NamedTuple):
    """Names the fields that one generation has for the same."""

    id: str
    status: str
    message: str
    updated: str


_NAMES = _Names("task_id", "task_status", "task_status_msg", "updated_at")
_NEWER_NAMES = _Names("id", "status", "message", "update_time")

#: What the official API calls our states, which has no word for what is open or late.
_LEGACY = {"processing": "processing", "succeed": "succeed", "failed": "failed"}
_NEWER = {"processing": "processing", "succeed": "succeeded", "failed": "failed"}

_MILLI = 1_000


def shown(task: Task) -> bytes:
    """Return what a query says of a task.

    A task whose upstream name is not known yet has an empty `task_id`, and is asked for by the
    caller's own id. One that took too long has failed.

    Args:
        task: The task.

    Returns:
        JSON: the `data` of the official envelope.

    Example:
        >>> task = Task(id=1, call_id="c1", provider="kling", kind="text2video", model="kling-v1",
        ...             user_id=1, external_id="mine", created_at=1000, updated_at=2000)
        >>> shown(task)[:62]
        b'{"task_id":"","task_status":"submitted","task_status_msg":"","'
    """
    state = "failed" if task.state == "expired" else task.state
    reason = (task.reason or "") if state == "failed" else ""
    finished = task.finished_at or task.updated_at
    said = told(task, task.answer or "{}", state, reason, at=finished)
    fields = envelope.object_of(said) or {}
    if task.kind in NEWER_KINDS or "watermark_info" in fields:
        return said
    # Queries tell it, and callbacks and the answers to submits do not.
    return msgspec.json.encode({**fields, "watermark_info": {"enabled": _is_marked(task)}})


def told(
    task: Task, answer: str, state: str, reason: str, *, at: int, upstream_id: str | None = None
) -> bytes:
    """Return what is said of a task that stands somewhere.

    Args:
        task: The task.
        answer: The upstream's last word, JSON.
        state: Where it stands.
        reason: Why it failed; empty: it did not.
        at: Microseconds since 1970 when it came to stand there.
        upstream_id: The upstream's name, if it has just been learnt.

    Returns:
        JSON.
    """
    newer = task.kind in NEWER_KINDS
    names, words = (_NEWER_NAMES, _NEWER) if newer else (_NAMES, _LEGACY)
    blank = _newer_blank(task) if newer else _blank(task)
    blank[names.id] = envelope.raw(upstream_id or task.upstream_id or "")
    said = envelope.object_of(answer.encode()) or {}
    whole = {**said, **{name: value for name, value in blank.items() if name not in said}}
    word = words.get(state, "submitted")
    if envelope.text(whole.get(names.status)) != word:
        # The upstream's last word is older than what is known here.
        whole[names.status] = envelope.raw(word)
        whole[names.message] = envelope.raw(reason)
        whole[names.updated] = envelope.raw(at // _MILLI)
    if not newer and task.external_id is not None:
        info = envelope.object_of(whole.get("task_info")) or {}
        whole["task_info"] = envelope.raw({**info, "external_task_id": task.external_id})
    return msgspec.json.encode(owned(whole, task.call_id, task.external_id))


def _is_marked(task: Task) -> bool:
    """Say whether a copy with a watermark was asked for."""
    asked = envelope.object_of(task.request.encode()) or {}
    info = envelope.object_of(asked.get("watermark_info")) or {}
    return bytes(info.get("enabled", b"")).strip(b'"').lower() == b"true"


def _blank(task: Task) -> Fields:
    info = {} if task.external_id is None else {"external_task_id": task.external_id}
    return {
        "task_id": envelope.raw(""),
        "task_status": envelope.raw("submitted"),
        "task_status_msg": envelope.raw(""),
        "task_info": envelope.raw(info),
        "created_at": envelope.raw(task.created_at // _MILLI),
        "updated_at": envelope.raw(task.updated_at // _MILLI),
        "task_result": envelope.raw({}),
    }


def _newer_blank(task: Task) -> Fields:
    return {
        "id": envelope.raw(""),
        "status": envelope.raw("submitted"),
        "message": envelope.raw(""),
        "create_time": envelope.raw(task.created_at // _MILLI),
        "update_time": envelope.raw(task.updated_at // _MILLI),
        "external_id": envelope.raw(task.external_id or ""),
        "outputs": envelope.raw([]),
        "billing": envelope.raw([]),
    }
