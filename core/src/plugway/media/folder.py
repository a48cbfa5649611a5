"""Media in a folder of this machine, or of one that several machines share."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path

from plugway.errors import NotFound, Unavailable
from plugway.media.place import CHUNK, Place

log = logging.getLogger(__name__)

#: Bytes that are gathered before a thread writes them.
_WRITTEN = 1 << 20


class Folder(Place):
    """Keeps each medium in a file that its owner alone can read.

    A file has its name only when it is whole and on the disk: until then it is `….part`.
    """

    def __init__(self, path: Path) -> None:
        """Take the folder; it is made when it is needed.

        Args:
            path: The folder, which nothing else is kept in.
        """
        self._path = path

    def address(self, media_id: str) -> str:
        """Return where a new medium's bytes will be, among 256 folders."""
        return f"{media_id[:2]}/{media_id}"

    async def write(self, address: str, content: AsyncIterator[bytes]) -> None:
        """Write bytes to a part, and give it its name when it is whole."""
        await _in_thread(lambda: self._begin(address), "written")
        waiting: list[bytes] = []
        size = 0
        async for chunk in content:
            waiting.append(chunk)
            size += len(chunk)
            if size >= _WRITTEN:
                await self._append(address, b"".join(waiting))
                waiting, size = [], 0
        await self._append(address, b"".join(waiting))
        await _in_thread(lambda: self._finish(address), "written")

    async def read(self, address: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Open the file and return its bytes; who has opened it reads it after its removal too."""
        try:
            file = await asyncio.to_thread((self._path / address).open, "rb", 0)
        except FileNotFoundError:
            raise NotFound from None
        except OSError as error:
            raise _unavailable("read", error) from None
        return _pieces(file, start, end)

    async def whole(self, address: str) -> bytes:
        """Return what is in a file."""
        try:
            return await asyncio.to_thread((self._path / address).read_bytes)
        except FileNotFoundError:
            raise NotFound from None
        except OSError as error:
            raise _unavailable("read", error) from None

    async def remove(self, addresses: Sequence[str]) -> None:
        """Remove files and parts."""

        def work() -> None:
            for address in addresses:
                path = self._path / address
                for name in (path, _part(path)):
                    with suppress(FileNotFoundError):
                        name.unlink()

        await _in_thread(work, "removed")

    def _begin(self, address: str) -> None:
        path = self._path / address
        for folder in (self._path, path.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(_part(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))

    async def _append(self, address: str, data: bytes) -> None:
        # Opened for each piece: nobody has to close it when the writer is cancelled.
        def work() -> None:
            with _part(self._path / address).open("r+b") as file:
                file.seek(0, os.SEEK_END)
                file.write(data)

        if data:
            await _in_thread(work, "written")

    def _finish(self, address: str) -> None:
        path = self._path / address
        with _part(path).open("r+b") as file:
            os.fsync(file.fileno())
        _part(path).replace(path)
        # Both: a crash may otherwise take the new folder, or the name.
        for folder in (path.parent, self._path):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


async def _pieces(file: FileIO, start: int, end: int) -> AsyncIterator[bytes]:
    with file:
        while start < end:
            size = min(CHUNK, end - start)
            data = await asyncio.to_thread(os.pread, file.fileno(), size, start)
            if not data:
                raise Unavailable("The file is shorter than it was.")
            start += len(data)
            yield data


async def _in_thread(work: Callable[[], None], what: str) -> None:
    try:
        await asyncio.to_thread(work)
    except OSError as error:
        raise _unavailable(what, error) from None


def _unavailable(what: str, error: OSError) -> Unavailable:
    # Its name would tell a client where files are.
    log.error("the media folder could not be %s: %s", what, error)
    return Unavailable(f"Media cannot be {what} now; try again.")


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")
