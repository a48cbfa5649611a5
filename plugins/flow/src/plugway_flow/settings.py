"""What the operator can set for the whole plugin (MODELS fills this in)."""

from __future__ import annotations

from plugway import SettingsTable


class FlowSettings(SettingsTable, frozen=True, kw_only=True):
    """Sets which models there are."""
