"""Types of fields that several requests have."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Prompt = Annotated[str, Meta(max_length=2500)]

#: Longer would not fit into a tariff key with its prefix.
ModelName = Annotated[str, Meta(max_length=96, description="Models not listed are sent on.")]

#: Documented as text, and sent as a number by many.
Id = Annotated[str, Meta(max_length=190)] | int

#: Documented as a long of 18 digits, and as text in samples.
ElementId = Annotated[str, Meta(max_length=64)] | int

Fraction = Annotated[float, Meta(ge=0, le=1)]
Switch = Literal["on", "off"]
Mode = Literal["std", "pro", "4k"]
PlainMode = Literal["std", "pro"]
Orientation = Literal["16:9", "9:16", "1:1"]
ImageRatio = Literal["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"]
ImageCount = Annotated[int, Meta(ge=1, le=9)]

#: Documented as text, "5"; many send a number. What a pattern means is said in words.
_SECONDS = "^([3-9]|1[0-5])$"
_FIVE_OR_TEN = "^(5|10)$"
_POSITIVE = "^([1-9]|1[0-5])$"
PATTERNS = {
    _SECONDS: "expected whole seconds from 3 to 15",
    _FIVE_OR_TEN: "expected 5 or 10",
    "^([2-9]|auto)$": "expected 2 to 9, or auto",
    _POSITIVE: "expected whole seconds from 1 to 15",
}
Seconds = Annotated[str, Meta(pattern=_SECONDS)] | Annotated[int, Meta(ge=3, le=15)]
FiveOrTen = Annotated[str, Meta(pattern=_FIVE_OR_TEN)] | Literal[5, 10]
ShotSeconds = Annotated[str, Meta(pattern=_POSITIVE)] | Annotated[int, Meta(ge=1, le=15)]


class WatermarkInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for a copy of the result with a watermark."""

    enabled: bool = False


class Element(msgspec.Struct, frozen=True, kw_only=True):
    """Names an element of the caller's library."""

    element_id: ElementId


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """Names a voice, made or preset."""

    voice_id: Id


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """Is one image: an address, or base64 without a prefix."""

    image: str
