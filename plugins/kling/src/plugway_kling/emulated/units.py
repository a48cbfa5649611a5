"""What the service takes for a task, in its own units."""

from __future__ import annotations

from decimal import Decimal

from plugway_kling.emulated.rules import figure
from plugway_kling.emulated.tasks import EmulatedTask

#: Units a second of video, standard and professional mode.
_SECOND = {
    "kling-v1": ("0.2", "0.7"),
    "kling-v1-5": ("0.4", "0.7"),
    "kling-v1-6": ("0.4", "0.7"),
    "kling-v2-1": ("0.4", "0.7"),
    "kling-v2-master": ("2", "2"),
    "kling-v2-1-master": ("2", "2"),
    "kling-v2-5-turbo": ("0.3", "0.5"),
    "kling-v2-6": ("0.3", "0.5"),
    "kling-v3": ("0.6", "0.8"),
    "kling-v3-omni": ("0.6", "0.8"),
    "kling-video-o1": ("0.6", "0.8"),
    "kling-3.0-turbo": ("0.8", "1"),
    "kling-3.0": ("0.6", "0.8"),
    "kling-3.0-omni": ("0.6", "0.8"),
    "kling-o1": ("0.6", "0.8"),
    "kling-2.6": ("0.3", "0.5"),
    "kling-2.5-turbo": ("0.3", "0.5"),
}

#: Units an image.
_IMAGE = {"kling-v3": "8", "kling-v3-omni": "8", "kling-image-o1": "8"}


def units(task: EmulatedTask) -> Decimal:
    """Return what a task takes if it succeeds."""
    body = task.body
    if task.package == "image":
        return Decimal(_IMAGE.get(task.model, "1")) * task.slots
    settings = body.get("settings") or {} if task.kind is None else body
    seconds = Decimal(round(figure("duration", settings.get("duration") or 5)))
    professional = settings.get("mode") == "pro" or settings.get("resolution") == "1080p"
    return Decimal(_SECOND.get(task.model, ("0.1", "0.1"))[professional]) * seconds
