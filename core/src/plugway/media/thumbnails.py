"""Small pictures of images, for lists of them."""

from __future__ import annotations

import asyncio
import io
from importlib import import_module
from typing import Any

from plugway.errors import NotFound

#: Pixels of the longer side.
SIDE = 320

#: What a thumbnail is.
TYPE = "image/webp"

#: Bytes and pixels of an image that is made small; a few bytes can claim to be any number of
#: pixels, each of which would take memory.
MOST_BYTES = 64 << 20
MOST_PIXELS = 64_000_000

#: Images that one process makes small at once: each takes its pixels in memory.
_AT_ONCE = 2

_QUALITY = 80

#: What is read, by the types that upstreams make; a reader of any other format is not tried.
_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP", "image/gif": "GIF"}


def is_drawn(mime_type: str) -> bool:
    """Say whether there can be a small picture of it."""
    return mime_type in _FORMATS


class Thumbnails:
    """Makes images small, a few at once, in threads."""

    def __init__(self) -> None:
        """Begin."""
        self._slots = asyncio.Semaphore(_AT_ONCE)

    def check(self, mime_type: str, size: int) -> None:
        """Check that a thumbnail can be made, before its bytes are read.

        Args:
            mime_type: What it is.
            size: Its bytes.

        Raises:
            NotFound: None can; the message says why.
        """
        if not is_drawn(mime_type):
            raise NotFound(f"There is no thumbnail of what is {mime_type}.")
        if size > MOST_BYTES:
            raise NotFound("The image is too large for a thumbnail.")
        _pillow()

    async def make(self, content: bytes, mime_type: str) -> bytes:
        """Return a small picture.

        Args:
            content: An image.
            mime_type: What `check` has let through.

        Raises:
            NotFound: It cannot be read, or has too many pixels.
        """
        async with self._slots:
            return await asyncio.to_thread(_small, _pillow(), content, _FORMATS[mime_type])


def _pillow() -> Any:
    try:
        return import_module("PIL.Image")
    except ImportError:
        raise NotFound(
            "Thumbnails need the extra thumbnails; run: pip install 'plugway[thumbnails]'"
        ) from None


def _small(pillow: Any, content: bytes, form: str) -> bytes:
    try:
        with pillow.open(io.BytesIO(content), formats=(form,)) as image:
            # Only its head has been read.
            if image.width * image.height > MOST_PIXELS:
                raise NotFound("The image has too many pixels for a thumbnail.")
            return _drawn(image)
    except NotFound:
        raise
    except Exception as error:  # noqa: BLE001  # a reader of broken images raises anything
        raise NotFound(f"The image cannot be read: {type(error).__name__}.") from None


def _drawn(image: Any) -> bytes:
    # A JPEG is decoded at a fraction of its size already.
    image.draft("RGB", (SIDE, SIDE))
    turned = import_module("PIL.ImageOps").exif_transpose(image)
    turned.thumbnail((SIDE, SIDE))
    small = turned.convert("RGBA" if turned.has_transparency_data else "RGB")
    drawn = io.BytesIO()
    small.save(drawn, "WEBP", quality=_QUALITY)
    return drawn.getvalue()
