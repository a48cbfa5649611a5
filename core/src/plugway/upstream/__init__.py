"""HTTP to upstreams."""

from __future__ import annotations

from plugway.upstream.answer import Answer
from plugway.upstream.fetch import Fetched
from plugway.upstream.guard import AddressPolicy
from plugway.upstream.timeouts import Timeouts
from plugway.upstream.upstream import Upstream

__all__ = ["AddressPolicy", "Answer", "Fetched", "Timeouts", "Upstream"]
