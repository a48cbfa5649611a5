"""One of two distributions that call their plugin `twin`."""

from __future__ import annotations

raise AssertionError("neither twin is ever imported")
