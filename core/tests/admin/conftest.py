"""A running gateway with the shop and callers of every role."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import plugway_shop
import pytest
from back_office import BackOffice
from plugway_bank import BankPlugin

from plugway.testing.server import GatewayServer


@pytest.fixture
def environ() -> dict[str, str]:
    """Give the settings; tests override it."""
    return {}


@pytest.fixture
async def office(tmp_path: Path, environ: dict[str, str]) -> AsyncIterator[BackOffice]:
    """Run a gateway on SQLite."""
    home = tmp_path / "home"
    async with GatewayServer(home, plugins={"shop": plugway_shop}, environ=environ) as server:
        office = BackOffice(server)
        await office.prepare()
        yield office
        await office.close()


@pytest.fixture
async def office_anywhere(
    tmp_path: Path, environ: dict[str, str], database_url: str
) -> AsyncIterator[BackOffice]:
    """Run a gateway on each database in turn."""
    where = {**environ, "PLUGWAY__DATABASE__URL": database_url}
    home = tmp_path / "home"
    async with GatewayServer(home, plugins={"shop": plugway_shop}, environ=where) as server:
        office = BackOffice(server)
        await office.prepare()
        yield office
        await office.close()


@pytest.fixture
def bank() -> BankPlugin:
    """Give the plugin whose credentials are accounts."""
    return BankPlugin()


@pytest.fixture
async def bank_office(
    tmp_path: Path, environ: dict[str, str], bank: BankPlugin
) -> AsyncIterator[BackOffice]:
    """Run a gateway with the bank on SQLite."""
    plugins = {"shop": plugway_shop, "bank": bank}
    async with GatewayServer(tmp_path / "home", plugins=plugins, environ=environ) as server:
        office = BackOffice(server)
        await office.prepare()
        yield office
        await office.close()
