from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway.errors import BadRequest
from plugway.upstream.headers import to_client, to_upstream

GRANT = (("Authorization", "Bearer up"), ("X-Extra", "1"))


@pytest.mark.parametrize(
    "name",
    [
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
        "Proxy-Connection", "Proxy-Anything", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
        "HTTP2-Settings", "Host", "Content-Length", "Expect", "Cookie", "Authorization",
        "X-API-Key", "X-Goog-Api-Key", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host",
        "X-Forwarded-Proto", "X-Real-IP", "Via", "CF-Connecting-IP", "CF-Ray",
        "True-Client-IP", "X-Client-IP", "X-Original-URL", "X-Rewrite-URL",
    ],
)  # fmt: skip
@pytest.mark.parametrize("spell", [str.lower, str.upper, str.title, str])
def test_what_never_reaches_the_upstream(name: str, spell: type[str]) -> None:
    raw = [(b"X-A", b"1"), (spell(name).encode(), b"secret"), (b"X-B", b"2")]
    assert to_upstream(raw, ()) == [("X-A", "1"), ("X-B", "2")]


def test_the_rest_keeps_order_case_and_duplicates() -> None:
    raw = [
        (b"Accept", b"text/event-stream"),
        (b"x-Dup", b"1"),
        (b"Content-Type", b"multipart/form-data; boundary=x"),
        (b"X-DUP", b"2"),
        (b"x-Dup", b"1"),
        (b"Accept-Encoding", b"gzip"),
        (b"User-Agent", b"sdk/1.0"),
        (b"X-Empty", b""),
        (b"X-Tab", b"a\tb"),
        (b"X-Text", "naïve ✓".encode()),
    ]
    assert to_upstream(raw, ()) == [(name.decode(), value.decode()) for name, value in raw]


def test_a_grants_headers_replace_the_clients() -> None:
    raw = [(b"authorization", b"Bearer client"), (b"x-extra", b"client"), (b"x-other", b"1")]
    assert to_upstream(raw, GRANT) == [("x-other", "1"), *GRANT]


@pytest.mark.parametrize(
    "value", [b"x-named", b"close, X-Named", b"keep-alive , x-named,", b"X-NAMED,upgrade"]
)
def test_what_connection_names_stays_behind(value: bytes) -> None:
    for raw in (
        [(b"x-named", b"1"), (b"connection", value), (b"X-Kept", b"2")],
        [(b"Connection", value), (b"X-Named", b"1"), (b"X-Kept", b"2")],
    ):
        assert to_upstream(raw, ()) == [("X-Kept", "2")]
        assert to_client(raw) == [(b"X-Kept", b"2")]


def test_connection_cannot_name_a_grants_header_away() -> None:
    raw = [(b"connection", b"authorization, x-extra")]
    assert to_upstream(raw, GRANT) == list(GRANT)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"X-A", b"1\r\nX-B: 2"),
        (b"X-A", b"1\n"),
        (b"X-A", b"\r"),
        (b"X-A", b"\x00"),
        (b"X-A", b"\x7f"),
        (b"X-A\r\nX-B", b"1"),
        (b"X-A\x00", b"1"),
        (b"X-A\t", b"1"),
        (b"X-\xc3\xa9", b"1"),
        (b"X-A", b"caf\xe9"),
    ],
)
def test_what_could_break_out_of_its_line_or_is_no_text_is_refused(
    name: bytes, value: bytes
) -> None:
    with pytest.raises(BadRequest):
        to_upstream([(name, value)], ())


@given(st.lists(st.tuples(st.binary(max_size=12), st.binary(max_size=12)), max_size=5))
def test_no_bytes_of_a_client_can_end_a_line(raw: list[tuple[bytes, bytes]]) -> None:
    try:
        sent = to_upstream(raw, ())
    except BadRequest:
        return
    for name, value in sent:
        assert not set(name + value) & set("\r\n\0")
        assert (name.encode(), value.encode()) in raw


@pytest.mark.parametrize(
    "name",
    [
        "Connection", "Keep-Alive", "Proxy-Authenticate", "TE", "Trailer", "Transfer-Encoding",
        "Upgrade", "Content-Length", "Set-Cookie", "Set-Cookie2", "Server", "Date", "Alt-Svc",
        "Strict-Transport-Security", "Clear-Site-Data", "X-Accel-Redirect", "X-Sendfile",
    ],
)  # fmt: skip
@pytest.mark.parametrize("spell", [str.lower, str.upper, str.title, str])
def test_what_never_reaches_the_client(name: str, spell: type[str]) -> None:
    raw = [(b"X-A", b"1"), (spell(name).encode(), b"value"), (b"X-B", b"2")]
    assert to_client(raw) == [(b"X-A", b"1"), (b"X-B", b"2")]


def test_the_clients_rest_is_untouched() -> None:
    raw = [
        (b"Content-Type", b"application/json"),
        (b"Content-Encoding", b"gzip"),
        (b"ETag", b'"x"'),
        (b"Vary", b"a"),
        (b"vary", b"b"),
        (b"X-Latin", b"caf\xe9"),
        (b"Retry-After", b"3"),
        (b"X-Accel-Buffering", b"no"),
        (b"Location", b"/x"),
        (b"WWW-Authenticate", b"Bearer"),
    ]
    assert to_client(raw) == raw
