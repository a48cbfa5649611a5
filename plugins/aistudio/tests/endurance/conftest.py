"""What outlives its parents, and a place for what is temporary."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from machine_browser import descendants, machine_browser

#: Of Linux (sys/prctl.h).
_SUBREAPER = 36


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Give a directory for what is temporary, with a name as short as the system's."""
    directory = Path(tempfile.mkdtemp(prefix="pw-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def nursery() -> Iterator[set[int]]:
    """Take over every process that is left alone below; give those that were there before."""
    if sys.platform != "linux":
        pytest.skip("what is left behind is seen in /proc, which is Linux's")
    machine_browser()
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(_SUBREAPER, 1, 0, 0, 0) == 0
    before = descendants()
    yield before
    # A test that has failed leaves nothing to the next one.
    for one in descendants() - before:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    libc.prctl(_SUBREAPER, 0, 0, 0, 0)
