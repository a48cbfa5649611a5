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
from plugway.tasks import store
from plugway.upstream import Timeouts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from plugway.calls.parts import Parts
    from plugway.contract import Channel, Media, Task, TaskUpdate
    from plugway.media.store import MediaStore
    from plugway.storage.database import Database

log = logging.getLogger(__name__)

#: Redirects that are followed within the upstream.
_REDIRECTS = 3


class Keeping:
    """Fetches media from where the upstream has them into the media store."""

    def __init__(self, parts: Parts, database: Database, media: MediaStore) -> None:
        """Take what is needed.

        Args:
            parts: What calls go through.
            database: Where tasks are.
            media: Where they are kept.
        """
        self._parts = parts
        self._database = database
        self._media = media

    async def under_way(self, task: Task, credential_id: int, channel: Channel) -> int:
        """Count the tasks of a kind that one credential has under way on all nodes.

        Args:
            task: Not counted itself.
            credential_id: The credential.
            channel: Its channel.
        """
        return await store.under_way(
            self._database, channel.id, credential_id, kind=task.kind, but=task.call_id
        )

    async def kept(
        self, task: Task, update: TaskUpdate, seconds: float | None = None
    ) -> TaskUpdate:
        """Keep what a task has made.

        Args:
            task: The task.
            update: What was said of it.
            seconds: Longest time; None: as the channel says.

        Returns:
            The update without its media; one that failed, if they are too large.

        Raises:
            UpstreamError: They could not be fetched.
            Unavailable: They could not be written.
        """
        if not update.media:
            return update
        if update.state != "succeed":
            return msgspec.structs.replace(update, media=())
        channel = self._parts.channels.get(task.channel_id or 0)
        if channel is None:
            raise UpstreamError("the channel of this task is gone")
        try:
            async with asyncio.timeout(seconds or channel.settings.total_timeout):
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
        try:
            url = URL(media.url or "", encoded=True)
        except ValueError:
            raise UpstreamError("what was made has no URL") from None
        for _ in range(_REDIRECTS + 1):
            if not self._is_reached_by(channel, url):
                await self._fetch(task, channel, position, media, url)
                return
            location = await self._download(task, channel, position, media, url)
            if location is None:
                return
            url = url.join(URL(location))
        raise UpstreamError("What was made is behind too many redirects.")

    def _is_reached_by(self, channel: Channel, url: URL) -> bool:
        """Say whether a URL is the channel's own, or goes the channel's way through a proxy."""
        if url.host is None or url.scheme not in ("http", "https"):
            raise UpstreamError("what was made has no URL")
        if url.origin() == URL(channel.base_url).origin():
            return True
        return channel.settings.proxy not in ("", "direct")

    async def _fetch(
        self, task: Task, channel: Channel, position: int, media: Media, url: URL
    ) -> None:
        try:
            fetched = await self._parts.upstream.fetch(
                str(url),
                max_bytes=self._parts.settings().media.max_bytes,
                timeout=channel.settings.total_timeout,
            )
        except AddressRefused as error:
            raise UpstreamError(f"what was made may not be fetched: {error.message}") from None
        if fetched.status != 200 or not fetched.body:
            raise UpstreamError(f"what was made was answered with status {fetched.status}")
        stated = media.mime_type or fetched.content_type
        await self._write(task, position, media, fetched.body, stated)

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
            sticky="" if task.credential_id is None else str(task.credential_id),
        )
        try:
            headers = {name.lower(): value.decode("latin-1") for name, value in answer.raw_headers}
            if 300 <= answer.status < 400 and b"location" in headers:
                return headers[b"location"]
            if answer.status != 200:
                raise UpstreamError(f"what was made was answered with status {answer.status}")
            stated = media.mime_type or headers.get(b"content-type", "")
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
        await self._media.keep(
            content,
            call_id=task.call_id,
            user_id=task.user_id,
            position=position,
            mime_type=media.mime_type or stated.partition(";")[0].strip().lower(),
            name=media.name or "",
        )
