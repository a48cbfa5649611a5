"""Every kind of task of the legacy generation."""

from __future__ import annotations

from plugway_kling.emulated.images import IMAGES
from plugway_kling.emulated.kind import Kind
from plugway_kling.emulated.others import OTHERS
from plugway_kling.emulated.videos import VIDEOS

KINDS: tuple[Kind, ...] = (*VIDEOS, *IMAGES, *OTHERS)
