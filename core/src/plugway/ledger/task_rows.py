"""The rows of tasks and callbacks that a batch writes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import astuple

from plugway.ledger.limits import MAX_TEXT, clip
from plugway.ledger.operations import NewCallback, NewTask, Reserve
from plugway.ledger.task_books import Task

#: What of a task decides over it: what is read and locked.
TASK_STATE = (
    "call_id",
    "provider",
    "user_id",
    "state",
    "channel_id",
    "credential_id",
    "upstream_id",
    "external_id",
    "price",
    "progress",
    "reason",
    "next_poll_at",
    "lease",
    "polls",
    "failures",
    "deadline",
    "updated_at",
    "finished_at",
)
#: Long texts that are written without having been read; None leaves what is there.
KEPT = ("answer", "facts")
#: What changes of a task, after the column that finds it.
TASK_CHANGE = ("call_id", *TASK_STATE[3:], *KEPT)
#: A new task: what changes of it later, then what never does.
TASK = (
    *TASK_STATE,
    *KEPT,
    "kind",
    "model",
    "account_id",
    "key_id",
    "request_id",
    "ip",
    "callback_url",
    "request",
    "created_at",
)
#: Who has which name.
NAMES = ("call_id", "provider", "user_id", "upstream_id", "external_id")
CALLBACK = (
    "call_id",
    "user_id",
    "url",
    "body",
    "state",
    "tries",
    "next_try_at",
    "created_at",
    "updated_at",
)

CallbackRow = tuple[str, int, str, str, str, int, int, int, int]

_MAX_URL = 8192


def task_of(reserve: Reserve, new: NewTask) -> Task:
    """Make a task before anything was sent."""
    return Task(
        reserve.call_id,
        new.provider,
        new.user_id,
        "pending",
        None,
        None,
        None,
        new.external_id,
        new.price,
        None,
        None,
        new.next_poll_at,
        None,
        0,
        0,
        new.deadline,
        reserve.created_at,
        None,
        None,
        clip(new.facts, MAX_TEXT),
    )


def constants_of(reserve: Reserve, new: NewTask) -> tuple[Any, ...]:
    """Lay out what never changes of a task, the last columns of `TASK`."""
    url = new.callback_url
    return (
        new.kind,
        clip(new.model, 128),
        reserve.account_id,
        reserve.key_id,
        clip(new.request_id, 128),
        clip(new.ip, 45),
        None if url is None else clip(url, _MAX_URL),
        clip(new.request, MAX_TEXT),
        reserve.created_at,
    )


def task_rows(tasks: Iterable[tuple[Task, tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
    """Lay out new tasks with their constants in the order of `TASK`."""
    return [(*astuple(task), *constants) for task, constants in tasks]


def task_changes(tasks: Iterable[Task]) -> list[tuple[Any, ...]]:
    """Lay out tasks in the order of `TASK_CHANGE`."""
    return [(row[0], *row[3:]) for row in map(astuple, tasks)]


def callback_row(call_id: str, callback: NewCallback, at: int) -> CallbackRow:
    """Lay out a message that is due at once, in the order of `CALLBACK`."""
    url, body = clip(callback.url, _MAX_URL), clip(callback.body, MAX_TEXT)
    return (call_id, callback.user_id, url, body, "waiting", 0, at, at, at)
