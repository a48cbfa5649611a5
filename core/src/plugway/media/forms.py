"""What media are: their type by their bytes, the end of their name, and who may show them."""

from __future__ import annotations

import re

from plugway.media_types import sniffed

#: What nothing is known of.
UNKNOWN = "application/octet-stream"

#: Bytes at the beginning that are enough to tell.
HEAD = 64

#: The forms that upstreams make, with the ends of their names. A browser shows them and runs
#: nothing that is in them, but for PDF, which may hold scripts.
_ENDS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/avif": "avif",
    "image/heic": "heic",
    "image/bmp": "bmp",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/quicktime": "mov",
    "video/3gpp": "3gp",
    "video/x-msvideo": "avi",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "audio/aac": "aac",
    "application/pdf": "pdf",
}

_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")


def type_of(head: bytes, said: str) -> str:
    """Return what a medium is.

    Args:
        head: Its first bytes, `HEAD` of them if there are so many.
        said: What it is said to be.

    Example:
        >>> type_of(b"GIF89a", "image/png"), type_of(b"?", "Audio/L16; rate=24000")
        ('image/gif', 'audio/l16')
    """
    if seen := sniffed(head):
        return seen
    plain = said.partition(";")[0].strip().lower()
    return plain if _TYPE.fullmatch(plain) else UNKNOWN


def end_of(mime_type: str) -> str:
    """Return the end that a name of this type has, without its dot.

    Example:
        >>> end_of("image/jpeg"), end_of("text/html")
        ('jpg', 'bin')
    """
    return _ENDS.get(mime_type, "bin")


def served_as(mime_type: str) -> str:
    """Return the type that it is handed out as: what a browser might run is just bytes.

    Example:
        >>> served_as("video/mp4"), served_as("image/svg+xml")
        ('video/mp4', 'application/octet-stream')
    """
    return mime_type if mime_type in _ENDS else UNKNOWN


def is_shown(mime_type: str) -> bool:
    """Say whether a browser may show it; else it is a file to be saved.

    Example:
        >>> is_shown("image/png"), is_shown("application/pdf"), is_shown("text/html")
        (True, False, False)
    """
    return mime_type in _ENDS and mime_type != "application/pdf"
