"""What the OpenAPI document says of answers and of query parameters."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta


class TaskInfo(msgspec.Struct, kw_only=True):
    """Is what a task was asked with."""

    external_task_id: str | None = None


class TaskData(msgspec.Struct, kw_only=True):
    """Is a task; the newer generation has `id`, `status`, `outputs` instead."""

    task_id: str
    task_status: str
    task_status_msg: str = ""
    task_info: TaskInfo | None = None
    created_at: Annotated[int, Meta(description="Milliseconds since 1970.")]
    updated_at: Annotated[int, Meta(description="Milliseconds since 1970.")]
    task_result: dict[str, Any] | None = None


class OneTask(msgspec.Struct, kw_only=True):
    """Answers with one task."""

    code: int
    message: str
    request_id: str
    data: TaskData


class ManyTasks(msgspec.Struct, kw_only=True):
    """Answers with several tasks."""

    code: int
    message: str
    request_id: str
    data: list[TaskData]


class Page(msgspec.Struct, kw_only=True):
    """Chooses a page."""

    pageNum: Annotated[int, Meta(ge=1, le=1000)] = 1  # noqa: N815  # the official spelling
    pageSize: Annotated[int, Meta(ge=1, le=1000)] = 30  # noqa: N815  # the same


class Several(msgspec.Struct, kw_only=True):
    """Names tasks, in one way or the other."""

    task_ids: Annotated[str, Meta(description="Up to 100, separated by commas.")] = ""
    external_task_ids: Annotated[str, Meta(description="The caller's own, the same.")] = ""


class Cursor(msgspec.Struct, kw_only=True):
    """Chooses a part of a list."""

    limit: Annotated[int, Meta(ge=1, le=500)] = 30
    cursor: Annotated[str, Meta(description="What the answer before gave; empty: the first.")] = ""
