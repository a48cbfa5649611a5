"""A base URL is checked when it is saved, and the message shows the right form."""

from __future__ import annotations

import pytest

from plugway.channels.base_url import check_base_url
from plugway.errors import BadRequest


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://api.example.com", "https://api.example.com"),
        (" http://127.0.0.1:8080 ", "http://127.0.0.1:8080"),
        ("HTTPS://Api.Example.com", "https://api.example.com"),
        ("http://[::1]:9", "http://[::1]:9"),
    ],
)
def test_origin_is_kept(text: str, kept: str) -> None:
    assert check_base_url(text, "origin") == kept


@pytest.mark.parametrize(
    "text",
    [
        "https://api.example.com/",
        "https://api.example.com/v1",
        "https://api.example.com?x=1",
        "https://api.example.com#x",
        "https://user:secret@api.example.com",
    ],
)
def test_more_than_an_origin_is_refused_with_the_right_form(text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        check_base_url(text, "origin")
    assert caught.value.field == "base_url"
    assert "https://api.example.com" in caught.value.message
    assert "secret@" not in caught.value.message


@pytest.mark.parametrize(
    "text",
    ["", "api.example.com", "ftp://x", "https://", "http://a:99999", "http://a b", "http://[x"],
)
def test_what_is_no_url_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        check_base_url(text, "any")


def test_a_path_is_kept_where_the_provider_takes_one() -> None:
    assert check_base_url("https://h/v1", "any") == "https://h/v1"
    with pytest.raises(BadRequest, match="https://h/v1"):
        check_base_url("https://h/v1/", "any")
