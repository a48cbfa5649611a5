"""Tasks under torture: two nodes, SIGKILL, racing ends, lost answers, false callbacks.

`make torture ROUNDS=200 SEED=1 DB=URL` does it at length.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from torture import Torture

from plugway.testing.databases import DIALECTS, available, fresh_database

pytestmark = pytest.mark.anyio

ROUNDS = int(os.environ.get("PLUGWAY_TORTURE_ROUNDS", "2"))
SEED = int(os.environ.get("PLUGWAY_TORTURE_SEED", "7"))


@pytest.fixture(params=DIALECTS)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give an empty database of each kind."""
    reason = available(request.param)
    if reason is not None:
        pytest.skip(reason)
    with fresh_database(request.param, migrated=False) as url:
        yield url


async def test_nothing_is_lost_and_nothing_charged_twice(tmp_path: Path, database_url: str) -> None:
    report = await Torture(tmp_path, database_url, seed=SEED, rounds=ROUNDS).run()
    assert report["mismatches"] == []
