"""What there is to know of one kind of task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from plugway_kling.emulated.checks import Whole
from plugway_kling.emulated.refusals import Refusal
from plugway_kling.emulated.rules import (
    Field,
    address,
    choice,
    examine,
    flag,
    given,
    items,
    long_id,
    model,
    number,
    record,
    text,
    whole,
)

Made = Literal["videos", "images", "audios", "voices", "elements"]


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """Is one kind of task of the legacy generation.

    Attributes:
        path: Where it is made and asked for.
        makes: What its result is called.
        fields: Its own fields.
        models: Models; the first is the default.
        checks: What its fields mean to each other.
        most: Largest page of its list.
        by_external_id: Whether a single one is found by its external id too.
        info: Whether the answer to a create has `task_info`.
        parent: Whether it tells of the video that it began with.
        slots: Field that says how many tasks it counts for.
    """

    path: str
    makes: Made
    fields: tuple[Field, ...]
    models: tuple[str, ...] = ()
    checks: tuple[Whole, ...] = ()
    most: int = 500
    by_external_id: bool = True
    info: bool = True
    parent: bool = False
    slots: str = ""

    @property
    def package(self) -> str:
        """Return which resource pack it runs on."""
        return "image" if self.makes == "images" else "video"

    def validate(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Check a body, and return what is there, with the default model.

        Raises:
            Refusal: 1201 with the field, or 1203 for a model.
        """
        there = given(body)
        if self.models:
            model(*self.models)("model_name", there.setdefault("model_name", self.models[0]))
        examine(there, (*COMMON, *self.fields))
        for check in self.checks:
            check(there)
        return there


def decoded(content: bytes) -> dict[str, Any]:
    """Decode the body of a request.

    Raises:
        Refusal: It is no JSON object.
    """
    try:
        body = msgspec.json.decode(content)
    except msgspec.DecodeError:
        raise Refusal(1200, "the request body is not JSON") from None
    if not isinstance(body, dict):
        raise Refusal(1200, "the request body is not an object")
    return body


_SHOT = (
    Field("index", whole(1, 6)),
    Field("prompt", text(512), needed=True),
    Field("duration", number(1, 15), needed=True),
)
_CONFIG = tuple(
    Field(axis, number(-10, 10))
    for axis in ("horizontal", "vertical", "pan", "tilt", "roll", "zoom")
)
_MOVES = ("simple", "down_back", "forward_up", "right_turn_forward", "left_turn_forward")

#: Fields of every kind of task.
COMMON = (
    Field("callback_url", address),
    Field("external_task_id", text(512)),
    Field("watermark_info", record(Field("enabled", flag))),
)
PROMPT = Field("prompt", text(2_500))
NEEDED_PROMPT = Field("prompt", text(2_500), needed=True)
NEGATIVE = Field("negative_prompt", text(2_500))
MODE = Field("mode", choice("std", "pro", "4k"))
TWO_MODES = Field("mode", choice("std", "pro"))
RATIO = Field("aspect_ratio", choice("16:9", "9:16", "1:1"))
IMAGE_RATIOS = ("16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9")
IMAGE_RATIO = Field("aspect_ratio", choice(*IMAGE_RATIOS))
COUNT = Field("n", whole(1, 9))
DURATION = Field("duration", choice(*map(str, range(3, 16))))
TWO_DURATIONS = Field("duration", choice("5", "10"))
SOUND = Field("sound", choice("on", "off"))
VOICES = Field("voice_list", items(1, 2, Field("voice_id", long_id, needed=True)))
SHOTS = (
    Field("multi_shot", flag),
    Field("shot_type", choice("customize", "intelligence")),
    Field("multi_prompt", items(1, 6, *_SHOT)),
)
CAMERA = Field(
    "camera_control",
    record(Field("type", choice(*_MOVES), needed=True), Field("config", record(*_CONFIG))),
)


def elements(most: int) -> Field:
    """Return the field of elements, so many at most."""
    return Field("element_list", items(1, most, Field("element_id", long_id, needed=True)))
