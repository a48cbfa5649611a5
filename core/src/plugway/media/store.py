"""The media store: `gateway.media`."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec.structs import replace

from plugway.errors import NotFound, PayloadTooLarge, Unavailable
from plugway.media.bucket import SCHEME, Bucket
from plugway.media.folder import Folder
from plugway.media.forms import HEAD, end_of, type_of
from plugway.media.kept import Kept
from plugway.media.links import Links
from plugway.media.place import CHUNK
from plugway.media.retention import Retention
from plugway.media.rows import Rows
from plugway.media.thumbnails import Thumbnails

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from plugway.clock import Clock
    from plugway.credentials.vault import Vault
    from plugway.media.place import Place
    from plugway.media.rows import Totals
    from plugway.settings import MediaSettings
    from plugway.storage.database import Database

_ID_BYTES = 20

#: Ends the address of a thumbnail, behind its medium's.
_THUMBNAIL = ".small"

#: Seconds for which a count is good.
_FRESH = 60.0


class MediaStore:
    """Keeps media for a while, and hands them out by URLs of the gateway's own.

    Attributes:
        links: Signs the URLs.
        rows: What is kept, without the bytes.
    """

    def __init__(
        self,
        *,
        home: Path,
        database: Database,
        vault: Vault,
        clock: Clock,
        settings: Callable[[], MediaSettings],
    ) -> None:
        """Take what is needed; nothing is opened or made yet.

        Args:
            home: The home directory.
            database: Where rows are.
            vault: Signs URLs.
            clock: The time.
            settings: Returns the settings as they are now.

        Raises:
            ConfigurationError: A bucket is set, and what it takes is not installed.
        """
        self._clock = clock
        self._settings = settings
        self.rows = Rows(database)
        self.links = Links(vault)
        self._thumbnails = Thumbnails()
        self._counted: tuple[float, Totals] | None = None
        self._retention = Retention(self.rows, self._drop)
        now = settings()
        self._folder = Folder(home / now.folder)
        self._bucket = Bucket(now) if now.bucket else None
        self._place: Place = self._bucket or self._folder

    async def keep(
        self,
        content: bytes | AsyncIterator[bytes],
        *,
        call_id: str,
        user_id: int,
        position: int = 0,
        mime_type: str = "",
        name: str = "",
    ) -> Kept:
        """Keep one medium; one that this call has kept at this position before is replaced.

        Args:
            content: Its bytes.
            call_id: The call or task that made it.
            user_id: Whose it is.
            position: Which of its call's it is, from 0.
            mime_type: What it is said to be; its bytes say more where they do.
            name: The upstream's own name for it.

        Raises:
            PayloadTooLarge: It is larger than `media.max_bytes`.
            Unavailable: It could not be written.
        """
        settings = self._settings()
        measured = _Measured(content, settings.max_bytes)
        media_id = secrets.token_hex(_ID_BYTES)
        now = self._clock.now()
        kept = Kept(
            id=media_id,
            call_id=call_id,
            user_id=user_id,
            position=position,
            mime_type=type_of(await measured.head(), mime_type),
            size=0,
            name=_storable(name),
            place=self._place.address(media_id),
            created_at=now,
        )
        mine = await self.rows.begin(kept)
        try:
            await self._place.write(kept.place, measured.chunks())
            kept = replace(kept, size=measured.size, expires_at=_end(settings, now))
            before = await self.rows.finish(kept)
        except BaseException:
            # Also when whoever wants it gives up: what was tried again and again would fill the
            # disk. When this fails too, or the process dies, `prune` does it.
            await self._retention.remove([mine])
            raise
        await self._retention.remove(before)
        return kept

    async def of(self, call_id: str) -> list[Kept]:
        """Return what a call or task has made, in order."""
        return await self.rows.of(call_id, self._clock.now())

    async def get(self, media_id: str) -> Kept | None:
        """Return one; None: there is none, or it has expired."""
        return await self.rows.get(media_id, self._clock.now())

    async def read(self, kept: Kept) -> bytes:
        """Return all its bytes.

        Raises:
            NotFound: They are gone.
        """
        return b"".join([chunk async for chunk in await self.stream(kept)])

    async def stream(
        self, kept: Kept, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """Return its bytes in pieces, which are read as they are asked for.

        Args:
            kept: What.
            start: The first byte.
            end: The one behind the last one; None: all that there are.

        Raises:
            NotFound: They are gone.
            Unavailable: They could not be read.
        """
        return await self._place_of(kept.place).read(
            kept.place, start, kept.size if end is None else end
        )

    async def remove(self, media_id: str) -> bool:
        """Remove one, and say whether it was there.

        Args:
            media_id: Its id.
        """
        doomed = await self.rows.put_away(media_id, self._clock.now())
        await self._retention.remove(doomed)
        return bool(doomed)

    def url(self, kept: Kept, base: str) -> str:
        """Return a URL that anybody can fetch it by, until it expires.

        Args:
            kept: What.
            base: Scheme and host that clients reach the gateway by; see `base_of`.
        """
        name = f"{kept.id}.{end_of(kept.mime_type)}"
        until = self._clock.now() + round(self._settings().url_hours * 3_600_000_000)
        if kept.expires_at is not None:
            until = min(until, kept.expires_at)
        seconds = until // 1_000_000
        signature = self.links.signature(name, seconds)
        return f"{base}/media/{name}?until={seconds}&signature={signature}"

    async def prune(self, now: int) -> int:
        """Remove what has expired, and the oldest beyond `media.total_bytes`.

        Args:
            now: Microseconds since 1970.

        Returns:
            How many were removed.
        """
        return await self._retention.prune(now, self._settings().total_bytes)

    async def totals(self) -> Totals:
        """Count what is kept, as it was within the last minute: it takes reading every row."""
        now = self._clock.monotonic()
        if self._counted is None or now >= self._counted[0]:
            self._counted = (now + _FRESH, await self.rows.totals(self._clock.now()))
        return self._counted[1]

    async def thumbnail(self, kept: Kept) -> bytes:
        """Return a small picture of an image, as WebP; it is made once and kept beside.

        Args:
            kept: The image.

        Raises:
            NotFound: There is none; the message says why.
            Unavailable: It could not be read or written.
        """
        self._thumbnails.check(kept.mime_type, kept.size)
        place, address = self._place_of(kept.place), f"{kept.place}{_THUMBNAIL}"
        with suppress(NotFound):
            return await place.whole(address)
        small = await self._thumbnails.make(await self.read(kept), kept.mime_type)
        with suppress(Unavailable):
            # Somebody else writes it too, or it cannot be: then it is made again.
            await place.write(address, _pieces(small))
        if await self.get(kept.id) is None:
            # It was removed meanwhile, and nobody would look for this any more.
            await place.remove([address])
        return small

    async def _drop(self, addresses: Sequence[str]) -> None:
        """Remove bytes, wherever they are."""
        for place in {self._place_of(address) for address in addresses}:
            its = [address for address in addresses if self._place_of(address) is place]
            await place.remove([*its, *(f"{address}{_THUMBNAIL}" for address in its)])

    def _place_of(self, address: str) -> Place:
        if not address.startswith(SCHEME):
            return self._folder
        if self._bucket is None:
            raise Unavailable("media.bucket is not set any more, and this is in one.")
        return self._bucket


class _Measured:
    """Passes bytes on, counts them, and looks at the first ones before."""

    def __init__(self, content: bytes | AsyncIterator[bytes], most: int) -> None:
        self.size = 0
        self._most = most
        self._source = _pieces(content) if isinstance(content, bytes) else content
        self._begun: list[bytes] = []

    async def head(self) -> bytes:
        while sum(map(len, self._begun)) < HEAD:
            chunk = await anext(self._source, None)
            if chunk is None:
                break
            self._begun.append(chunk)
        return b"".join(self._begun)[:HEAD]

    async def chunks(self) -> AsyncIterator[bytes]:
        for chunk in self._begun:
            yield self._counted(chunk)
        self._begun = []
        async for chunk in self._source:
            yield self._counted(chunk)

    def _counted(self, chunk: bytes) -> bytes:
        self.size += len(chunk)
        if self.size > self._most:
            raise PayloadTooLarge(f"It is larger than the {self._most} bytes that are kept.")
        return chunk


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), CHUNK):
        yield content[start : start + CHUNK]


def _end(settings: MediaSettings, now: int) -> int | None:
    if not settings.keep_days:
        return None
    return now + round(settings.keep_days * 86_400_000_000)


def _storable(name: str) -> str:
    """Return a name as every database takes it."""
    return name.replace("\0", "").encode("utf-8", "ignore").decode()
