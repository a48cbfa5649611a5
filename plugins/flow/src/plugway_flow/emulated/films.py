"""Small real videos, made here: another text, another video."""

from __future__ import annotations

import struct

from plugway_flow.emulated.pictures import jpeg

#: Units of time in a second.
SCALE = 1_000

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def mp4(about: str, width: int, height: int, seconds: float, *, frames: int = 2) -> bytes:
    """Make a video of JPEG pictures: ISO 14496-12, and 14496-1 for what they are.

    Args:
        about: What it is of.
        width: Pixels, above 0.
        height: Pixels, above 0.
        seconds: How long it lasts.
        frames: Pictures, 1 or more.

    Example:
        >>> made = mp4("a lighthouse", 64, 36, 8.0)
        >>> made[4:12], lasts(made)
        (b'ftypisom', 8.0)
    """
    pictures = [jpeg(f"{about}#{number}", width, height) for number in range(frames)]
    each = round(seconds * SCALE / frames)
    head = _box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomiso2mp41")
    # The pictures follow this box and the header of the next.
    table = _table(pictures, each, _entry(width, height), len(head) + 8)
    movie = _full(
        b"mvhd",
        0,
        struct.pack(">IIIIIH", 0, 0, SCALE, each * frames, 0x10000, 0x100) + bytes(10),
        _MATRIX + bytes(24) + struct.pack(">I", 2),
    )
    track = _track(width, height, each * frames, table)
    return head + _box(b"mdat", *pictures) + _box(b"moov", movie, track)


def lasts(content: bytes) -> float:
    """Return how many seconds a video says that it lasts.

    Args:
        content: Its bytes.

    Raises:
        ValueError: It says nothing.
    """
    at = content.find(b"mvhd")
    if at < 0:
        raise ValueError("no video")
    scale, duration = struct.unpack(">II", content[at + 16 : at + 24])
    return float(duration / scale)


def _track(width: int, height: int, units: int, table: bytes) -> bytes:
    where = _box(b"dinf", _full(b"dref", 0, struct.pack(">I", 1), _full(b"url ", 1)))
    head = struct.pack(">IIIII", 0, 0, 1, 0, units) + bytes(16)
    return _box(
        b"trak",
        _full(b"tkhd", 3, head, _MATRIX + struct.pack(">II", width << 16, height << 16)),
        _box(
            b"mdia",
            _full(b"mdhd", 0, struct.pack(">IIIIHH", 0, 0, SCALE, units, 0x55C4, 0)),
            _full(b"hdlr", 0, bytes(4) + b"vide" + bytes(12) + b"emulated\x00"),
            _box(b"minf", _full(b"vmhd", 1, bytes(8)), where, table),
        ),
    )


def _entry(width: int, height: int) -> bytes:
    """Say what a sample is: a JPEG, as ISO 14496-1 numbers it."""
    decoder = _descriptor(4, bytes((0x6C, 0x11)) + bytes(11))
    stream = _descriptor(3, struct.pack(">HB", 1, 0) + decoder + _descriptor(6, b"\x02"))
    return _box(
        b"mp4v",
        bytes(6) + struct.pack(">H", 1) + bytes(16),
        struct.pack(">HHIIIH", width, height, 0x480000, 0x480000, 0, 1),
        bytes(32) + struct.pack(">Hh", 24, -1),
        _full(b"esds", 0, stream),
    )


def _table(pictures: list[bytes], each: int, entry: bytes, at: int) -> bytes:
    count = len(pictures)
    sizes = struct.pack(f">II{count}I", 0, count, *(len(picture) for picture in pictures))
    return _box(
        b"stbl",
        _full(b"stsd", 0, struct.pack(">I", 1), entry),
        _full(b"stts", 0, struct.pack(">III", 1, count, each)),
        _full(b"stsc", 0, struct.pack(">IIII", 1, 1, count, 1)),
        _full(b"stsz", 0, sizes),
        _full(b"stco", 0, struct.pack(">II", 1, at)),
    )


def _box(name: bytes, *parts: bytes) -> bytes:
    data = b"".join(parts)
    return struct.pack(">I", 8 + len(data)) + name + data


def _full(name: bytes, flags: int, *parts: bytes) -> bytes:
    return _box(name, struct.pack(">I", flags), *parts)


def _descriptor(tag: int, content: bytes) -> bytes:
    return bytes((tag, len(content))) + content
