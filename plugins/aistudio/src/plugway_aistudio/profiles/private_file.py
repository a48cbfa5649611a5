"""Files that only their owner reads, and that are never half written."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

#: How the names of files begin and end that are being written.
_BEGIN, _END = ".", ".tmp"

#: Seconds after which nobody writes at such a file any more.
_LEFT = 3_600.0


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all, readable by its owner only.

    Args:
        path: Where; its folder is made, for the owner only.
        text: What.

    Raises:
        OSError: It cannot be written; what was there is as it was.
    """
    make_folder(path.parent)
    _sweep(path.parent)
    # Made with mode 0600, in the same folder, so that taking its place is one step.
    number, name = tempfile.mkstemp(_END, f"{_BEGIN}{path.name}.", path.parent)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def make_folder(path: Path) -> None:
    """Make a folder for the owner only; one that is there stays as it is.

    Args:
        path: Where; the folders above are made too.

    Raises:
        OSError: It cannot be made.
    """
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def sync_folder(path: Path) -> None:
    """Have a folder's names on the disk, where the system can.

    Args:
        path: The folder.
    """
    if os.name != "posix":
        return
    number = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _sweep(folder: Path) -> None:
    """Remove what writers have left that were ended in the middle."""
    before = time.time() - _LEFT
    for path in folder.glob(f"{_BEGIN}*{_END}"):
        try:
            if path.lstat().st_mtime < before:
                path.unlink()
        except OSError:
            # Somebody else did.
            continue
