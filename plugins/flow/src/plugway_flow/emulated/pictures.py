"""Small real pictures, made here: another text, another picture."""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib

#: Pixels of the side of one tile.
TILE = 8

#: What a tile looks like: red, green, blue.
Colour = tuple[int, int, int]

_PNG = b"\x89PNG\r\n\x1a\n"


def mosaic(about: str, width: int, height: int) -> list[list[Colour]]:
    """Return the tiles of a picture, row by row.

    Args:
        about: What it is of.
        width: Pixels, above 0.
        height: Pixels, above 0.
    """
    across, down = -(-width // TILE), -(-height // TILE)
    drawn = hashlib.shake_256(about.encode()).digest(3 * across * down)
    tiles = [(drawn[i], drawn[i + 1], drawn[i + 2]) for i in range(0, len(drawn), 3)]
    return [tiles[row * across : (row + 1) * across] for row in range(down)]


def png(about: str, width: int, height: int) -> bytes:
    """Make a PNG.

    Args:
        about: What it is of.
        width: Pixels, above 0.
        height: Pixels, above 0.

    Example:
        >>> seen(png("a lighthouse", 12, 9))
        ('image/png', 12, 9)
        >>> png("a lighthouse", 12, 9) == png("a sailor", 12, 9)
        False
    """
    rows = bytearray()
    for row in mosaic(about, width, height):
        line = b"\x00" + b"".join(bytes(tile) * TILE for tile in row)[: 3 * width]
        rows += line * TILE
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(rows[: height * (3 * width + 1)]))
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return _PNG + b"".join(_chunk(name, content) for name, content in chunks)


def jpeg(about: str, width: int, height: int) -> bytes:
    """Make a baseline JPEG: ITU T.81, each block of one colour.

    Args:
        about: What it is of.
        width: Pixels, above 0.
        height: Pixels, above 0.

    Example:
        >>> seen(jpeg("a lighthouse", 12, 9))
        ('image/jpeg', 12, 9)
    """
    bits = _Bits()
    last = [0, 0, 0]
    for row in mosaic(about, width, height):
        for tile in row:
            for part, value in enumerate(_levels(tile)):
                bits.difference(value - last[part])
                last[part] = value
    frame = struct.pack(">BHHB", 8, height, width, 3) + bytes((1, 17, 0, 2, 17, 0, 3, 17, 0))
    scan = bytes((3, 1, 0, 2, 0, 3, 0, 0, 63, 0))
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"),
            # A quantum of 8 makes the mean of a block its first coefficient.
            _segment(0xDB, bytes((0, *(8,) * 64))),
            _segment(0xC0, frame),
            # Of the first coefficient: twelve categories, each in four bits.
            _segment(0xC4, bytes((0x00, 0, 0, 0, 12, *(0,) * 12, *range(12)))),
            # Of the others: they end at once, in one bit.
            _segment(0xC4, bytes((0x10, 1, *(0,) * 15, 0))),
            _segment(0xDA, scan),
            bits.done(),
            b"\xff\xd9",
        )
    )


def seen(content: bytes) -> tuple[str, int, int]:
    """Return the type, width and height of a picture; sizes of 0: not looked for.

    Args:
        content: Its bytes.

    Raises:
        ValueError: It is no PNG, JPEG, WebP or GIF.
    """
    if content.startswith(_PNG) and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return "image/png", width, height
    if content.startswith(b"\xff\xd8\xff"):
        at = content.find(b"\xff\xc0")
        if at < 0 or len(content) < at + 9:
            return "image/jpeg", 0, 0
        height, width = struct.unpack(">HH", content[at + 5 : at + 9])
        return "image/jpeg", width, height
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp", 0, 0
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif", 0, 0
    raise ValueError("no picture")


def encoded(content: bytes) -> str:
    """Write bytes as JSON has them."""
    return base64.b64encode(content).decode()


class _Bits:
    """Writes the coefficients of one scan."""

    def __init__(self) -> None:
        self._bits: list[str] = []

    def difference(self, value: int) -> None:
        """Write a first coefficient, and that no others follow."""
        size = abs(value).bit_length()
        low = value if value >= 0 else value + (1 << size) - 1
        self._bits.append(f"{size:04b}" + (f"{low:0{size}b}" if size else "") + "0")

    def done(self) -> bytes:
        """Return the bytes: the last is filled with ones, and none looks like a marker."""
        text = "".join(self._bits)
        text += "1" * (-len(text) % 8)
        content = int(text, 2).to_bytes(len(text) // 8, "big")
        return content.replace(b"\xff", b"\xff\x00")


def _levels(tile: Colour) -> tuple[int, int, int]:
    """Return a colour as luminance and chrominance around 0."""
    red, green, blue = tile
    luminance = 0.299 * red + 0.587 * green + 0.114 * blue
    levels = (luminance - 128, (blue - luminance) * 0.564, (red - luminance) * 0.713)
    first, second, third = (max(-128, min(127, round(level))) for level in levels)
    return first, second, third


def _segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", 2 + len(content)) + content


def _chunk(name: bytes, data: bytes) -> bytes:
    check = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)
