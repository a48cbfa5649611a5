"""Files that are handed in: which the upstream takes, and under which name and type."""

from __future__ import annotations

import mimetypes
from urllib.parse import urlsplit

from plugway import BadRequest, Media

#: Other spellings of a type.
_ALIASES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "application/x-pdf": "application/pdf",
    "video/3gp": "video/3gpp",
}

#: Images that pass; others would have to be converted (reference: "Upload").
_IMAGES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})

#: Videos that pass, and those that pass under another name (reference: "Upload").
_VIDEOS = frozenset({"video/mp4", "video/webm", "video/3gpp"})
_RELABELLED = frozenset(
    {
        "video/quicktime",
        "video/x-msvideo",
        "video/avi",
        "video/msvideo",
        "video/x-matroska",
        "video/mkv",
    }
)

_UNKNOWN = frozenset({"", "application/octet-stream", "binary/octet-stream"})

#: Endings of the types that pass; what else there is, the standard library knows.
_ENDINGS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "video/3gpp": ".3gp",
    "text/plain": ".txt",
}


def accepted_type(media: Media) -> str:
    """Return the type under which a file is sent.

    Args:
        media: With its bytes.

    Raises:
        BadRequest: The upstream takes no such file.

    Example:
        >>> accepted_type(Media(mime_type="video/quicktime", data=b"..."))
        'video/mp4'
    """
    mime_type = media.mime_type.partition(";")[0].strip().lower()
    if mime_type in _UNKNOWN:
        path = media.name or urlsplit(media.url or "").path
        mime_type = mimetypes.guess_type(path, strict=False)[0] or ""
    mime_type = _ALIASES.get(mime_type, mime_type)
    if mime_type in _RELABELLED:
        return "video/mp4"
    major = mime_type.partition("/")[0]
    if mime_type in _IMAGES or mime_type in _VIDEOS or major in ("text", "application"):
        # Of documents the upstream itself says which it takes.
        return mime_type
    raise BadRequest(f"Unsupported file type: {mime_type[:100] or 'unknown'}")


def file_name(name: str, mime_type: str) -> str:
    """Return a name with the ending of its type.

    Args:
        name: With an ending or without.
        mime_type: As `accepted_type` says.

    Example:
        >>> file_name("image-1", "image/png"), file_name("2-holiday.mov", "video/mp4")
        ('image-1.png', '2-holiday.mp4')
    """
    ending = _ENDINGS.get(mime_type) or mimetypes.guess_extension(mime_type) or ""
    if not ending or mimetypes.guess_type(name, strict=False)[0] == mime_type:
        return name
    stem, dot, last = name.rpartition(".")
    if dot and mime_type.startswith(("image/", "video/")) and 0 < len(last) <= 5:
        name = stem
    return name + ending
