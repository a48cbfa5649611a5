"""Small pictures of images, in the folder beside them."""

from __future__ import annotations

import io
import struct
import sys
import zlib

import pytest
from gallery import Gallery
from PIL import Image

from plugway.errors import NotFound
from plugway.storage.database import Database

pytestmark = pytest.mark.anyio


def picture(form: str, size: tuple[int, int], mode: str = "RGB") -> bytes:
    drawn = io.BytesIO()
    Image.new(mode, size, "red").save(drawn, form)
    return drawn.getvalue()


def bomb(width: int, height: int) -> bytes:
    """Make a PNG of a few bytes that claims to be large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*one) for one in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    )


@pytest.mark.parametrize(
    ("form", "size", "mode", "small"),
    [
        ("PNG", (1280, 640), "RGBA", (320, 160)),
        ("JPEG", (300, 1200), "RGB", (80, 320)),
        ("WEBP", (400, 400), "RGB", (320, 320)),
        ("GIF", (10, 20), "P", (10, 20)),
    ],
)
async def test_an_image_is_shown_small(
    sqlite: Database,
    gallery: Gallery,
    form: str,
    size: tuple[int, int],
    mode: str,
    small: tuple[int, int],
) -> None:
    store = gallery.store(sqlite)
    kept = await store.keep(picture(form, size, mode), call_id="a", user_id=1)
    drawn = await store.thumbnail(kept)
    with Image.open(io.BytesIO(drawn)) as image:
        assert (image.format, image.size) == ("WEBP", small)
    # It is made once, and goes with its image.
    (beside,) = [path for path in gallery.files() if path.name != kept.id]
    beside.write_bytes(b"as it was")
    assert await store.thumbnail(kept) == b"as it was"
    await store.remove(kept.id)
    assert gallery.files() == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\0\0\0 ftypisom", "no thumbnail of what is video/mp4"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "cannot be read"),
        (bomb(60_000, 60_000), "cannot be read: DecompressionBombError"),
        (bomb(9_000, 8_000), "too many pixels"),
        # It says that it is a JPEG, so no reader of anything else is tried.
        (b"\xff\xd8\xff" + picture("PNG", (9, 9)), "cannot be read"),
    ],
)
async def test_what_has_no_thumbnail(
    sqlite: Database, gallery: Gallery, content: bytes, reason: str
) -> None:
    store = gallery.store(sqlite)
    kept = await store.keep(content, call_id="a", user_id=1)
    with pytest.raises(NotFound, match=reason):
        await store.thumbnail(kept)
    assert len(gallery.files()) == 1


async def test_without_pillow_there_is_none(
    sqlite: Database, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = gallery.store(sqlite)
    kept = await store.keep(picture("PNG", (9, 9)), call_id="a", user_id=1)
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(NotFound, match=r"plugway\[thumbnails\]"):
        await store.thumbnail(kept)
