"""The folder of profiles: `active`, which are in use, and `saved`, which are not."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from plugway import BadRequest
from plugway_aistudio.profiles import private_file, profile_file
from plugway_aistudio.profiles.profile import Profile, written

#: Names of the folders within (reference: "Auth profiles").
ACTIVE, SAVED = "active", "saved"


class Stamp(msgspec.Struct, frozen=True):
    """Tells one state of a file from others.

    Attributes:
        device: Where it is.
        number: Its number there.
        size: Bytes.
        changed: Nanoseconds since 1970 when it was written.
    """

    device: int
    number: int
    size: int
    changed: int


class File(msgspec.Struct, frozen=True):
    """Is a file in the folder.

    Attributes:
        path: Where it is.
        stamp: What state it is in; None: it cannot be looked at.
    """

    path: Path
    stamp: Stamp | None

    @property
    def name(self) -> str:
        """Return the profile's name."""
        return self.path.stem


class Folder:
    """Reads and writes profiles in a folder of the operator's.

    Example:
        >>> Folder(Path("/nowhere")).active()
        []
    """

    def __init__(self, path: Path) -> None:
        """Name it; nothing is read or made yet.

        Args:
            path: The folder that has `active` and `saved`.
        """
        self.path = path

    def active(self) -> list[File]:
        """Return the files in use, by name."""
        return list(self._files(ACTIVE))

    def read(self, file: File) -> Profile:
        """Read a profile; it is called as its file is.

        Args:
            file: As `active` returned it.

        Raises:
            BadRequest: It is none, is too large, or leads out of the folder.
        """
        profile_file.check_name(file.name)
        return profile_file.profile_of(self.text(file.path), file.name)

    def text(self, path: Path) -> str:
        """Read a file of the folder.

        Args:
            path: Where it is.

        Raises:
            BadRequest: It is no text, is too large, or leads out of the folder.
        """
        try:
            real = path.resolve(strict=True)
            if not real.is_relative_to(self.path.resolve(strict=True)):
                raise _leads_out()
            # Its last part is not followed again, in case it was exchanged meanwhile.
            flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
            with os.fdopen(os.open(real, flags), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise BadRequest("it is no file", field="file")
                content = file.read(profile_file.MOST_FILE + 1)
        except OSError as error:
            raise BadRequest(f"it cannot be read: {error.strerror}", field="file") from None
        if len(content) > profile_file.MOST_FILE:
            raise BadRequest(f"it has more than {profile_file.MOST_FILE} bytes", field="file")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise BadRequest("it is no text in UTF-8", field="file") from None

    def save(self, profile: Profile) -> Path:
        """Keep a profile that is not in use.

        Args:
            profile: The profile.

        Returns:
            Its file.

        Raises:
            OSError: It cannot be written.
            BadRequest: Its name cannot be a file's.
        """
        return self._write(SAVED, profile)

    def update(self, profile: Profile) -> Path:
        """Write a profile that is in use.

        Args:
            profile: The profile.

        Returns:
            Its file.

        Raises:
            OSError: It cannot be written.
            BadRequest: Its name cannot be a file's.
        """
        path = self._write(ACTIVE, profile)
        if profile.saved_at is not None:
            os.utime(path, (profile.saved_at, profile.saved_at))
        return path

    def activate(self, name: str) -> Path:
        """Move a profile from `saved` to `active`; one that is there is replaced.

        Args:
            name: Its name.

        Returns:
            Its file.

        Raises:
            OSError: It cannot be moved, or is not there.
            BadRequest: The name cannot be a file's.
        """
        source, target = self._path(SAVED, name), self._path(ACTIVE, name)
        private_file.make_folder(target.parent)
        os.replace(source, target)
        private_file.sync_folder(target.parent)
        return target

    def _write(self, part: str, profile: Profile) -> Path:
        path = self._path(part, profile.name)
        private_file.write(path, written(profile))
        return path

    def _path(self, part: str, name: str) -> Path:
        path = self.path / part / f"{profile_file.check_name(name)}.json"
        if path.parent.exists() and not path.parent.resolve().is_relative_to(self.path.resolve()):
            raise _leads_out()
        return path

    def _files(self, part: str) -> Iterator[File]:
        try:
            paths = sorted((self.path / part).glob("*.json"))
        except OSError:
            return
        for path in paths:
            # As a shell does not either, which makes half-written ones nobody's.
            if path.name.startswith("."):
                continue
            try:
                known = path.stat()
            except OSError:
                yield File(path, None)
                continue
            yield File(path, Stamp(known.st_dev, known.st_ino, known.st_size, known.st_mtime_ns))


def _leads_out() -> BadRequest:
    return BadRequest("it leads out of the folder of profiles", field="file")
