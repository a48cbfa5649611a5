"""Media that a client writes into its request."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_to_bytes

from plugway.contract import Media
from plugway.errors import BadRequest
from plugway.media_types import sniffed

#: Characters of a `data:` URL that may be escaped: each takes time, and meanwhile nobody else is
#: served.
MAX_ESCAPES = 65_536


def media_of(url: str, field: str) -> Media:
    """Return what a URL in a request means: bytes for `data:`, else a place to fetch from.

    Args:
        url: As the client wrote it.
        field: Where it stands, for errors.

    Raises:
        BadRequest: It is neither a `data:` URL nor an `http` one.

    Example:
        >>> media_of("data:image/png;base64,iVBORw0KGgo=", "image").data
        b'\\x89PNG\\r\\n\\x1a\\n'
    """
    scheme, _, rest = url.partition(":")
    if scheme.lower() in ("http", "https"):
        return Media(url=url)
    if scheme.lower() != "data":
        raise BadRequest(f"{field}: expected a data: or https: URL", field=field)
    head, comma, body = rest.partition(",")
    if not comma:
        raise BadRequest(f"{field}: the data: URL has no comma", field=field)
    mime_type, _, options = head.partition(";")
    if options.endswith("base64"):
        data = decoded(body, field)
    elif body.count("%") > MAX_ESCAPES:
        raise BadRequest(f"{field}: a data: URL of this size must be base64", field=field)
    else:
        data = unquote_to_bytes(body)
    return media_from(data, mime_type, field)


def media_from(data: bytes, mime_type: str, field: str, name: str | None = None) -> Media:
    """Return media of bytes; of what type they are they say themselves, where they do.

    Args:
        data: Not empty.
        mime_type: As the client says; empty: it does not.
        field: Where it stands, for errors.
        name: File name.

    Raises:
        BadRequest: There are no bytes.
    """
    if not data:
        raise BadRequest(f"{field}: is empty", field=field)
    own = sniffed(data)
    return Media(mime_type=own or mime_type.strip().lower(), data=data, name=name)


def decoded(text: str, field: str) -> bytes:
    """Return the bytes of base64, of either alphabet, padded or not.

    Args:
        text: Base64.
        field: Where it stands, for errors.

    Raises:
        BadRequest: It is no base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        pass  # the other alphabet, white space, or no padding: seldom, and slower to read
    plain = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest(f"{field}: is not base64", field=field) from None


def data_url(media: Media) -> str:
    """Return media as a `data:` URL.

    Args:
        media: Has its bytes.

    Example:
        >>> data_url(Media(mime_type="text/plain", data=b"hi"))
        'data:text/plain;base64,aGk='
    """
    encoded = base64.b64encode(media.data or b"").decode()
    return f"data:{media.mime_type};base64,{encoded}"
