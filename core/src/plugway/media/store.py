"""The media store: `gateway.media`."""

from __future__ import annotations

from collections.abc import AsyncIterator

from plugway.media.kept import Kept


class MediaStore:
    """Keeps media for a while, and hands them out by URLs of the gateway's own."""

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
        raise Unfinished

    async def of(self, call_id: str) -> list[Kept]:
        """Return what a call or task has made, in order."""
        raise Unfinished

    async def get(self, media_id: str) -> Kept | None:
        """Return one; None: there is none, or it has expired."""
        raise Unfinished

    async def read(self, kept: Kept) -> bytes:
        """Return all its bytes.

        Raises:
            NotFound: They are gone.
        """
        raise Unfinished

    def url(self, kept: Kept, base: str) -> str:
        """Return a URL that anybody can fetch it by, until it expires.

        Args:
            kept: What.
            base: Scheme and host that clients reach the gateway by; see `base_of`.
        """
        raise Unfinished
