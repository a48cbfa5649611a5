"""What each model can do, as documented: checked only where the operator asks for it.

The upstream widens this table several times a year, so a request that it excludes is usually
sent on, and the upstream decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

import msgspec

from plugway_kling.refusal import refused
from plugway_kling.requests.image2video import Image2Video
from plugway_kling.requests.request import Request
from plugway_kling.requests.text2video import GeneratedVideo

#: Seconds by mode; a mode that is not there cannot.
Lengths = Mapping[str, Set[int]]

_FIVE: Set[int] = frozenset({5})
_BOTH: Set[int] = frozenset({5, 10})
_ANY: Set[int] = frozenset(range(3, 16))

_STD_5: Lengths = {"std": _FIVE}
_PRO_5: Lengths = {"pro": _FIVE}
_PRO: Lengths = {"pro": _BOTH}
_ALL_5: Lengths = {"std": _FIVE, "pro": _FIVE}
_ALL: Lengths = {"std": _BOTH, "pro": _BOTH}
#: Models without modes: std is what is there when none is named.
_NO_MODE: Lengths = {"std": _BOTH}


class Capability(msgspec.Struct, frozen=True, kw_only=True):
    """Says at which lengths a model can do what.

    Attributes:
        text: A video from a text.
        image: A video from its first frame.
        frames: A video from its first and its last frame.
        tail: A video from its last frame alone.
        brush: Parts of the image move.
        camera: The camera moves, in a video from a text.
        camera_image: The camera moves, in a video from an image.
    """

    text: Lengths = msgspec.field(default_factory=dict)
    image: Lengths = msgspec.field(default_factory=dict)
    frames: Lengths = msgspec.field(default_factory=dict)
    tail: Lengths = msgspec.field(default_factory=dict)
    brush: Lengths = msgspec.field(default_factory=dict)
    camera: Lengths = msgspec.field(default_factory=dict)
    camera_image: Lengths = msgspec.field(default_factory=dict)


_V3: Lengths = {"std": _ANY, "pro": _ANY, "4k": _ANY}

CAPABILITIES: Mapping[str, Capability] = {
    "kling-v1": Capability(text=_ALL, image=_ALL, frames=_ALL_5, brush=_ALL_5, camera=_STD_5),
    "kling-v1-5": Capability(image=_ALL, frames=_PRO, tail=_PRO, brush=_PRO_5, camera_image=_PRO_5),
    "kling-v1-6": Capability(text=_ALL, image=_ALL, frames=_PRO, tail=_PRO),
    "kling-v2-master": Capability(text=_NO_MODE, image=_NO_MODE),
    "kling-v2-1": Capability(image=_ALL, frames=_PRO),
    "kling-v2-1-master": Capability(text=_NO_MODE, image=_NO_MODE),
    "kling-v2-5-turbo": Capability(text=_ALL, image=_ALL, frames=_PRO),
    "kling-v2-6": Capability(text=_ALL, image=_ALL, frames=_PRO),
    "kling-v3": Capability(text=_V3, image=_V3, frames={"std": _ANY, "pro": _ANY}),
}

#: The first models with sound.
_SILENT = frozenset(CAPABILITIES) - {"kling-v2-6", "kling-v3"}


def examine(request: Request) -> None:
    """Refuse what a known model cannot do.

    Args:
        request: Of any endpoint; only text2video and image2video have a table.

    Raises:
        BadRequest: The table excludes it.
    """
    if not isinstance(request, GeneratedVideo):
        return
    model = request.used_model()
    capability = CAPABILITIES.get(model)
    if capability is None:
        return
    for field, lengths in _asked(request, capability):
        if not lengths:
            raise refused(field, f"{model} does not support it")
        if request.mode not in lengths:
            raise refused("mode", f"{model} does not support {request.mode} with {field}")
        if request.seconds not in lengths[request.mode]:
            raise refused("duration", f"{model} does not support {request.seconds} with {field}")
    _examine_sound(request, model)
    _examine_rest(request, model)


def _asked(request: GeneratedVideo, capability: Capability) -> Iterator[tuple[str, Lengths]]:
    """Yield what a request asks for, by the field that asks for it."""
    if not isinstance(request, Image2Video):
        yield "model_name", capability.text
        if request.camera_control is not None:
            yield "camera_control", capability.camera
        return
    if request.image_tail is None:
        yield "image", capability.image
    else:
        yield "image_tail", capability.tail if request.image is None else capability.frames
    if request.brushed:
        yield "dynamic_masks" if request.dynamic_masks else "static_mask", capability.brush
    if request.camera_control is not None:
        yield "camera_control", capability.camera_image


def _examine_sound(request: GeneratedVideo, model: str) -> None:
    if request.sound == "off":
        return
    if model in _SILENT:
        raise refused("sound", f"{model} does not support it")
    if model != "kling-v2-6":
        return
    if request.mode != "pro":
        raise refused("sound", f"{model} supports it in mode pro only")
    if isinstance(request, Image2Video) and request.image_tail is not None:
        raise refused("sound", f"{model} does not support it with image_tail")


def _examine_rest(request: GeneratedVideo, model: str) -> None:
    if not isinstance(request, Image2Video):
        return
    if request.element_list and model != "kling-v3":
        raise refused("element_list", f"{model} does not support it")
    camera = request.camera_control
    if camera is not None and model == "kling-v1-5" and camera.type != "simple":
        raise refused("camera_control.type", f"{model} supports simple only")
