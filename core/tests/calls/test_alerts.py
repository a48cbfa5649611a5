"""What an operator is told of calls."""

from __future__ import annotations

import pytest
from small import SmallGateway

from plugway.testing.scripted import answer

pytestmark = pytest.mark.anyio


def told(small: SmallGateway, kind: str) -> float:
    """Return how many alerts of a kind there were."""
    registry = small.server.gateway.metrics.registry
    return registry.get_sample_value("plugway_alerts_total", {"kind": kind}) or 0.0


async def test_a_channel_that_keeps_failing_is_told_once(small: SmallGateway) -> None:
    small.upstream.scripts = [answer("503 Busy")]
    for _ in range(4):
        await small.call()
    assert told(small, "channel_failing") == 0
    for _ in range(4):
        await small.call()
    assert told(small, "channel_failing") == 1
