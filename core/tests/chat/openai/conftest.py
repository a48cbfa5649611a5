"""A gateway that is asked in OpenAI's dialect."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from openai_desk import OpenAIDesk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[OpenAIDesk]:
    """Run one; afterwards its ledger must be right."""
    async with OpenAIDesk(tmp_path / "home") as desk:
        yield desk
        report = await desk.server.verify()
        assert report.ok, report.problems
