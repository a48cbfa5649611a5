"""Settings that every test of the workspace shares."""

from __future__ import annotations

import os
import shutil
import sys

import pytest
from hypothesis import HealthCheck, settings

#: Set where nothing may be left out, as in continuous integration.
ALL = "PLUGWAY_TEST_ALL"

#: What is said where tests found no browser.
BROWSER = (
    "there is no browser; install the system's package chromium (apt-get install chromium), "
    "or run `playwright install chromium`, or name one in PLUGWAY_TEST_CHROMIUM"
)


# The Chromium without windows takes two thirds of the other's time, in many hundred tests.
if (shell := shutil.which("chromium-headless-shell")) is not None:
    os.environ.setdefault("PLUGWAY_TEST_CHROMIUM", shell)


# Hundreds of processes are started, and to compile the modules anew is half of what each takes.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


# Each run tries examples of its own, so that few are enough; and how long one takes depends on
# what else the machine does.
settings.register_profile(
    "suite", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio, which is what the gateway runs on."""
    return "asyncio"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how to get a browser where tests were left out for want of one."""
    skipped = terminalreporter.stats.get("skipped", [])
    count = sum("no browser" in str(report.longrepr) for report in skipped)
    if count:
        terminalreporter.write_line(f"{count} tests were left out: {BROWSER}", yellow=True)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> object:
    """Fail a run that left something out where that is not allowed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter is not None else []
    if reporter is not None and skipped and os.environ.get(ALL):
        reporter.write_line(f"{ALL} is set, and {len(skipped)} tests were left out", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    return (yield)
