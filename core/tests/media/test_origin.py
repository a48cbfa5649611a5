from __future__ import annotations

from typing import Any

import pytest

from plugway.media.origin import base_of
from plugway.request import Request
from plugway.settings import ServerSettings, Settings


def based(
    headers: dict[str, str],
    peer: tuple[str, int] | None = ("10.0.0.1", 4711),
    trusted: tuple[str, ...] = (),
    public_url: str = "",
    server: tuple[str, int | None] | None = ("192.0.2.1", 8000),
) -> str:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {
        "type": "http",
        "scheme": "http",
        "server": server,
        "client": peer,
        "headers": raw,
    }
    nothing: Any = None
    request = Request(
        scope, nothing, nothing, request_id="r", started=0.0, task=nothing, client_ip=""
    )
    table = ServerSettings(public_url=public_url, trusted_proxies=trusted)
    return base_of(request, Settings(server=table))


FORWARDED = {
    "host": "inside:8000",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "api.example.com",
}


def test_the_public_url_comes_before_everything() -> None:
    url = "https://gateway.example.com/sub"
    assert based(FORWARDED, public_url=url, trusted=("10.0.0.0/8",)) == url


def test_a_proxy_that_is_trusted_is_believed() -> None:
    found = based(FORWARDED, trusted=("10.0.0.0/8",))
    assert found == "https://api.example.com"


@pytest.mark.parametrize("peer", [("192.0.2.9", 1), ("", 0), None])
def test_nobody_else_is(peer: tuple[str, int] | None) -> None:
    assert based(FORWARDED, peer, ("10.0.0.0/8",)) == "http://inside:8000"
    assert based(FORWARDED, peer) == "http://inside:8000"


def test_of_several_values_the_nearest_proxys_counts() -> None:
    headers = {"x-forwarded-proto": "http, https", "x-forwarded-host": "evil.example, a.example"}
    assert based(headers, trusted=("10.0.0.1",)) == "https://a.example"


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        (("192.0.2.1", 8000), "http://192.0.2.1:8000"),
        (("::1", 8000), "http://[::1]:8000"),
        (("/run/plugway.sock", None), "http://127.0.0.1"),
        (None, "http://127.0.0.1"),
    ],
)
def test_a_host_that_is_none_is_not_written(
    server: tuple[str, int | None] | None, expected: str
) -> None:
    for host in ("", 'x"><script>', "a/b", "a b", "user@host", "a:99999999"):
        assert based({"host": host}, server=server) == expected
