"""Keeps what tasks have made, before they end: whoever is told of the end finds it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import msgspec
from yarl import URL

from plugway.errors import (
    AddressRefused,
    PayloadTooLarge,
    PlugwayError,
    Unavailable,
    UpstreamError,
    UpstreamTimeout,
)
from plugway.upstream import Timeouts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from plugway.calls.parts import Parts
    from plugway.contract import Channel, Media, Task, TaskUpdate
    from plugway.media.store import MediaStore

log = logging.getLogger(__name__)

#: Redirects that are followed within the upstream.
_REDIRECTS = 3


class Keeping:
    """Fetches media from where the upstream has them into the media store."""

    def __init__(self, parts: Parts, media: MediaStore) -> None:
        """Take what is needed.

        Args:
            parts: What calls go through.
            media: Where they are kept.
        """
        self._parts = parts
        self._media = media

    def longest(self, task: Task) -> float:
        """Return the seconds that it may take at the most.

        Args:
            task: The task.
        """
        channel = self._parts.channels.get(task.channel_id or 0)
        return 0.0 if channel is None else channel.settings.total_timeout

    async def kept(self, task: Task, update: TaskUpdate) -> TaskUpdate:
        """Keep what a task has made, within the channel's `total_timeout`.

        Args:
            task: The task.
            update: What was said of it.

        Returns:
            The update without its media; one that failed, if they are too large.

        Raises:
            PlugwayError: They could not be fetched, or not be written.
        """
        if not update.media:
            return update
        if update.state != "succeed":
            return msgspec.structs.replace(update, media=())
        channel = self._parts.channels.get(task.channel_id or 0)
        if channel is None:
            raise UpstreamError("the channel of this task is gone")
        try:
            async with asyncio.timeout(channel.settings.total_timeout):
                for position, media in enumerate(update.media):
                    await self._keep(task, channel, position, media)
        except TimeoutError:
            raise UpstreamTimeout("What was made could not be fetched in time.") from None
        except PayloadTooLarge as error:
            return msgspec.structs.replace(
                update, state="failed", reason=error.message, usages=None, media=()
            )
        except PlugwayError:
            raise
        except Exception as error:  # whatever storage does, the task goes on
            log.exception("what task %s has made cannot be kept", task.call_id)
            raise Unavailable("What was made cannot be kept now.") from error
        return msgspec.structs.replace(update, media=())

    async def _keep(self, task: Task, channel: Channel, position: int, media: Media) -> None:
        if media.data is not None:
            await self._write(task, position, media, media.data)
            return
        url = _url(URL(), media.url or "")
        for _ in range(_REDIRECTS + 1):
            if not await self._is_reached_by(channel, url, self._sticky(task)):
                await self._fetch(task, channel, position, media, url)
                return
            location = await self._download(task, channel, position, media, url)
            if location is None:
                return
            url = _url(url, location)
        raise UpstreamError("What was made is behind too many redirects.")

    async def _is_reached_by(self, channel: Channel, url: URL, sticky: str) -> bool:
        """Say whether a URL is the channel's own, or goes the channel's way through a proxy."""
        if url.origin() == URL(channel.base_url).origin():
            return True
        upstream, proxy = self._parts.upstream, channel.settings.proxy
        if await upstream.proxy_url(str(url), proxy=proxy, sticky=sticky) is None:
            return False
        try:
            # Where a name leads is the proxy's to say; it may be on this machine.
            upstream.check_url(str(url))
        except AddressRefused as error:
            raise _refused(error) from None
        return True

    def _sticky(self, task: Task) -> str:
        """Return the key of the account's requests, which all go one way."""
        credentials = self._parts.credentials
        credential = credentials.get(task.channel_id or 0, task.credential_id or 0)
        return "" if credential is None else credential.key

    async def _fetch(
        self, task: Task, channel: Channel, position: int, media: Media, url: URL
    ) -> None:
        arriving = self._parts.upstream.arriving(
            str(url),
            max_bytes=self._parts.settings().media.max_bytes,
            timeout=channel.settings.total_timeout,
        )
        try:
            async with arriving as found:
                if found.status != 200:
                    raise UpstreamError(f"what was made was answered with status {found.status}")
                await self._write(task, position, media, found.chunks, found.content_type)
        except AddressRefused as error:
            raise _refused(error) from None

    async def _download(
        self, task: Task, channel: Channel, position: int, media: Media, url: URL
    ) -> str | None:
        """Keep what is behind a URL; return where it redirects to instead."""
        answer = await self._parts.upstream.send(
            "GET",
            str(url),
            headers=(("Accept", "*/*"), ("Accept-Encoding", "identity")),
            timeouts=Timeouts.of(channel.settings),
            proxy=channel.settings.proxy,
            sticky=self._sticky(task),
        )
        try:
            headers = {name.lower(): value.decode("latin-1") for name, value in answer.raw_headers}
            if 300 <= answer.status < 400 and b"location" in headers:
                return headers[b"location"]
            if answer.status != 200:
                raise UpstreamError(f"what was made was answered with status {answer.status}")
            stated = headers.get(b"content-type", "")
            await self._write(task, position, media, answer.chunks(), stated)
        finally:
            await answer.close()
        return None

    async def _write(
        self,
        task: Task,
        position: int,
        media: Media,
        content: bytes | AsyncIterator[bytes],
        stated: str = "",
    ) -> None:
        if _is_page(stated):
            # Somebody in the way wants something, or the link has ended: it is no medium.
            raise UpstreamError("what was made was answered with a page")
        kept = await self._media.keep(
            content,
            call_id=task.call_id,
            user_id=task.user_id,
            position=position,
            mime_type=media.mime_type or stated.partition(";")[0].strip().lower(),
            name=media.name or "",
        )
        if not kept.size:
            raise UpstreamError("what was made is empty")


def _url(base: URL, text: str) -> URL:
    """Return a URL as it was given; of a redirect it may be relative."""
    try:
        url = base.join(URL(text, encoded=True))
        if url.host is not None and url.scheme in ("http", "https"):
            return url.with_fragment(None)
    except ValueError:
        pass
    raise UpstreamError("what was made has no URL")


def _is_page(content_type: str) -> bool:
    """Say whether an answer is a page or a message for programs, and no medium."""
    plain = content_type.partition(";")[0].strip().lower()
    return plain.startswith("text/") or plain.endswith(("/json", "+json", "/xml", "/xhtml+xml"))


def _refused(error: AddressRefused) -> UpstreamError:
    return UpstreamError(f"what was made may not be fetched: {error.message}")
