"""What plugins return of tasks, made fit to decide by: an answer that is none must cost nothing."""

from __future__ import annotations

import logging

import msgspec
from msgspec.structs import asdict, replace

from plugway.contract import Media, Pace, Poller, Task, TaskUpdate
from plugway.errors import UnreadableAnswer
from plugway.ledger.limits import MAX_TEXT
from plugway.storage.names import is_name

log = logging.getLogger(__name__)


def checked(update: object) -> TaskUpdate:
    """Return an update whose fields are what they are declared to be, and can be kept.

    A struct does not look at what it is made of, and a row that holds something else cannot
    be read again: neither its end nor its deadline could be written.

    Args:
        update: What a plugin made of an upstream's answer.

    Raises:
        UnreadableAnswer: It is no update.

    Example:
        >>> checked({"state": "processing"})
        Traceback (most recent call last):
        plugway.errors.UnreadableAnswer: the poller failed: its answer is of type dict
    """
    if not isinstance(update, TaskUpdate):
        raise UnreadableAnswer(f"the poller failed: its answer is of type {type(update).__name__}")
    values = asdict(update)
    media = values.pop("media")
    if not isinstance(media, (list, tuple)) or not all(isinstance(one, Media) for one in media):
        raise UnreadableAnswer("the poller failed: what it made is no media")
    if update.usages is not None and isinstance(update.usages, (list, tuple)):
        values["usages"] = [
            asdict(one) if isinstance(one, msgspec.Struct) else one for one in update.usages
        ]
    try:
        update = replace(msgspec.convert(values, TaskUpdate), media=tuple(media))
    except msgspec.ValidationError as error:
        raise UnreadableAnswer(f"the poller failed: {error}") from None
    if len(update.answer) > MAX_TEXT:
        log.error("an answer of %d characters is not kept", len(update.answer))
        update = replace(update, answer="{}")
    name = update.upstream_id
    # MySQL compares without the spaces at the end.
    if name is not None and not (is_name(name) and name == name.rstrip(" ")):
        log.error("an upstream's id for a task cannot be kept: %.200r", name)
        update = replace(update, upstream_id=None)
    return update


def pace_of(poller: Poller | None, task: Task) -> Pace:
    """Return how often a task is asked for; the usual pace where its plugin cannot say.

    Args:
        poller: The provider's, if a plugin has it.
        task: The task.
    """
    if poller is None:
        return Pace()
    try:
        return msgspec.convert(asdict(poller.pace(task)), Pace)
    except Exception:  # a plugin's fault must not keep the task from its end
        log.exception("the poller of %s failed to name a pace", task.provider)
        return Pace()


def message_of(poller: Poller, task: Task, update: TaskUpdate) -> str | None:
    """Return what a task's client is told of a change; None: nothing.

    Args:
        poller: The provider's.
        task: The task, as it was.
        update: The change.
    """
    try:
        body = _written(poller, task, update)
        if body is not None and len(body) > MAX_TEXT:
            log.error("a callback of %d characters is sent without the answer", len(body))
            body = _written(poller, task, replace(update, answer="{}"))
    except Exception:  # a plugin's fault must not keep the task from its end
        log.exception("the poller of %s failed to write a callback", task.provider)
        return None
    return body if body is None or len(body) <= MAX_TEXT else None


def _written(poller: Poller, task: Task, update: TaskUpdate) -> str | None:
    body = poller.callback(task, update)
    return None if body is None else body.decode()
