"""Images, sounds and videos in a request: an http address, or base64 as it is.

Nothing is decoded: the upstream does that, and what is told here is told from the first look.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from plugway_kling.refusal import refused, required

#: Bytes of an image on the legacy API, of one on the newer, and of a sound.
IMAGE_BYTES = 10 << 20
LARGE_IMAGE_BYTES = 50 << 20
SOUND_BYTES = 5 << 20

#: Characters of an address.
MAX_URL = 8192

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
#: Both alphabets, and the line breaks that encoders add.
_BASE64 = re.compile(r"[A-Za-z0-9+/_\r\n-]*={0,2}[\r\n]*")
#: Characters that are looked at, at the start and at the end.
_SAMPLE = 4096


def check_media(value: str | None, field: str, *, most: int = IMAGE_BYTES) -> None:
    """Check an image or a sound.

    Args:
        value: An http or https address, or base64 without any prefix; None is fine.
        field: Its name.
        most: Bytes that it may have.

    Raises:
        BadRequest: It is neither, or longer than that.

    Example:
        >>> check_media("iVBORw0KGgo=", "image")
    """
    if value is None:
        return
    if not value:
        raise required(field)
    if value[:5].lower() == "data:":
        raise refused(field, "send the base64 alone, without the data: prefix")
    if _SCHEME.match(value):
        check_url(value, field)
        return
    if len(value) * 3 // 4 > most + most // 32:
        raise refused(field, f"it is larger than {most >> 20} MB")
    head, tail = value[:_SAMPLE], value[_SAMPLE:][-_SAMPLE:]
    if not _BASE64.fullmatch(tail or head) or (tail and not _BASE64.fullmatch(head)):
        raise refused(field, "expected an http or https URL, or base64")


def check_url(value: str | None, field: str) -> None:
    """Check an address.

    Args:
        value: The address; None is fine.
        field: Its name.

    Raises:
        BadRequest: It is not an http or https address.

    Example:
        >>> check_url("https://example.com/a.mp4", "video_url")
    """
    if value is None:
        return
    try:
        parts = urlsplit(value)
        well_formed = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        well_formed = False
    if not well_formed or len(value) > MAX_URL or any(c.isspace() for c in value):
        raise refused(field, "expected an http or https URL")
