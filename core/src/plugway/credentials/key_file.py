"""The vault's keys as text: in the key file, or in the environment.

One base64 key a line (or comma separated); the first seals, all open.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from plugway.errors import ConfigurationError

KEY_BYTES = 32

#: What tells that the file was replaced: inode, modification time, size.
Stamp = tuple[int, int, int]


def new_key() -> bytes:
    """Make a random key."""
    return secrets.token_bytes(KEY_BYTES)


def encode(keys: Sequence[bytes]) -> str:
    """Write keys one a line, as `decode` reads them."""
    return "".join(base64.b64encode(key).decode() + "\n" for key in keys)


def decode(text: str, source: str) -> tuple[bytes, ...]:
    """Read keys.

    Args:
        text: Base64, separated by commas or white space; the current key first.
        source: Named in errors.

    Raises:
        ConfigurationError: No key, a malformed one, or the same one twice; none is shown.
    """
    keys: list[bytes] = []
    for number, word in enumerate(text.replace(",", " ").split(), start=1):
        try:
            key = base64.b64decode(word.replace("-", "+").replace("_", "/"), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != KEY_BYTES:
            raise ConfigurationError(
                f"{source}: key {number} is not {KEY_BYTES} bytes in base64"
            ) from None
        keys.append(key)
    if not keys:
        raise ConfigurationError(f"{source} holds no key")
    if len(set(keys)) != len(keys):
        raise ConfigurationError(f"{source} holds the same key twice")
    return tuple(keys)


def read(path: Path) -> tuple[tuple[bytes, ...], Stamp]:
    """Read a key file that nobody else can.

    Raises:
        ConfigurationError: It is missing, malformed, or open to others.
    """
    try:
        with path.open("rb") as file:
            # Asked of the open file: between a stat and an open it could be exchanged.
            status = os.fstat(file.fileno())
            if status.st_mode & 0o077:
                raise ConfigurationError(
                    f"{path} has mode {status.st_mode & 0o777:04o}, so others than its owner "
                    f"can reach it; run: chmod 600 {path}"
                )
            text = file.read(64 * 1024).decode("ascii", "replace")
    except FileNotFoundError:
        raise ConfigurationError(f"{path} is missing; `plugway init` makes it") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None
    return decode(text, str(path)), _stamp(status)


def stamp(path: Path) -> Stamp | None:
    """Return what changes with the file; None: it is gone or cannot be reached."""
    try:
        return _stamp(path.stat())
    except OSError:
        return None


def create(path: Path) -> None:
    """Write a file with one new key, never over another.

    Raises:
        ConfigurationError: There is one already, or it cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, (new_key(),))
        _sync_folder(path)
    except FileExistsError:
        raise ConfigurationError(
            f"{path} exists already; what it sealed could not be opened without it"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from None


def rewrite(path: Path, change: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]) -> None:
    """Replace the file's keys at once, so that a crash leaves either the old or the new.

    Args:
        path: The key file.
        change: Gets the keys and returns those to write; called under a lock.

    Raises:
        ConfigurationError: It cannot be read or written.
    """
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with _locked(path.parent):
            keys, _ = read(path)
            try:
                _write(fresh, change(keys))
                fresh.replace(path)
            finally:
                with suppress(FileNotFoundError):
                    fresh.unlink()
            _sync_folder(path)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from None


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_ino, status.st_mtime_ns, status.st_size


def _write(path: Path, keys: Sequence[bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(encode(keys))
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    # The folder and not the file: the file is replaced while the lock is held.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
