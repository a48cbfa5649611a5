"""Where the processes of one gateway put their numbers together.

The supervisor makes the directory and names it in the environment of its workers before
they start: the Prometheus client looks there once, when it is imported.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from prometheus_client.multiprocess import mark_process_dead

#: Names the directory to the workers.
VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_PREFIX = "metrics-"


def make_directory(home: Path) -> Path:
    """Make this process's directory, and remove those of supervisors that died.

    Args:
        home: The home directory.

    Returns:
        An empty directory in `run` there, for its owner only.
    """
    run = home / "run"
    run.mkdir(mode=0o700, exist_ok=True)
    for old in run.glob(f"{_PREFIX}*"):
        pid = old.name.removeprefix(_PREFIX)
        if not pid.isdecimal() or int(pid) == os.getpid() or not _alive(int(pid)):
            shutil.rmtree(old, ignore_errors=True)
    directory = run / f"{_PREFIX}{os.getpid()}"
    directory.mkdir(mode=0o700)
    return directory


def forget(directory: Path, pid: int) -> None:
    """Drop what a worker that died said of the present; what it counted stays counted.

    Args:
        directory: What `make_directory` returned.
        pid: The worker's.
    """
    mark_process_dead(pid, str(directory))  # type: ignore[no-untyped-call]  # it has no types


def remove_directory(directory: Path) -> None:
    """Remove the directory when the supervisor ends."""
    shutil.rmtree(directory, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
