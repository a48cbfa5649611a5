"""A gateway with the studio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from studio_desk import StudioDesk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[StudioDesk]:
    """Run one; afterwards its ledger must be right."""
    async with StudioDesk(tmp_path / "home") as desk:
        yield desk
        await desk.spent()
