"""What fields may not be together, and what they need of each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from plugway_kling.emulated.refusals import Refusal, invalid
from plugway_kling.emulated.rules import figure, is_on

#: Looks at a whole body, from which what is absent has been removed.
Whole = Callable[[Mapping[str, Any]], None]

#: Models that make any length from 3 to 15 seconds; all others make 5 or 10.
_ANY_LENGTH = {"kling-v3", "kling-v3-omni", "kling-video-o1"}

#: Models with a `4k` mode.
_FINEST = {"kling-v3", "kling-v3-omni"}

_AXES = ("horizontal", "vertical", "pan", "tilt", "roll", "zoom")


def alternatives(*names: str) -> Whole:
    """Need exactly one of the fields."""

    def check(body: Mapping[str, Any]) -> None:
        if sum(name in body for name in names) != 1:
            raise invalid(" / ".join(names), "exactly one is required")

    return check


def length(body: Mapping[str, Any]) -> None:
    """Refuse lengths and modes that a model never had."""
    model = body.get("model_name", "")
    if model not in _ANY_LENGTH and str(body.get("duration", "5")) not in ("5", "10"):
        raise invalid("duration", "must be one of 5, 10 for this model")
    if body.get("mode") == "4k" and model not in _FINEST:
        raise invalid("mode", "4k is not supported by this model")


def shots(body: Mapping[str, Any]) -> None:
    """Check one shot or several."""
    if not is_on(body.get("multi_shot")):
        if "prompt" not in body and not body.keys() & {"image", "image_tail"}:
            raise invalid("prompt", "is required")
        return
    if "shot_type" not in body:
        raise invalid("shot_type", "is required when multi_shot is true")
    if body["shot_type"] == "intelligence":
        if "prompt" not in body:
            raise invalid("prompt", "is required when shot_type is intelligence")
        return
    if "multi_prompt" not in body:
        raise invalid("multi_prompt", "is required when shot_type is customize")
    total = sum(figure("multi_prompt.duration", shot["duration"]) for shot in body["multi_prompt"])
    if total != figure("duration", body.get("duration", "5")):
        raise invalid("multi_prompt", "durations must add up to duration")


def camera(body: Mapping[str, Any]) -> None:
    """Check the camera: one axis of a simple one, none of the others."""
    control = body.get("camera_control")
    if control is None:
        return
    config = control.get("config")
    if control.get("type") != "simple":
        if config:
            raise invalid("camera_control.config", "must be empty unless type is simple")
        return
    if not config:
        raise invalid("camera_control.config", "is required when type is simple")
    if (
        sum(figure(f"camera_control.config.{axis}", config.get(axis, 0)) != 0 for axis in _AXES)
        != 1
    ):
        raise invalid("camera_control.config", "exactly one parameter must be non-zero")


def frames(body: Mapping[str, Any]) -> None:
    """Check what image to video starts from."""
    if not body.keys() & {"image", "image_tail"}:
        raise invalid("image / image_tail", "at least one is required")
    groups = ({"image_tail"}, {"dynamic_masks", "static_mask"}, {"camera_control"})
    if sum(bool(group & body.keys()) for group in groups) > 1:
        message = "image_tail, dynamic_masks/static_mask, camera_control cannot be used together"
        raise Refusal(1201, message)
    if is_on(body.get("multi_shot")) and "image_tail" in body:
        raise invalid("image_tail", "cannot be used when multi_shot is true")
    if {"element_list", "voice_list"} <= body.keys():
        raise Refusal(1201, "element_list and voice_list cannot be used together")


def voices(body: Mapping[str, Any]) -> None:
    """Refuse voices without sound."""
    if "voice_list" in body and body.get("sound") != "on":
        raise invalid("sound", "must be on when voice_list is used")


def omni(body: Mapping[str, Any]) -> None:
    """Check what omni video refers to."""
    images, videos = body.get("image_list", []), body.get("video_list", [])
    if videos and body.get("sound") == "on":
        raise invalid("sound", "must be off when video_list is used")
    most = 4 if videos else 7
    if len(images) + len(body.get("element_list", [])) > most:
        raise invalid("image_list / element_list", f"must not have more than {most} in all")
    types = [image.get("type") for image in images]
    if "end_frame" in types and "first_frame" not in types:
        raise invalid("image_list", "end_frame requires first_frame")
    edited = any(video.get("refer_type", "base") == "base" for video in videos)
    if edited and "first_frame" in types:
        raise invalid("video_list", "a video to edit excludes first_frame and end_frame")
    if "aspect_ratio" not in body and not edited and "first_frame" not in types:
        raise invalid("aspect_ratio", "is required")


def reference(body: Mapping[str, Any]) -> None:
    """Check the image of image generation."""
    if "image_reference" in body and "image" not in body:
        raise invalid("image", "is required when image_reference is used")
    if "negative_prompt" in body and "image" in body:
        raise invalid("negative_prompt", "is not supported when image is used")


def edit(body: Mapping[str, Any]) -> None:
    """Check how many images an edit of elements has."""
    count = len(body.get("image_list", []))
    least, most = {"addition": (1, 2), "swap": (1, 1), "removal": (0, 0)}[body["edit_mode"]]
    if not least <= count <= most:
        raise invalid("image_list", f"must have from {least} to {most} items")
