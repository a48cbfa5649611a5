"""Create, query and list of every legacy kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from plugway_kling.emulated.behaviour import Behaviour
from plugway_kling.emulated.belongings import claim
from plugway_kling.emulated.call import Call, Way, Ways
from plugway_kling.emulated.ids import Ids
from plugway_kling.emulated.kind import Kind
from plugway_kling.emulated.kinds import KINDS
from plugway_kling.emulated.life import Life
from plugway_kling.emulated.refusals import missing
from plugway_kling.emulated.rules import figure, whole
from plugway_kling.emulated.tasks import EmulatedTask, created, shown


class Legacy:
    """Answers for the tasks of the legacy generation."""

    def __init__(
        self, behaviour: Behaviour, life: Life, ids: Ids, now: Callable[[], float]
    ) -> None:
        """Prepare.

        Args:
            behaviour: Has the extra fields.
            life: Moves the tasks.
            ids: Names them.
            now: Returns seconds since 1970.
        """
        self._behaviour = behaviour
        self._life = life
        self._ids = ids
        self._now = now

    def ways(self) -> Ways:
        """Yield what it answers."""
        for kind in KINDS:
            yield Way("POST", kind.path, partial(self.create, kind))
            yield Way("GET", kind.path, partial(self.page, kind))
            yield Way("GET", f"{kind.path}/{{id}}", partial(self.single, kind))

    def create(self, kind: Kind, call: Call) -> dict[str, Any]:
        """Make a task."""
        body = kind.validate(call.body())
        now = self._now()
        task = EmulatedTask(
            id=self._ids.number(),
            account=call.account.name,
            kind=kind,
            path=kind.path,
            model=str(body.get("model_name", "")),
            body=body,
            external_id=body.get("external_task_id", ""),
            callback_url=body.get("callback_url", ""),
            key=call.key,
            slots=int(figure(kind.slots, body.get(kind.slots, 1))) if kind.slots else 1,
            created_at=now,
            updated_at=now,
        )
        parent = claim(call.account, kind.path, body, now)
        task.parent = parent if kind.parent else None
        self._life.open(task)
        call.made = task
        return created(task)

    def single(self, kind: Kind, call: Call) -> dict[str, Any]:
        """Tell of one task, by its id or its external id."""
        name = call.params["id"]
        task = self._life.find(call.account, name, external=kind.by_external_id)
        if task is None or task.kind is not kind:
            raise missing(f"task {name}")
        self._life.look(task)
        return shown(task, self._behaviour.extras)

    def page(self, kind: Kind, call: Call) -> list[dict[str, Any]]:
        """Tell of a page of tasks, the newest first."""
        self._life.catch_up()
        tasks = [task for task in call.account.tasks.values() if task.kind is kind]
        page = paged(tasks[::-1], call.query, kind.most)
        return [shown(task, self._behaviour.extras) for task in page]


def paged(items: list[Any], query: Mapping[str, str], most: int) -> list[Any]:
    """Return a page of what there is.

    Args:
        items: All of it.
        query: `pageNum` from 1 to 1000, `pageSize`.
        most: Largest size of a page.

    Raises:
        Refusal: A number out of bounds; the documentation does not say what happens then.
    """
    number, size = query.get("pageNum") or "1", query.get("pageSize") or "30"
    whole(1, 1_000)("pageNum", number)
    whole(1, most)("pageSize", size)
    count = int(figure("pageSize", size))
    begin = (int(figure("pageNum", number)) - 1) * count
    return items[begin : begin + count]
