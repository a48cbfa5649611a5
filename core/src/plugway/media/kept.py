"""One image, video or sound that is kept."""

from __future__ import annotations

import msgspec


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Is a row of the media store.

    Attributes:
        id: Its own name, which nobody can guess.
        call_id: The call or task that made it.
        user_id: Whose it is.
        position: Which of its task's it is, from 0.
        mime_type: What its bytes are.
        size: Bytes.
        name: The upstream's own name for it; empty: it has none.
        place: Where its bytes are; the store's own word.
        created_at: Microseconds since 1970.
        expires_at: When it is removed; None: it stays.
    """

    id: str
    call_id: str
    user_id: int
    position: int = 0
    mime_type: str
    size: int
    name: str = ""
    place: str = ""
    created_at: int
    expires_at: int | None = None

    @property
    def kind(self) -> str:
        """Return `image`, `video`, `audio` or `file`."""
        major = self.mime_type.partition("/")[0]
        return major if major in ("image", "video", "audio") else "file"
