from __future__ import annotations

import pytest

from plugway.media.forms import end_of, is_shown, served_as, type_of


@pytest.mark.parametrize(
    ("head", "said", "mime_type", "end"),
    [
        (b"\x89PNG\r\n\x1a\n", "video/mp4", "image/png", "png"),
        (b"\xff\xd8\xff\xe0", "", "image/jpeg", "jpg"),
        (b"GIF89a", "", "image/gif", "gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "", "image/webp", "webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "", "audio/wav", "wav"),
        (b"\0\0\0\x20ftypisom", "", "video/mp4", "mp4"),
        (b"\0\0\0\x20ftypavif", "", "image/avif", "avif"),
        (b"\0\0\0\x20ftypM4A ", "", "audio/mp4", "m4a"),
        (b"\0\0\0\x14ftypqt  ", "", "video/quicktime", "mov"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "", "video/quicktime", "mov"),
        (b"\x1aE\xdf\xa3", "", "video/webm", "webm"),
        (b"ID3\x04", "", "audio/mpeg", "mp3"),
        (b"\xff\xfb\x90\x64", "", "audio/mpeg", "mp3"),
        (b"\xff\xf1\x50\x80", "", "audio/aac", "aac"),
        (b"fLaC\0\0\0\x22", "", "audio/flac", "flac"),
        (b"OggS\0\x02", "", "audio/ogg", "ogg"),
        (b"%PDF-1.7", "", "application/pdf", "pdf"),
        # What bytes do not tell is as it is said.
        (b"\0\0", "Audio/MPEG; rate=1", "audio/mpeg", "mp3"),
        (b"<svg>", "image/svg+xml", "image/svg+xml", "bin"),
        (b"", "", "application/octet-stream", "bin"),
        (b"", "no type", "application/octet-stream", "bin"),
        (b"", "image/png\r\nset-cookie: a", "application/octet-stream", "bin"),
        (b"", "a/" + "b" * 200, "application/octet-stream", "bin"),
    ],
)
def test_a_type_is_told_by_the_bytes_first(
    head: bytes, said: str, mime_type: str, end: str
) -> None:
    assert type_of(head, said) == mime_type
    assert end_of(mime_type) == end
    # What has no end of its own is handed out as bytes, to be saved.
    assert (served_as(mime_type) == mime_type and end != "bin") or not is_shown(mime_type)


@pytest.mark.parametrize(
    "mime_type", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "x/y"]
)
def test_what_a_browser_might_run_is_just_bytes(mime_type: str) -> None:
    assert served_as(mime_type) == "application/octet-stream"
    assert not is_shown(mime_type)
