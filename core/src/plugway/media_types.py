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
    (b"ID3", "audio/mpeg"),
)


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
        brand = data[8:12]
        if brand in (b"heic", b"heix", b"mif1"):
            return "image/heic"
        if brand == b"avif":
            return "image/avif"
        return {b"qt  ": "video/quicktime", b"3gp4": "video/3gpp", b"3gp5": "video/3gpp"}.get(
            brand, "video/mp4"
        )
    return ""
