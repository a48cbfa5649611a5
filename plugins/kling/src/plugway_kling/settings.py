"""What the operator can set for the whole plugin."""

from __future__ import annotations

from typing import Annotated, Literal

from plugway import RESTART, SettingsTable


class KlingSettings(SettingsTable, frozen=True, kw_only=True):
    """Sets how the official API is mirrored.

    Attributes:
        root: Serve the same at the root too: `/v1/videos/…`, `/account/costs`.
        strict_capabilities: Refuse what the documented table says a model cannot do, instead
            of leaving that to the upstream, whose table changes often.
        settle_by_units: Charge a success by the units that the upstream says it took, at the
            price of `kling-unit`, instead of what was quoted.
        account: Who may ask for the resource packs and the balance of the upstream's account:
            `everyone`, or only `operators` and administrators.
    """

    root: Annotated[bool, RESTART] = False
    strict_capabilities: bool = False
    settle_by_units: bool = False
    account: Literal["everyone", "operators"] = "everyone"
