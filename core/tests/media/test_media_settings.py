from __future__ import annotations

from typing import Any

import pytest

from plugway.errors import ConfigurationError
from plugway.settings import MediaSettings

KEYS = {"access_key": "a", "secret_key": "canary"}


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"folder": "../elsewhere"},
        {"bucket": "my.bucket-1", "endpoint": "http://127.0.0.1:9000", **KEYS},
        {"bucket": "abc", "prefix": "a/b_c/d.e/"},
        {"bucket": "abc", "prefix": "a-"},
    ],
)
def test_what_can_be_set(said: dict[str, Any]) -> None:
    assert "canary" not in repr(MediaSettings(**said))


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"folder": "a\nb"}, "folder"),
        ({"bucket": "ab"}, "bucket"),
        ({"bucket": "My_Bucket"}, "bucket"),
        ({"bucket": "a" * 64}, "bucket"),
        ({"bucket": "abc", "endpoint": "minio:9000"}, "endpoint"),
        ({"bucket": "abc", "endpoint": "https://minio/"}, "endpoint"),
        ({"bucket": "abc", "access_key": "a"}, "secret_key"),
        ({"bucket": "abc", "secret_key": "a"}, "access_key"),
        ({"bucket": "abc", "prefix": "/a"}, "prefix"),
        ({"bucket": "abc", "prefix": "a//b"}, "prefix"),
        ({"bucket": "abc", "prefix": "a/../b"}, "prefix"),
        ({"bucket": "abc", "prefix": "a" * 101}, "prefix"),
        ({"bucket": "abc", "prefix": "a" * 99 + "é"}, "prefix"),
        ({"prefix": "a/"}, "bucket"),
        (KEYS, "bucket"),
    ],
)
def test_what_cannot(said: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        MediaSettings(**said)
    assert refused.value.field == field
