"""Types that bytes show by their beginning."""

from __future__ import annotations

#: How kinds of media begin, with their types.
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"%PDF-", "application/pdf"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    # Frames without a title before them: of layer III, and of AAC.
    *((bytes((0xFF, second)), "audio/mpeg") for second in (0xFA, 0xFB, 0xF2, 0xF3, 0xE2, 0xE3)),
    *((bytes((0xFF, second)), "audio/aac") for second in (0xF0, 0xF1, 0xF8, 0xF9)),
)

#: What comes first in a file of QuickTime's that is older than brands.
_ATOMS = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")

_BRANDS = {
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"qt  ": "video/quicktime",
    b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
}


def sniffed(data: bytes) -> str:
    """Return the type that bytes show by their beginning; empty: none that is known.

    Args:
        data: At least the first 16 bytes.

    Example:
        >>> sniffed(b"RIFF....WEBPVP8 ")
        'image/webp'
    """
    for beginning, mime_type in _BEGINNINGS:
        if data.startswith(beginning):
            return mime_type
    if data[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}.get(
            data[8:12], ""
        )
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], "video/mp4")
    return "video/quicktime" if data[4:8] in _ATOMS else ""
