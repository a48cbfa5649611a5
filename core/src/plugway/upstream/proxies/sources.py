"""Where the pool's proxies come from: settings, files and subscriptions."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from plugway.errors import ConfigurationError, PlugwayError
from plugway.upstream.proxies.listing import Listing, read_list
from plugway.upstream.proxies.proxy import Proxy
from plugway.upstream.proxies.subscription import MOST_BYTES, Send, Spent, download

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.settings import ProxySettings

#: The file that `add` writes to.
ADDED = "proxies.txt"

#: Seconds until a subscription that could not be read is read again.
RETRY = 60.0

#: A source: its kind, and its address, path or nothing.
Key = tuple[str, str]


class Source(msgspec.Struct, kw_only=True):
    """Is one source of proxies, and what it gave last.

    Attributes:
        name: `settings`, a file's path as it is set, or `subscription 1`.
        listing: What it gave when it could last be read.
        fault: Why it could not be read the last time; None: it could.
        read_at: When it could last be read, microseconds since 1970.
    """

    name: str
    listing: Listing = Listing()
    fault: str | None = None
    read_at: int | None = None


class Sources:
    """Reads all sources, and keeps what one gave while it cannot be read."""

    def __init__(
        self, home: Path, settings: Callable[[], ProxySettings], send: Send, clock: Clock
    ) -> None:
        """Take the parts; nothing is read yet.

        Args:
            home: Where the paths of files start from.
            settings: Returns the settings as they are now.
            send: `Upstream.send`, for subscriptions.
            clock: The time.
        """
        self._home = home
        self._settings = settings
        self._send = send
        self._clock = clock
        self._sources: dict[Key, Source] = {}
        self._seen: object = None
        self._due = 0.0
        self._unread = False

    def all(self) -> list[Source]:
        """Return the sources, in the order in which they count."""
        return list(self._sources.values())

    def found(self) -> dict[Proxy, str]:
        """Return every proxy once, with the name of the first source that has it."""
        found: dict[Proxy, str] = {}
        for source in self._sources.values():
            for proxy in source.listing.proxies:
                found.setdefault(proxy, source.name)
        return found

    def stale(self) -> bool:
        """Return whether to read again: settings or files have changed, or it is time."""
        return self._clock.monotonic() >= self._due or self._state() != self._seen

    async def read(self) -> None:
        """Read all sources anew; none of them fails for the others."""
        # Before anything is read: what changes meanwhile is read the next time.
        self._seen = self._state()
        settings = self._settings()
        self._due = self._clock.monotonic() + settings.reload_seconds
        # One by one they take their places, so that the order is that of the settings.
        self._unread = False
        before, self._sources = self._sources, {}
        for key, name in _keys(settings):
            self._sources[key] = before.get(key) or Source(name=name)
            self._sources[key].name = name
        await asyncio.gather(
            *(self._read(source, key) for key, source in list(self._sources.items()))
        )
        if self._unread:
            self._due = min(self._due, self._clock.monotonic() + RETRY)

    async def add(self, proxies: Iterable[Proxy]) -> int:
        """Write proxies to the file of those that were added, and return how many were new.

        Args:
            proxies: Those that a source has already are left out.

        Raises:
            ConfigurationError: The file cannot be written.
        """
        known = self.found()
        lines = [proxy.written for proxy in dict.fromkeys(proxies) if proxy not in known]
        if lines:
            await asyncio.to_thread(self._append, "".join(f"{line}\n" for line in lines))
        return len(lines)

    def _append(self, text: str) -> None:
        file = self._home / ADDED
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
            with os.fdopen(os.open(file, flags, 0o600), "r+b") as stream:
                if stream.seek(0, os.SEEK_END):
                    stream.seek(-1, os.SEEK_END)
                    text = text if stream.read(1) == b"\n" else f"\n{text}"
                stream.write(text.encode())
        except OSError as error:
            raise ConfigurationError(f"{ADDED}: cannot be written: {error.strerror}") from None

    async def _read(self, source: Source, key: Key) -> None:
        kind, place = key
        try:
            text = await self._text(kind, place)
            listing = read_list(text)
            if kind != "settings" and listing.wrong_count and not listing.proxies:
                # Such as a page that says something else: no reason to forget what it gave.
                raise ConfigurationError("it holds no proxy")
        except Spent as error:
            source.listing, source.fault = Listing(), str(error)
        except PlugwayError as error:
            source.fault = error.message
            self._unread = self._unread or kind == "subscription"
        else:
            source.listing, source.fault = listing, None
            source.read_at = self._clock.now()

    async def _text(self, kind: str, place: str) -> str:
        if kind == "settings":
            return "\n".join(self._settings().urls)
        if kind == "file":
            return await asyncio.to_thread(_contents, self._home / place)
        text = await download(self._send, place, self._clock.now() / 1_000_000)
        if not text.strip():
            raise ConfigurationError("it is empty")
        return text

    def _state(self) -> object:
        settings = self._settings()
        files = [place for (kind, place), _ in _keys(settings) if kind == "file"]
        return (
            settings.urls,
            settings.subscriptions,
            tuple((place, _stamp(self._home / place)) for place in files),
        )


def _keys(settings: ProxySettings) -> list[tuple[Key, str]]:
    keys: list[tuple[Key, str]] = [(("settings", ""), "settings")] if settings.urls else []
    keys += [(("file", place), place) for place in dict.fromkeys((*settings.files, ADDED))]
    addresses = dict.fromkeys(settings.subscriptions)
    # The address itself is a secret.
    keys += [
        (("subscription", address), f"subscription {number}")
        for number, address in enumerate(addresses, 1)
    ]
    return keys


def _contents(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise ConfigurationError(f"it is larger than {MOST_BYTES} bytes")
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        if file.name == ADDED:
            return ""  # nothing has been added
        raise ConfigurationError("there is no such file") from None
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError("it cannot be read as text") from None


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        state = file.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino
