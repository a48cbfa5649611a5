"""`key.txt`: the keys of an earlier system, one a line (reference: "Keys: seed vs code")."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import compare_digest

import msgspec

from plugway import BadRequest, Conflict
from plugway_aistudio.profiles.private_file import sync_folder

#: Bytes of the largest file, and the most keys that are read from it.
MAX_BYTES = 1 << 20
MAX_KEYS = 10_000


class KeyLines(msgspec.Struct, frozen=True):
    """Is what a key file says.

    Attributes:
        keys: Its keys, each once, in their order.
        numbers: The line of each of them, from 1.
        problems: What is wrong with other lines; they are named by number, never by text.
    """

    keys: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    problems: tuple[str, ...] = ()


class KeyFile:
    """Reads and writes the file.

    Blank lines and those that begin with `#` are no keys. The earlier system took the latter for
    keys; whoever writes one means a comment.
    """

    def __init__(self, path: Path, check: Callable[[str, str], None]) -> None:
        """Name the file, which need not be there.

        Args:
            path: Where it is.
            check: Raises `BadRequest` for what is no key; gets it, and what a message calls it.
        """
        self._path = path
        self._check = check

    @property
    def name(self) -> str:
        """Return its name, without its folder."""
        return self._path.name

    def signature(self) -> tuple[int, ...]:
        """Return what changes whenever the file does; empty: there is none."""
        try:
            found = self._path.stat()
        except OSError:
            return ()
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def read(self) -> KeyLines:
        """Read the keys; a file that is not there has none.

        Raises:
            Conflict: It cannot be read, so that nobody knows which keys it has.
        """
        found: dict[str, int] = {}
        problems = []
        for number, line in enumerate(self._text().split("\n"), 1):
            key = line.strip()
            if not key or key.startswith("#"):
                continue
            if key in found:
                problems.append(f"line {number} has the key of line {found[key]} again")
                continue
            if len(found) == MAX_KEYS:
                problems.append(f"line {number} and those after it are one key too many")
                break
            try:
                self._check(key, f"line {number}")
            except BadRequest as error:
                problems.append(error.message)
            else:
                found[key] = number
        return KeyLines(tuple(found), tuple(found.values()), tuple(problems))

    def add(self, key: str) -> None:
        """Add a key at the end.

        Args:
            key: The key.

        Raises:
            BadRequest: It is none, or it is there already.
            Conflict: The file cannot be read or written.
        """
        self._check(key, "key")
        if key.startswith("#"):
            raise BadRequest("key: a line that begins with # is a comment", field="key")
        with self._locked():
            text = self._text()
            if any(_same(line, key) for line in text.split("\n")):
                raise BadRequest("key: it exists already", field="key")
            if text and not text.endswith("\n"):
                text += "\n"
            self._write(f"{text}{key}\n")

    def remove(self, key: str) -> bool:
        """Take a key out, wherever it stands, and leave the other lines as they are.

        Args:
            key: The key.

        Returns:
            Whether it was there.

        Raises:
            Conflict: The file cannot be read or written.
        """
        with self._locked():
            lines = self._text().split("\n")
            left = [line for line in lines if not _same(line, key)]
            if len(left) == len(lines):
                return False
            self._write("\n".join(left))
            return True

    def _text(self) -> str:
        try:
            with self._path.open("rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise Conflict(f"{self.name} is no plain file")
                content = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise Conflict(f"{self.name} cannot be read: {error.strerror}") from None
        if len(content) > MAX_BYTES:
            raise Conflict(f"{self.name} is larger than {MAX_BYTES} bytes")
        try:
            # Editors of some systems put a mark before the first line.
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Conflict(f"{self.name} is not UTF-8") from None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes from writing between reading and writing."""
        place = self._path.resolve()
        try:
            lock = os.open(
                place.with_name(f".{place.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise Conflict(f"{self.name} cannot be written: {error.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _write(self, text: str) -> None:
        # Where a link leads, so that the link stays one.
        place = self._path.resolve()
        try:
            # For its owner alone from the beginning.
            handle, made = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(text.encode())
                    file.flush()
                    os.fsync(file.fileno())
                Path(made).replace(place)
                sync_folder(place.parent)
            except BaseException:
                Path(made).unlink(missing_ok=True)
                raise
        except OSError as error:
            # Such as a single file that is mounted into a container.
            raise Conflict(
                f"{self.name} cannot be replaced in its folder: {error.strerror}"
            ) from None


def _same(line: str, key: str) -> bool:
    return compare_digest(line.strip().encode(), key.encode())
