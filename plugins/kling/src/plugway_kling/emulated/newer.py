"""The new generation: the model in the path, API keys only, one query for all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from plugway_kling.emulated.call import Call, Way, Ways
from plugway_kling.emulated.ids import Ids
from plugway_kling.emulated.life import Life
from plugway_kling.emulated.modern import begun, modern
from plugway_kling.emulated.refusals import Refusal, invalid
from plugway_kling.emulated.rules import (
    Field,
    address,
    choice,
    examine,
    figure,
    flag,
    given,
    record,
    text,
    whole,
)
from plugway_kling.emulated.tasks import EmulatedTask

#: Models by what they do; which ones there are beside the first is not documented.
_VIDEO = ("kling-3.0-turbo", "kling-3.0", "kling-2.6", "kling-2.5-turbo")
MODELS = {
    "text-to-video": _VIDEO,
    "image-to-video": _VIDEO,
    "omni-video": ("kling-3.0-omni", "kling-o1"),
    "motion-control": ("kling-3.0", "kling-2.6"),
}

_PROMPT = text(3_072)
_SETTINGS = record(
    Field("resolution", choice("720p", "1080p", "4k")),
    Field("aspect_ratio", choice("16:9", "9:16", "1:1")),
    Field("duration", whole(3, 15)),
)
_OPTIONS = record(
    Field("callback_url", address),
    Field("external_task_id", text(512)),
    Field("watermark_info", record(Field("enabled", flag))),
)
_FIELDS = (Field("settings", _SETTINGS), Field("options", _OPTIONS))
_CURSOR = (Field("limit", whole(1, 500)), Field("cursor", text(64)))


class Newer:
    """Answers for the tasks of the new generation."""

    def __init__(self, life: Life, ids: Ids, now: Callable[[], float]) -> None:
        """Prepare.

        Args:
            life: Moves the tasks.
            ids: Names them.
            now: Returns seconds since 1970.
        """
        self._life = life
        self._ids = ids
        self._now = now

    def ways(self) -> Ways:
        """Yield what it answers."""
        for action in MODELS:
            create = partial(self.create, action)
            yield Way("POST", f"/{action}/{{model}}", create, jwt=False)
        yield Way("GET", "/tasks", self.several, jwt=False)
        yield Way("POST", "/tasks", self.page, jwt=False)

    def create(self, action: str, call: Call) -> dict[str, Any]:
        """Make a task."""
        model = call.params["model"]
        if model not in MODELS[action]:
            raise Refusal(1203, f"model {model} is not found")
        body = given(call.body())
        needed = action == "text-to-video"
        examine(body, (Field("prompt", _PROMPT, needed=needed), *_FIELDS))
        options = given(body.get("options", {}))
        now = self._now()
        task = EmulatedTask(
            id=self._ids.number(),
            account=call.account.name,
            kind=None,
            path=call.path,
            model=model,
            body=body,
            external_id=options.get("external_task_id", ""),
            callback_url=options.get("callback_url", ""),
            key=call.key,
            slots=1,
            created_at=now,
            updated_at=now,
        )
        self._life.open(task)
        call.made = task
        return begun(task)

    def several(self, call: Call) -> list[dict[str, Any]]:
        """Tell of tasks by their ids or by their external ids; unknown ones are left out."""
        ids, names = call.query.get("task_ids"), call.query.get("external_task_ids")
        if bool(ids) == bool(names):
            raise invalid("task_ids / external_task_ids", "exactly one is required")
        found = []
        for name in (ids or names or "").split(","):
            task = self._life.find(call.account, name.strip(), external=bool(names))
            if task is not None and task.kind is None and (ids or task.external_id == name.strip()):
                self._life.look(task)
                found.append(modern(task))
        return found

    def page(self, call: Call) -> dict[str, Any]:
        """Tell of tasks, the newest first, from a cursor on; the envelope is not documented."""
        body = given(call.body())
        examine(body, _CURSOR)
        self._life.catch_up()
        tasks = [task for task in call.account.tasks.values() if task.kind is None][::-1]
        places = {task.id: place for place, task in enumerate(tasks)}
        cursor = str(body.get("cursor", ""))
        if cursor and cursor not in places:
            raise invalid("cursor", "is not one that was given")
        begin = places[cursor] if cursor else 0
        end = begin + int(figure("limit", body.get("limit", 30)))
        following = tasks[end].id if end < len(tasks) else ""
        return {"items": [modern(task) for task in tasks[begin:end]], "next_cursor": following}
