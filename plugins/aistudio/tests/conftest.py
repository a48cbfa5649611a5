"""A gateway with one profile, whose page stays warm from one test of a file to the next."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aistudio_gateway import AIStudioGateway

from plugway_aistudio.emulator import AIStudioEmulator


@pytest.fixture(scope="module")
async def studio(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AIStudioGateway]:
    """Run a gateway with one profile; its page is used by every test of the file."""
    home: Path = tmp_path_factory.mktemp("studio") / "home"
    async with AIStudioGateway.running(home, AIStudioEmulator()) as studio:
        yield studio


@pytest.fixture(params=[False, True], ids=["whole", "stream"])
def streams(request: pytest.FixtureRequest) -> bool:
    """Ask for a whole answer, and for a stream."""
    return bool(request.param)
