"""The log of a command: what a person must know, on stderr, for as long as it runs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from plugway.settings import LogSettings
from plugway.telemetry.logs import configure


@contextmanager
def warnings_on_stderr() -> Iterator[None]:
    """Write warnings to stderr as text; requests are not logged, the command tells of its own."""
    root = logging.getLogger()
    level = root.level
    handler = configure(LogSettings(level="warning", form="text"), sys.stderr)
    handler.addFilter(lambda record: record.name != "plugway.access")
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        logging.captureWarnings(False)
