"""Where bytes can be."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence

#: Bytes that are read, written and sent at once.
CHUNK = 256 * 1024


class Place(ABC):
    """Holds the bytes of media, each under an address that it gave."""

    @abstractmethod
    def address(self, media_id: str) -> str:
        """Return where a new medium's bytes will be, at most 255 characters."""

    @abstractmethod
    async def write(self, address: str, content: AsyncIterator[bytes]) -> None:
        """Write bytes; they are all there when it returns, and before that none are seen.

        Args:
            address: As `address` gave it.
            content: The bytes; what it raises is raised.

        Raises:
            Unavailable: They could not be written.
        """

    @abstractmethod
    async def read(self, address: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Return bytes in pieces, read as they are asked for.

        Args:
            address: Where.
            start: The first one.
            end: The one behind the last one.

        Raises:
            NotFound: They are gone.
            Unavailable: They could not be read.
        """

    @abstractmethod
    async def whole(self, address: str) -> bytes:
        """Return all bytes, of which there are few.

        Args:
            address: Where.

        Raises:
            NotFound: There are none.
            Unavailable: They could not be read.
        """

    @abstractmethod
    async def remove(self, addresses: Sequence[str]) -> None:
        """Remove bytes, and what was left of writing them; those that are gone are no matter.

        Raises:
            Unavailable: Some could not be removed.
        """
