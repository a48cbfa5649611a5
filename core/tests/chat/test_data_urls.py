"""Media in `data:` URLs."""

from __future__ import annotations

import pytest

from plugway import BadRequest
from plugway.chat.data_urls import MAX_ESCAPES, media_of


def test_escaped_bytes_are_read_as_far_as_that_is_quick() -> None:
    assert media_of("data:text/plain,a%20b", "x").data == b"a b"
    most = media_of("data:text/plain," + "%00" * MAX_ESCAPES, "x").data
    assert most == bytes(MAX_ESCAPES)
    with pytest.raises(BadRequest, match=r"^image_url: .* must be base64$"):
        media_of("data:text/plain," + "%00" * (MAX_ESCAPES + 1), "image_url")
