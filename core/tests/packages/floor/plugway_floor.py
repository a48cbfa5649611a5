"""A plugin that requires a plugway of the future; importing it would fail."""

from __future__ import annotations

raise AssertionError("the requirement is checked before the import")
