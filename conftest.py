"""Settings that every test of the workspace shares."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio, which is what the gateway runs on."""
    return "asyncio"
