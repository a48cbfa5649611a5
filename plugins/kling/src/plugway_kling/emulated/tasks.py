"""One task of the emulated service, and how it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

import msgspec

from plugway_kling.emulated.kind import Kind

State = Literal["submitted", "processing", "succeed", "failed"]

#: The states that a task ends in.
ENDS = frozenset({"succeed", "failed"})


class EmulatedTask(msgspec.Struct, kw_only=True, eq=False):
    """Is one task.

    Attributes:
        id: Its id.
        account: Whose it is.
        kind: Its kind; of the new generation None.
        path: Where it was made.
        model: Its model.
        body: What was asked, without what was absent.
        external_id: The customer's own name for it; empty: none.
        callback_url: Where changes are told; empty: nowhere.
        key: What chaos depends on: the same for the same request in another run.
        slots: How many tasks it counts for.
        pace: How long it takes, if time moves it, in the time of an average task.
        created_at: Seconds since 1970.
        updated_at: When its state changed.
        state: Where it stands.
        reason: Why it failed.
        result: What it made.
        units: What it took of the account.
        looks: How often it was asked for.
        hidden: Looks that do not find it yet.
        answer: What became of the answer to its create: `sent`, or what went wrong with it.
        parent: The video that it began with.
    """

    id: str
    account: str
    kind: Kind | None
    path: str
    model: str
    body: Mapping[str, Any]
    external_id: str
    callback_url: str
    key: str
    slots: int
    pace: float = 1.0
    created_at: float
    updated_at: float
    state: State = "submitted"
    reason: str = ""
    result: dict[str, Any] = msgspec.field(default_factory=dict)
    units: Decimal = Decimal(0)
    looks: int = 0
    hidden: int = 0
    answer: str = "sent"
    parent: dict[str, Any] | None = None

    @property
    def ended(self) -> bool:
        """Return whether it has ended."""
        return self.state in ENDS

    @property
    def package(self) -> str:
        """Return which resource pack it runs on."""
        return self.kind.package if self.kind is not None else "video"

    @property
    def watermarked(self) -> bool:
        """Return whether results with a watermark were asked for."""
        options = self.body.get("options", {}) if self.kind is None else self.body
        info = options.get("watermark_info") or {}
        return info.get("enabled") in (True, "true")


def created(task: EmulatedTask) -> dict[str, Any]:
    """Return what the answer to a create says of a task."""
    told: dict[str, Any] = {"task_id": task.id, "task_status": "submitted"}
    if task.kind is not None and task.kind.info:
        told["task_info"] = _info(task)
    return {**told, "created_at": milliseconds(task.created_at), **_updated(task.created_at)}


def shown(task: EmulatedTask, extras: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a query says of a task.

    Args:
        task: The task.
        extras: Fields that no documentation knows.
    """
    told = told_of(task)
    told["watermark_info"] = {"enabled": task.watermarked}
    return {**told, **extras}


def told_of(task: EmulatedTask) -> dict[str, Any]:
    """Return what a callback says of a task, and a query says too."""
    told: dict[str, Any] = {
        "task_id": task.id,
        "task_status": task.state,
        "task_status_msg": task.reason,
        "task_info": _info(task),
        "created_at": milliseconds(task.created_at),
        **_updated(task.updated_at),
        "task_result": task.result,
    }
    if task.ended:
        units = plain(task.units)
        told["final_unit_deduction"] = units
        told["final_balance_deduction"] = {"quota": units, "list_price": plain(task.units)}
    return told


def plain(units: Decimal) -> str:
    """Write units as the service does: a string without needless zeros.

    Example:
        >>> plain(Decimal("3.50")), plain(Decimal("10.0")), plain(Decimal(0))
        ('3.5', '10', '0')
    """
    return f"{units.normalize():f}"


def milliseconds(seconds: float) -> int:
    """Turn seconds into the milliseconds of the answers."""
    return round(seconds * 1000)


def _updated(seconds: float) -> dict[str, int]:
    return {"updated_at": milliseconds(seconds)}


def _info(task: EmulatedTask) -> dict[str, Any]:
    info: dict[str, Any] = {}
    if task.parent is not None:
        info["parent_video"] = task.parent
    if task.external_id:
        info["external_task_id"] = task.external_id
    return info
