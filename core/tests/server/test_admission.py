"""Which heads are let in."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway.errors import BadRequest, ClientError, MethodNotAllowed, PayloadTooLarge
from plugway.server import admission
from plugway.server.refusals import HeadersTooLarge, TargetTooLong, VersionNotServed
from plugway.settings import ServerSettings

LIMITS = ServerSettings(max_header_bytes=1_000, max_headers=5, max_body_bytes=100)
HOST = (b"host", b"gateway")


def scope(
    target: str = "/v1/models",
    *headers: tuple[bytes, bytes],
    host: bool = True,
    query: bytes = b"",
    **changes: Any,
) -> dict[str, Any]:
    """Make a scope as a server does: the path decoded once."""
    return {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": "GET",
        "path": unquote(target),
        "raw_path": target.encode("latin-1"),
        "query_string": query,
        "headers": [HOST, *headers] if host else list(headers),
        **changes,
    }


def admit(scope: dict[str, Any], limits: ServerSettings, **named: Any) -> int | None:
    return admission.admit(scope, dict(scope["headers"]), limits, **named)


def test_returns_the_length_of_the_body() -> None:
    assert admit(scope(), LIMITS) == 0
    assert admit(scope("/", (b"content-length", b"0")), LIMITS) == 0
    assert admit(scope("/", (b"content-length", b"100")), LIMITS) == 100
    assert admit(scope("/", (b"transfer-encoding", b"Chunked")), LIMITS) is None


@pytest.mark.parametrize("length", [b"101", b"9" * 900])
def test_refuses_a_large_body_before_it_is_read(length: bytes) -> None:
    with pytest.raises(PayloadTooLarge):
        admit(scope("/", (b"content-length", length)), LIMITS)


@pytest.mark.parametrize(
    "length", [b"", b" ", b"-1", b"+1", b"1.0", b"1_0", b"0x1", b"1,1", "\u0661".encode()]
)
def test_refuses_lengths_that_are_no_numbers(length: bytes) -> None:
    with pytest.raises(BadRequest):
        admit(scope("/", (b"content-length", length)), LIMITS)


@pytest.mark.parametrize("name", [b"host", b"content-length", b"transfer-encoding"])
def test_refuses_framing_that_is_there_twice(name: bytes) -> None:
    value = b"chunked" if name == b"transfer-encoding" else b"1"
    with pytest.raises(BadRequest, match="twice"):
        admit(scope("/", (name, value), (name, value), host=name != b"host"), LIMITS)


def test_other_headers_may_repeat() -> None:
    assert admit(scope("/", (b"accept", b"a"), (b"accept", b"b")), LIMITS) == 0


@pytest.mark.parametrize("coding", [b"gzip", b"gzip, chunked", b"chunked, chunked", b"", b"x"])
def test_refuses_other_transfer_codings(coding: bytes) -> None:
    with pytest.raises(BadRequest):
        admit(scope("/", (b"transfer-encoding", coding)), LIMITS)


def test_refuses_chunks_with_a_length_and_chunks_in_http_1_0() -> None:
    chunked = (b"transfer-encoding", b"chunked")
    with pytest.raises(BadRequest):
        admit(scope("/", chunked, (b"content-length", b"1")), LIMITS)
    with pytest.raises(BadRequest):
        admit(scope("/", chunked, http_version="1.0"), LIMITS)


def test_host_may_be_missing_only_before_http_1_1() -> None:
    for version in ("1.0", "1"):
        assert admit(scope(host=False, http_version=version), LIMITS) == 0
    with pytest.raises(BadRequest):
        admit(scope(host=False), LIMITS)
    with pytest.raises(BadRequest):
        admit(scope("/", (b"host", b""), host=False), LIMITS)


def test_http2_needs_tls_or_permission() -> None:
    clear = scope(http_version="2")
    with pytest.raises(VersionNotServed):
        admit(clear, LIMITS)
    # Its frames tell where a body ends, not its headers.
    assert admit(clear, LIMITS, cleartext_http2=True) is None
    assert admit(scope(http_version="2", scheme="https"), LIMITS) is None
    for version in ("2.0", "0.9", "3.1", ""):
        with pytest.raises(VersionNotServed):
            admit(scope(http_version=version, scheme="https"), LIMITS, cleartext_http2=True)


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "get", "PRI", "", "GET "])
def test_refuses_odd_methods(method: str) -> None:
    with pytest.raises(MethodNotAllowed):
        admit(scope(method=method), LIMITS)


def test_counts_headers_and_their_bytes() -> None:
    many = [(b"x-%d" % number, b"y") for number in range(4)]
    admit(scope("/", *many), LIMITS)
    with pytest.raises(HeadersTooLarge):
        admit(scope("/", *many, (b"z", b"z")), LIMITS)
    rest = 1_000 - len(b"".join(HOST)) - len(b"x")
    admit(scope("/", (b"x", b"y" * rest)), LIMITS)
    with pytest.raises(HeadersTooLarge):
        admit(scope("/", (b"x", b"y" * (rest + 1))), LIMITS)
    with pytest.raises(HeadersTooLarge):
        admit(scope("/", (b"x", b"y" * 600), (b"x", b"y" * 600)), LIMITS)


def test_limits_the_target() -> None:
    admit(scope("/", query=b"x" * 900), LIMITS)
    with pytest.raises(TargetTooLong):
        admit(scope("/", query=b"x" * 1_000), LIMITS)
    with pytest.raises(TargetTooLong):
        admit(scope("/" + "x" * 1_000), LIMITS)


@pytest.mark.parametrize(
    "target",
    [
        "",
        "*",
        "v1",
        "http://evil.example/",
        "//",
        "/a//b",
        "/a/",
        "/.",
        "/..",
        "/a/../b",
        "/a/./b",
        "/%2e%2e/b",
        "/%252E%252e/b",
        "/.%252e",
        "/..;/b",
        "/..;x=y",
        "/%2f",
        "/a\\b",
        "/%5c",
        "/%00",
        "/a%0d%0ab",
        "/%09",
        "/%1b",
        "/%7f",
        "/%c2%80",
        "/%e2%80%a8",
        "/%ff",
        "/%ef%bf%bd",
        "/a#b",
    ],
)
def test_refuses_paths_that_could_be_read_in_two_ways(target: str) -> None:
    if target == "/a/":
        assert admit(scope(target), LIMITS) == 0
        return
    with pytest.raises(BadRequest):
        admit(scope(target), LIMITS)


@pytest.mark.parametrize(
    "target", ["/", "/a%20b", "/%C3%A9", "/a;b", "/a.b/..c/d..", "/...", "/a:b@c", "/x%2Fy", "/%25"]
)
def test_lets_the_rest_in(target: str) -> None:
    assert admit(scope(target), LIMITS) == 0


def test_refuses_what_would_be_routed_as_another_path_than_it_says() -> None:
    for raw in (b"/admin", b"/user/", b"/%75sers", b"/user#", b"/\xff"):
        with pytest.raises(BadRequest):
            admit(scope("/user", raw_path=raw), LIMITS)
    admit(scope("/user", raw_path=b"/%75ser"), LIMITS)
    admit(scope("/user", raw_path=None), LIMITS)
    with pytest.raises(BadRequest):
        admit(scope("/user", query=b"a#b"), LIMITS)


SEGMENTS = st.lists(
    st.one_of(
        st.sampled_from(["..", ".", "", "%2e", "%2E%2e", ".%2e", "..;", ";", "\\", "\0", "a", "#"]),
        st.text(max_size=5),
    ),
    max_size=5,
)


@given(segments=SEGMENTS, keep=st.text(alphabet="/%.;\\#", max_size=7))
def test_no_admitted_path_climbs_however_often_it_is_decoded(
    segments: list[str], keep: str
) -> None:
    target = quote("/" + "/".join(segments), safe=keep)
    head = scope(target)
    try:
        admit(head, LIMITS)
    except ClientError:
        return
    for path in (head["path"], unquote(head["path"])):
        names = [name.partition(";")[0] for name in path.split("/")]
        assert not {".", ".."} & set(names)
    assert "//" not in head["path"]
    assert "\\" not in head["path"]
    assert head["path"].startswith("/")
    assert not any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in head["path"])
    assert unquote(head["raw_path"].decode()) == head["path"]
