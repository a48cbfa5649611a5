"""How the camera moves."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from plugway_kling.refusal import refused, required

Amount = Annotated[float, Meta(ge=-10, le=10)]


class CameraConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Moves the camera along one axis: exactly one of the six is not 0."""

    horizontal: Amount = 0
    vertical: Amount = 0
    pan: Amount = 0
    tilt: Amount = 0
    roll: Amount = 0
    zoom: Amount = 0

    def moves(self) -> int:
        """Return along how many axes it moves."""
        return sum(value != 0 for value in msgspec.structs.astuple(self))


class CameraControl(msgspec.Struct, frozen=True, kw_only=True):
    """Moves the camera: `simple` as its config says, all others as their names say."""

    type: Literal["simple", "down_back", "forward_up", "right_turn_forward", "left_turn_forward"]
    config: CameraConfig | None = None

    def examine(self) -> None:
        """Refuse a movement along no axis or several, and a config that its type excludes.

        Raises:
            BadRequest: It is one of these.
        """
        if self.type == "simple":
            if self.config is None:
                raise required("camera_control.config", "with type simple")
            if self.config.moves() != 1:
                raise refused("camera_control.config", "exactly one of its values must not be 0")
        elif self.config is not None and self.config.moves():
            raise refused("camera_control.config", f"it must be left out with type {self.type}")
