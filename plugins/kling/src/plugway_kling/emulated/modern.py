"""How the new generation shows a task."""

from __future__ import annotations

from typing import Any

from plugway_kling.emulated.tasks import EmulatedTask, milliseconds, plain


def begun(task: EmulatedTask) -> dict[str, Any]:
    """Return what the answer to a create says of a task."""
    told = {"id": task.id, "status": "submitted", "message": "", **_times(task)}
    return {**told, "external_id": task.external_id} if task.external_id else told


def modern(task: EmulatedTask) -> dict[str, Any]:
    """Return what a query or a callback says of a task."""
    told: dict[str, Any] = {
        "id": task.id,
        "status": "succeeded" if task.state == "succeed" else task.state,
        "message": task.reason,
        **_times(task),
        "external_id": task.external_id,
        "outputs": task.result.get("outputs", []),
        "billing": [],
    }
    if task.state == "succeed":
        told["billing"] = [{"package_type": "general", "amount": plain(task.units)}]
    return told


def _times(task: EmulatedTask) -> dict[str, int]:
    return {
        "create_time": milliseconds(task.created_at),
        "update_time": milliseconds(task.updated_at),
    }
