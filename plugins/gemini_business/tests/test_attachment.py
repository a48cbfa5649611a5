"""Which files the upstream takes (reference §1.6)."""

from __future__ import annotations

import pytest

from plugway import BadRequest, Media
from plugway_gemini_business.attachment import accepted_type


@pytest.mark.parametrize(
    ("mime_type", "sent"),
    [
        ("image/png", "image/png"),
        ("image/jpg", "image/jpeg"),
        ("IMAGE/WEBP; q=1", "image/webp"),
        ("image/gif", "image/gif"),
        ("video/mp4", "video/mp4"),
        ("video/webm", "video/webm"),
        ("video/quicktime", "video/mp4"),
        ("video/x-msvideo", "video/mp4"),
        ("video/x-matroska", "video/mp4"),
        ("application/pdf", "application/pdf"),
        ("text/markdown", "text/markdown"),
    ],
)
def test_it_goes_under_this_type(mime_type: str, sent: str) -> None:
    assert accepted_type(Media(mime_type=mime_type, data=b"x")) == sent


@pytest.mark.parametrize("mime_type", ["image/heic", "image/bmp", "audio/mpeg", "video/x-flv", ""])
def test_others_are_refused_by_name(mime_type: str) -> None:
    with pytest.raises(BadRequest, match="Unsupported file type"):
        accepted_type(Media(mime_type=mime_type, data=b"x"))


def test_a_name_or_an_address_tells_the_type_where_nobody_says() -> None:
    assert accepted_type(Media(name="a.pdf", data=b"x")) == "application/pdf"
    url = "https://example.com/a.png?b=c"
    assert accepted_type(Media(mime_type="application/octet-stream", url=url)) == "image/png"
