"""Which requests come straight from this machine."""

from __future__ import annotations

import pytest

from plugway.identity.nearby import comes_from_here
from plugway.loopback import is_loopback

HOST = (b"host", b"127.0.0.1:8000")


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", [b"127.0.0.1:8000", b"localhost", b"LOCALHOST:1", b"[::1]:8000"])
def test_a_program_of_this_machine(peer: str, host: bytes) -> None:
    assert comes_from_here({"client": (peer, 1), "headers": [(b"host", host)]})


@pytest.mark.parametrize(
    "client",
    [None, ("", 0), ("192.0.2.1", 1), ("::ffff:192.0.2.1", 1), ("10.0.0.1", 1), ("localhost.x", 1)],
)
def test_another_machine_or_nobody_knows(client: object) -> None:
    assert not comes_from_here({"client": client, "headers": [HOST]})


@pytest.mark.parametrize(
    "name",
    [
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-anything",
        "x-real-ip",
        "via",
        "cf-connecting-ip",
        "true-client-ip",
        "x-original-url",
        "x-original-forwarded-for",
        "x-forwarded",
        "x-remote-ip",
        "cdn-loop",
        "tailscale-user-login",
    ],
)
@pytest.mark.parametrize("value", [b"", b"127.0.0.1"])
def test_what_a_proxy_passed_on(name: str, value: bytes) -> None:
    headers = [HOST, (name.encode(), value)]
    assert not comes_from_here({"client": ("127.0.0.1", 1), "headers": headers})


@pytest.mark.parametrize(
    "host",
    [
        b"",
        b"example.com",
        b"example.com:8000",
        b"localhost.example.com",
        b"127.0.0.1.example.com",
        b"127.0.0.1@example.com",
        b"example.com@127.0.0.1",
        b"127.0.0.1/../x",
        b"127.0.0.1?x",
        b"127.0.0.1#.example.com",
        b"127.0.0.1%.example.com",
        b"127.0\t.0.1",
        b"0.0.0.0",
        b"192.0.2.1",
        b"[::1",
        b"127.0.0.1:port",
        b"\xff",
    ],
)
def test_a_name_that_is_not_this_machines_own(host: bytes) -> None:
    # A page whose name was bound to 127.0.0.1 by its owner asks for that name.
    assert not comes_from_here({"client": ("127.0.0.1", 1), "headers": [(b"host", host)]})


def test_what_a_proxy_asks_that_keeps_to_its_defaults() -> None:
    # Nginx says to those behind it nothing of the client, and asks for their own name.
    headers = [(b"host", b"127.0.0.1:8000"), (b"connection", b"close")]
    scope = {"client": ("127.0.0.1", 1), "headers": headers, "http_version": "1.0"}
    assert not comes_from_here(scope)
    assert comes_from_here({**scope, "http_version": "1.1"})


def test_a_host_is_named_once() -> None:
    assert not comes_from_here({"client": ("127.0.0.1", 1), "headers": []})
    assert not comes_from_here({"client": ("127.0.0.1", 1), "headers": [HOST, HOST]})


@pytest.mark.parametrize(
    ("header", "here"),
    [
        ((b"origin", b"http://localhost:3000"), True),
        ((b"origin", b"https://127.0.0.1"), True),
        ((b"origin", b"https://evil.example"), False),
        ((b"origin", b"null"), False),
        ((b"origin", b""), False),
        ((b"origin", b"file://"), False),
        ((b"sec-fetch-site", b"same-origin"), True),
        ((b"sec-fetch-site", b"none"), True),
        ((b"sec-fetch-site", b"cross-site"), False),
    ],
)
def test_a_page_of_another_site(header: tuple[bytes, bytes], here: bool) -> None:
    scope = {"client": ("127.0.0.1", 1), "headers": [HOST, header]}
    assert comes_from_here(scope) is here


@pytest.mark.parametrize(
    "host",
    [
        "",
        "0.0.0.0",  # noqa: S104  # compared, not bound
        "::",
        "example.com",
        "10.0.0.1",
        "127.0.0.1 ",
        "127.0.0.1%x",
    ],
)
def test_hosts_that_others_reach(host: str) -> None:
    assert not is_loopback(host)
