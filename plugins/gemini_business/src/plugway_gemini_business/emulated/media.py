"""Small real files, made here, and what can be seen of files that come."""

from __future__ import annotations

import math
import random
import struct
import zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png(width: int, height: int, *, noise: int | None = None) -> bytes:
    """Make a picture of one colour, or one that cannot be made smaller.

    Args:
        width: Pixels, above 0.
        height: Pixels, above 0.
        noise: Another number, another picture; None: one colour.

    Example:
        >>> seen(png(3, 2), "image/png")
        '3×2'
    """
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    if noise is None:
        rows = (b"\x00" + b"\x30\x70\xb0" * width) * height
    else:
        # S311: not kept secret.
        drawn = random.Random(noise)  # noqa: S311
        rows = b"".join(b"\x00" + drawn.randbytes(3 * width) for _ in range(height))
    data = zlib.compress(rows, 6 if noise is None else 0)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(name, content) for name, content in chunks)


def big_png(least: int, *, noise: int) -> bytes:
    """Make a picture of at least so many bytes.

    Args:
        least: Bytes, 1 or more.
        noise: Another number, another picture.

    Example:
        >>> len(big_png(100_000, noise=1)) >= 100_000
        True
    """
    side = math.isqrt(least // 3) + 1
    return png(side, side, noise=noise)


def mp4() -> bytes:
    """Make the head of a video: what tells programs that it is one, and no pictures.

    Example:
        >>> seen(mp4(), "video/mp4")
        'isom'
    """
    movie = struct.pack(">IIIIIH", 0, 0, 1_000, 1_000, 0x10000, 0x100) + bytes(10)
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    head = _box(b"ftyp", b"isom" + struct.pack(">I", 512) + b"isomiso2mp41")
    mvhd = _box(b"mvhd", bytes(4) + movie + matrix + bytes(24) + struct.pack(">I", 1))
    return head + _box(b"moov", mvhd) + _box(b"mdat", b"")


def seen(content: bytes, mime_type: str) -> str:
    """Return what can be seen of a file: the size of a picture, the brand of a video.

    Args:
        content: Its bytes.
        mime_type: Its type.

    Raises:
        ValueError: It is not of that type.
    """
    if mime_type == "image/png":
        if not content.startswith(_SIGNATURE) or len(content) < 24:
            raise ValueError(mime_type)
        width, height = struct.unpack(">II", content[16:24])
        return f"{width}×{height}"
    if mime_type == "image/jpeg" and not content.startswith(b"\xff\xd8\xff"):
        raise ValueError(mime_type)
    if content[4:8] == b"ftyp":
        return content[8:12].decode("ascii", "replace").strip()
    return ""


def _chunk(name: bytes, data: bytes) -> bytes:
    check = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)


def _box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", 8 + len(data)) + name + data
