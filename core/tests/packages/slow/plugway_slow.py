"""A plugin that takes its time when it is imported."""

from __future__ import annotations

import time

from plugway import Mount, hookimpl

time.sleep(1.5)


@hookimpl
def register_routes() -> list[Mount]:
    return []
