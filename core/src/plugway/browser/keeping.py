"""How the driver is made to start the browser by its keeper, which ends it whatever happens."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from plugway.errors import ConfigurationError

#: What the driver starts instead of the browser.
KEEP = Path(__file__).with_name("keep.sh")

_KEEPER = Path(__file__).with_name("keeper.py")


def keeping(program: str) -> dict[str, str] | None:
    """Return what the environment of `KEEP` says; None: the driver starts the browser itself.

    Args:
        program: The browser's path.

    Raises:
        ConfigurationError: The installation is broken.
    """
    if sys.platform != "linux" or not sys.executable:
        return None
    if not os.access(KEEP, os.X_OK):
        raise ConfigurationError(f"{KEEP} cannot be executed: install plugway anew")
    return {
        "PLUGWAY_KEEPER": str(_KEEPER),
        "PLUGWAY_KEEPER_PYTHON": sys.executable,
        "PLUGWAY_KEEPER_OWNER": str(os.getpid()),
        "PLUGWAY_KEEPER_PROGRAM": program,
    }
