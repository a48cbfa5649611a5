"""What the operator can set for the whole plugin."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

import msgspec

from plugway import RESTART, ConfigurationError

#: Path prefixes and the model that a key and a channel must have for each.
PREFIXES: Mapping[str, str] = {
    "runway": "runway",
    "runwayml": "runway",
    "pika": "pika",
    "kling": "kling",
    "jimeng": "jimeng",
    "suno": "suno",
}

_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_MODEL = re.compile(r"[a-z][a-z0-9_-]*")


class BltcySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sets which paths are passed through.

    Attributes:
        prefixes: More path prefixes, each with its model, such as `{ luma = "luma" }`.
            Models are base names: lower case, no version.

    Raises:
        ConfigurationError: A prefix that is no single path segment or is there already,
            or a model that is no base name.
    """

    prefixes: Annotated[dict[str, str], RESTART] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        for prefix, model in self.prefixes.items():
            if not _PREFIX.fullmatch(prefix):
                raise _refuse(f"expected prefixes of one path segment such as luma, got {prefix!r}")
            if prefix in PREFIXES:
                raise _refuse(f"{prefix} is there already and serves {PREFIXES[prefix]}")
            if not _MODEL.fullmatch(model):
                raise _refuse(f"expected models in lower case such as luma, got {model!r}")

    def models(self) -> dict[str, str]:
        """Return the model of every prefix."""
        return {**PREFIXES, **self.prefixes}


def _refuse(message: str) -> ConfigurationError:
    return ConfigurationError(message, field="prefixes")
