"""Small real files, made here: what the addresses of results serve."""

from __future__ import annotations

import io
import struct
import wave
import zlib

from aiohttp import web

#: Pixels of a side, and how long the video lasts, in milliseconds.
SIDE, LASTS = 16, 5_041


def _chunk(name: bytes, data: bytes) -> bytes:
    check = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)


def _png() -> bytes:
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    rows = (b"\x00" + b"\x30\x70\xb0" * SIDE) * SIDE
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(rows)),
            _chunk(b"IEND", b""),
        )
    )


def _box(name: bytes, *parts: bytes) -> bytes:
    data = b"".join(parts)
    return struct.pack(">I", 8 + len(data)) + name + data


def _full(name: bytes, flags: int, *parts: bytes) -> bytes:
    return _box(name, struct.pack(">I", flags), *parts)


_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def _mp4(picture: bytes) -> bytes:
    """Make a video of one picture: ISO 14496-12, with the picture as its only sample."""
    head = _box(b"ftyp", b"qt  ", struct.pack(">I", 512), b"qt  isommp42")
    entry = _box(
        b"png ",
        bytes(6) + struct.pack(">H", 1) + bytes(16),
        struct.pack(">HHIIIH", SIDE, SIDE, 0x480000, 0x480000, 0, 1),
        bytes(32) + struct.pack(">Hh", 24, -1),
    )
    table = _box(
        b"stbl",
        _full(b"stsd", 0, struct.pack(">I", 1), entry),
        _full(b"stts", 0, struct.pack(">III", 1, 1, LASTS)),
        _full(b"stsc", 0, struct.pack(">IIII", 1, 1, 1, 1)),
        _full(b"stsz", 0, struct.pack(">III", 0, 1, len(picture))),
        # The picture follows the first box and the header of the second.
        _full(b"stco", 0, struct.pack(">II", 1, len(head) + 8)),
    )
    where = _box(b"dinf", _full(b"dref", 0, struct.pack(">I", 1), _full(b"url ", 1)))
    track = _box(
        b"trak",
        _full(
            b"tkhd",
            3,
            struct.pack(">IIIII", 0, 0, 1, 0, LASTS) + bytes(16),
            _MATRIX + struct.pack(">II", SIDE << 16, SIDE << 16),
        ),
        _box(
            b"mdia",
            _full(b"mdhd", 0, struct.pack(">IIIIHH", 0, 0, 1_000, LASTS, 0x55C4, 0)),
            _full(b"hdlr", 0, bytes(4) + b"vide" + bytes(12) + b"emulated\x00"),
            _box(b"minf", _full(b"vmhd", 1, bytes(8)), where, table),
        ),
    )
    movie = _full(
        b"mvhd",
        0,
        struct.pack(">IIIIIH", 0, 0, 1_000, LASTS, 0x10000, 0x100) + bytes(10),
        _MATRIX + bytes(24) + struct.pack(">I", 2),
    )
    return head + _box(b"mdat", picture) + _box(b"moov", movie, track)


def _wav() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8_000)
        sound.writeframes(bytes(1_600))
    return file.getvalue()


PNG = _png()
MP4 = _mp4(PNG)
WAV = _wav()

#: Frames of silence, MPEG-1 layer III, 128 kbit/s, 44.1 kHz.
MP3 = (b"\xff\xfb\x90\x64" + bytes(413)) * 4

_FILES = {
    "png": (PNG, "image/png"),
    "mp4": (MP4, "video/mp4"),
    "wav": (WAV, "audio/wav"),
    "mp3": (MP3, "audio/mpeg"),
}


async def serve(request: web.Request) -> web.StreamResponse:
    """Serve a file by the suffix of its name; whoever has the address may have it."""
    suffix = request.match_info["name"].rpartition(".")[2]
    if suffix not in _FILES or "sign" not in request.query:
        raise web.HTTPNotFound
    body, content_type = _FILES[suffix]
    return web.Response(body=body, content_type=content_type)
