"""Settings that every test of the workspace shares."""

from __future__ import annotations

import os

import pytest

#: Set where nothing may be left out, as in continuous integration.
ALL = "PLUGWAY_TEST_ALL"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio, which is what the gateway runs on."""
    return "asyncio"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> object:
    """Fail a run that left something out where that is not allowed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter is not None else []
    if reporter is not None and skipped and os.environ.get(ALL):
        reporter.write_line(f"{ALL} is set, and {len(skipped)} tests were left out", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    return (yield)
