"""How the emulated service behaves as a whole."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from plugway_kling.emulated.mishaps import Chaos


class Behaviour(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Says how the service behaves; each field can be set at any time.

    Attributes:
        looks: Queries that a task takes to its end, if `seconds` is None.
        seconds: About how long a task takes, from half of it to one and a half; None: time
            does nothing.
        held: Whether tasks stay as they are, whatever looks at them.
        hidden_looks: Queries that do not find a new task yet.
        unique_external_ids: Whether an external id that an account used is refused. The
            documentation only says that it must be unique.
        numbers_as_strings: Whether numbers come as strings, in answers and callbacks.
        automatic: Whether callbacks are sent by themselves; else `deliver` sends them.
        repeat: How often each callback is sent.
        order: How those that wait together are sent.
        callback_delay: Seconds that a delayed callback waits, if they are automatic.
        sign_legacy: Whether callbacks of the legacy generation are signed too.
        costs_interval: Seconds between two questions for costs, else 1302; the documentation
            asks for 1.
        extras: Fields that no documentation knows, in every answer to a query.
        chaos: What goes wrong by itself.
    """

    looks: Annotated[int, msgspec.Meta(ge=1)] = 3
    seconds: Annotated[float, msgspec.Meta(gt=0)] | None = None
    held: bool = False
    hidden_looks: Annotated[int, msgspec.Meta(ge=0)] = 0
    unique_external_ids: bool = True
    numbers_as_strings: bool = False
    automatic: bool = False
    repeat: Annotated[int, msgspec.Meta(ge=1)] = 1
    order: Literal["first", "last", "shuffled"] = "first"
    callback_delay: Annotated[float, msgspec.Meta(gt=0)] = 0.2
    sign_legacy: bool = True
    costs_interval: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    extras: dict[str, Any] = msgspec.field(
        default_factory=lambda: {"trace": {"region": "emulated", "shard": 836594751283910737}}
    )
    chaos: Chaos = Chaos()

    def change(self, fields: bytes) -> None:
        """Set fields.

        Args:
            fields: JSON of those to set, and no others.

        Raises:
            msgspec.ValidationError: One is not known, or cannot be so.
        """
        merged = {**msgspec.to_builtins(self), **msgspec.json.decode(fields, type=dict[str, Any])}
        changed = msgspec.convert(merged, Behaviour)
        for name in self.__struct_fields__:
            setattr(self, name, getattr(changed, name))
