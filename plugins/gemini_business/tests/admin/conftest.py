"""Callers of every role of the gateway with two accounts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from business_admin import Administration
from business_gateway import Business


@pytest.fixture
async def administration(business: Business) -> AsyncIterator[Administration]:
    """Give the callers; the channel has two accounts."""
    async with Administration(business.server) as callers:
        yield callers


@pytest.fixture
def renewing() -> dict[str, str]:
    """Say what the environment sets where workers renew accounts, so that no browser opens."""
    return {
        "PLUGWAY__PLUGINS__GEMINI_BUSINESS__MODE": "server",
        "PLUGWAY__PLUGINS__GEMINI_BUSINESS__WORKER_SECRET": "a-long-enough-pool-secret",
    }
