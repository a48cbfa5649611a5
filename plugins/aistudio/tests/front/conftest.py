"""A gateway with the plugin, callers of every role, and a key file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aistudio_front import USER, Front, serving


@pytest.fixture
def environ() -> dict[str, str]:
    """Say what the environment sets; tests override it."""
    return {"PLUGWAY__PLUGINS__AISTUDIO__KEY_USER": USER}


@pytest.fixture
async def front(tmp_path: Path, environ: dict[str, str]) -> AsyncIterator[Front]:
    """Run the gateway."""
    async with serving(tmp_path / "home", environ) as front:
        await front.prepare()
        yield front
