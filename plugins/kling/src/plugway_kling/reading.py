"""What the upstream says of a task, read strictly where it decides about money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from plugway import (
    CredentialExpired,
    CredentialRestricted,
    PlugwayError,
    QuotaExhausted,
    Task,
    TaskGone,
    TaskUpdate,
    UnreadableAnswer,
    UpstreamError,
    UpstreamTimeout,
    Usage,
)
from plugway_kling import codes, envelope, identifiers
from plugway_kling.envelope import Fields, Told
from plugway_kling.requests import measured_usages, settlement_usage

State = Literal["submitted", "processing", "succeed", "failed"]

#: Status words of both generations; there are no others.
_STATES: Mapping[str, State] = {
    "submitted": "submitted",
    "processing": "processing",
    "succeed": "succeed",
    "succeeded": "succeed",
    "failed": "failed",
}

#: Characters of a reason, and of an odd word that a log shows.
_REASON = 500
_WORD = 40

_FAILED = "the upstream gave no reason"


def about(body: bytes) -> msgspec.Raw:
    """Return what an answer to a query is about.

    Args:
        body: Of an HTTP status below 400.

    Raises:
        TaskGone: There is no such task.
        UpstreamError: The upstream refused, or its answer is none.
    """
    told = envelope.read(body)
    if told is None or told.code is None:
        raise UnreadableAnswer("the answer is not in the official envelope")
    if told.code != 0:
        raise refusal(told)
    if told.data is None:
        raise UnreadableAnswer("the answer has no data")
    return told.data


def refusal(told: Told) -> UpstreamError:
    """Return the error that a code means.

    Args:
        told: An answer whose code is not 0.
    """
    code, said = told.code, f"the upstream answered with code {told.code}"
    if code == codes.NO_RESOURCE:
        return TaskGone()
    if code in codes.EMPTY:
        return QuotaExhausted(said)
    if code in (codes.FORBIDDEN, codes.NOT_LISTED):
        return CredentialRestricted(said)
    if code in codes.OURS:
        return CredentialExpired(said)
    if code == codes.TIMEOUT:
        return UpstreamTimeout(said)
    if code in codes.STATUS:
        return UpstreamError(said)
    return UnreadableAnswer(said)


def update(data: msgspec.Raw | bytes, task: Task, *, by_units: bool) -> TaskUpdate:
    """Read what the upstream tells of a task.

    Success without any address of a result is an end as well.

    Args:
        data: What an answer is about, or a callback.
        task: Of which task.
        by_units: Settle by what the upstream says it took.

    Raises:
        UnreadableAnswer: It is about something else, or says something that nobody knows.
    """
    fields = envelope.object_of(data)
    if fields is None:
        raise UnreadableAnswer("what is told of the task is no object")
    name = identifiers.told_id(fields)
    if not name or (task.upstream_id is not None and name != task.upstream_id):
        raise UnreadableAnswer("what is told is of another task")
    state = state_of(fields)
    if state is None:
        word = envelope.text(fields.get("task_status", fields.get("status")))
        raise UnreadableAnswer(f"unknown status {word[:_WORD]!r}")
    reason = None
    if state == "failed":
        said = envelope.text(fields.get("task_status_msg", fields.get("message")))
        reason = identifiers.hidden(said.encode(), task.call_id, task.external_id).decode()
        reason = reason[:_REASON] or _FAILED
    return TaskUpdate(
        state=state,
        answer=_text(bytes(data)),
        upstream_id=name,
        reason=reason,
        usages=_usages(fields, task, by_units=by_units) if state == "succeed" else None,
    )


def state_of(fields: Fields) -> State | None:
    """Return where the upstream says that a task stands; None: in no word that is known.

    Args:
        fields: What is told of the task.
    """
    return _STATES.get(envelope.text(fields.get("task_status", fields.get("status"))))


def kept(data: msgspec.Raw | None) -> str:
    """Return what is told of a task as it is kept with it.

    Args:
        data: What is told, if anything is.
    """
    try:
        return "{}" if data is None else bytes(data).decode()
    except UnicodeDecodeError:
        return "{}"


def _usages(fields: Fields, task: Task, *, by_units: bool) -> tuple[Usage, ...] | None:
    """Return what is to be charged instead of what was held; None: what was held is."""
    try:
        if by_units:
            taken = envelope.text(fields.get("final_unit_deduction"))
            used = settlement_usage(task.kind, taken or _billed(fields))
            if used is not None:
                return (used,)
        return measured_usages(task.kind, task.request, task.model, _length(fields))
    except PlugwayError:
        return None


def _billed(fields: Fields) -> str:
    """Return the units that the newer generation says it took, if it is one amount."""
    billing = envelope.items_of(fields.get("billing")) or []
    amounts = [envelope.text((envelope.object_of(one) or {}).get("amount")) for one in billing]
    return amounts[0] if len(amounts) == 1 else ""


def _length(fields: Fields) -> str:
    """Return the seconds of the video that was made; empty: it is not told."""
    result = envelope.object_of(fields.get("task_result")) or {}
    for listed in (result.get("videos"), fields.get("outputs")):
        for one in envelope.items_of(listed) or ():
            found = envelope.text((envelope.object_of(one) or {}).get("duration"))
            if found:
                return found
    return ""


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise UnreadableAnswer("what is told of the task is not UTF-8") from None
