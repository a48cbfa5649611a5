from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway.errors import NotAuthenticated
from plugway.identity.presented import (
    MAX_TOKEN,
    has_key,
    is_presentable,
    presented,
    presents_nothing,
    without_key,
)

KEY = b"sk-0123456789abcdefghijklmnopqrstuvwxyz-_ABCDEFG"


TOKEN = b".".join((b"eyJhbGciOiJIUzI1NiJ9", b"eyJpc3MiOiJhay0xIn0", b"A" * 43))


def answer(headers: list[tuple[bytes, bytes]]) -> tuple[str, int, str, object]:
    """Return what the client gets to see of a refusal, but for its reason."""
    with pytest.raises(NotAuthenticated) as caught:
        presented(headers)
    error = caught.value
    return error.message, error.status, error.code, error.field


@pytest.mark.parametrize("scheme", [b"Bearer", b"bearer", b"BEARER", b"bEaReR"])
def test_bearer_in_any_case(scheme: bytes) -> None:
    assert presented([(b"authorization", scheme + b" " + KEY)]) == KEY


def test_x_api_key() -> None:
    assert presented([(b"host", b"x"), (b"x-api-key", KEY)]) == KEY


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"authorization", b"")],
        [(b"authorization", b"Bearer")],
        [(b"authorization", b"Bearer ")],
        [(b"authorization", KEY)],
        [(b"authorization", b"Basic " + KEY)],
        [(b"authorization", b"Token " + KEY)],
        [(b"authorization", b"Bearer" + KEY)],
        [(b"authorization", b"Bearer\t" + KEY)],
        [(b"authorization", b" Bearer " + KEY)],
        [(b"authorization", b"Bearer " + KEY + b" ")],
        [(b"authorization", b"Bearer " + KEY + b" x")],
        [(b"authorization", b"Bearer " + KEY + b"," + KEY)],
        [(b"authorization", b'Bearer "' + KEY + b'"')],
        [(b"authorization", b"Bearer " + KEY + b"\x00")],
        [(b"authorization", b"Bearer " + KEY + b"\r\nx: y")],
        [(b"authorization", b"Bearer " + KEY + b"\n")],
        [(b"authorization", b"Bearer ' OR 1=1 --")],
        [(b"authorization", "Bearer sk-ключ-ключ-ключ".encode())],
        [(b"authorization", b"Bearer sk-\xff\xfe\xfd\xfc\xfb\xfa")],
        [(b"authorization", b"Bearer sk-1")],
        [(b"authorization", b"Bearer " + b"A" * 1_000_000)],
        [(b"authorization", b" " * 1_000_000 + KEY)],
        [(b"authorization", b"Bearer" + b" " * 1_000_000 + KEY)],
        [(b"authorization", b"Bearer " + KEY + b"=" * 1_000_000 + b"!")],
        [(b"x-api-key", b"")],
        [(b"x-api-key", b"Bearer " + KEY)],
        [(b"x-api-key", b"'" + KEY)],
        [(b"x-api-key", b"A" * 1_000_000)],
        # One and once, even when they say the same.
        [(b"authorization", b"Bearer " + KEY)] * 2,
        [(b"x-api-key", KEY)] * 2,
        [(b"authorization", b"Bearer " + KEY), (b"x-api-key", KEY)],
        [(b"x-api-key", KEY), (b"authorization", b"Bearer " + KEY)],
        [(b"authorization", b"Bearer " + KEY), (b"authorization", b"")],
        [(b"authorization", b""), (b"authorization", b"Bearer " + KEY)],
        [(b"x-api-key", KEY), (b"authorization", b"Basic dTpw")],
        # Names that are not the two.
        [(b"proxy-authorization", b"Bearer " + KEY)],
        [(b"x-api-key ", KEY)],
        [(b"cookie", b"authorization=Bearer " + KEY)],
    ],
)
def test_anything_else_gets_one_and_the_same_answer(headers: list[tuple[bytes, bytes]]) -> None:
    assert answer(headers) == ("No valid key was presented.", 401, "not_authenticated", None)


header_names = st.sampled_from([b"authorization", b"x-api-key", b"host", b"x-forwarded-for"])
header_values = st.one_of(
    st.binary(max_size=300),
    st.binary(max_size=300).map(lambda value: b"Bearer " + value),
    st.from_regex(rb"(?i:bearer) +[A-Za-z0-9._~+/-]{6,12}=*", fullmatch=True),
    st.from_regex(rb"[A-Za-z0-9._~+/-]{6,12}=*", fullmatch=True),
)


@given(st.lists(st.tuples(header_names, header_values), max_size=4))
def test_only_one_clean_key_comes_through(headers: list[tuple[bytes, bytes]]) -> None:
    credentials = [pair for pair in headers if pair[0] in (b"authorization", b"x-api-key")]
    try:
        key = presented(headers)
    except NotAuthenticated:
        return
    assert re.fullmatch(rb"[!-~]{8,256}=*|[\w-]+\.[\w-]+\.[\w-]+", key)
    assert not set(key) & set(b"\"',;\\")
    assert len(key) <= MAX_TOKEN
    assert len(credentials) == 1
    name, value = credentials[0]
    assert value.endswith(key)
    assert value[: -len(key)].lower().strip() == (b"bearer" if name == b"authorization" else b"")


@given(st.from_regex(rb"[A-Za-z0-9_-]{43,80}", fullmatch=True), st.booleans())
def test_every_key_that_is_made_can_be_presented(tail: bytes, bearer: bool) -> None:
    key = b"sk-" + tail
    header = (b"authorization", b"Bearer " + key) if bearer else (b"x-api-key", key)
    assert presented([(b"accept", b"*/*"), header]) == key


# Keys that were somebody's before.


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=6, max_size=20).map(
        str.lstrip
    )
)
def test_what_may_be_adopted_can_be_presented(key: str) -> None:
    plain = len(key) >= 8 and not set(key) & set(" \"',;\\")
    assert is_presentable(key) == plain
    for header in ((b"authorization", f"Bearer {key}".encode()), (b"x-api-key", key.encode())):
        if plain:
            assert presented([header]) == key.encode()
        else:
            with pytest.raises(NotAuthenticated):
                presented([header])


@pytest.mark.parametrize(
    "key", ["", "1234567", "x" * 257, "пароль-пароль", "a\tb\tc\td\te", "12345678\n", "=" * 300]
)
def test_what_no_client_could_present_may_not(key: str) -> None:
    assert not is_presentable(key)


@pytest.mark.parametrize(
    ("headers", "query", "nothing"),
    [
        ([], b"", True),
        ([(b"authorization", b"")], b"key=", True),
        ([(b"cookie", b"a=b")], b"alt=sse", True),
        ([(b"authorization", b"Bearer")], b"", False),
        ([(b"authorization", b"Basic dTpw")], b"", False),
        ([(b"x-goog-api-key", b"wrong")], b"", False),
        ([], b"key=wrong", False),
    ],
)
def test_a_key_in_any_place_is_something(
    headers: list[tuple[bytes, bytes]], query: bytes, nothing: bool
) -> None:
    assert presents_nothing(headers, query) is nothing


# Other places, for those who take keys there.

GOOGLES = frozenset({"bearer", "x-goog-api-key", "key"})


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ([(b"x-goog-api-key", KEY)], b""),
        ([(b"authorization", b"Bearer " + KEY)], b"alt=sse"),
        ([], b"key=" + KEY),
        ([], b"alt=sse&key=" + KEY + b"&pageSize=3"),
        ([], b"k%65y=" + KEY.replace(b"-", b"%2D")),
        # What is not one of the places says nothing.
        ([(b"x-api-key", b"other-key-of-somebody")], b"key=" + KEY),
        ([(b"x-goog-api-key", KEY)], b"api_key=other&keys=other&KEY=other"),
    ],
)
def test_other_places(headers: list[tuple[bytes, bytes]], query: bytes) -> None:
    assert presented(headers, GOOGLES, query) == KEY
    assert without_key(query).count(KEY) == 0
    assert has_key(query) == (without_key(query) != query)


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ([], b""),
        ([], b"key=" + KEY),
        ([(b"x-goog-api-key", KEY)], b""),
    ],
)
def test_those_places_are_for_who_names_them(
    headers: list[tuple[bytes, bytes]], query: bytes
) -> None:
    with pytest.raises(NotAuthenticated) as caught:
        presented(headers, query=query)
    assert caught.value.reason == "absent"
    assert presented([*headers, (b"x-api-key", KEY)], query=query) == KEY


@pytest.mark.parametrize(
    ("headers", "query", "reason"),
    [
        ([], b"", "absent"),
        ([], b"key", "absent"),
        ([], b"key=", "absent"),
        ([], b"key=%20", "absent"),
        ([(b"x-api-key", KEY)], b"", "absent"),
        ([], b"key=short", "malformed"),
        ([], b"key=Bearer%20" + KEY, "malformed"),
        ([], b"key=" + KEY + b"%0A", "malformed"),
        ([], b"key=" + KEY + b"%00", "malformed"),
        ([], b"key=%FF%FE" + KEY, "malformed"),
        ([], b"key=" + KEY + b"&key=" + KEY, "malformed"),
        ([], b"key=" + KEY + b"&key=", "malformed"),
        ([], b"key=" + b"A" * 1_000_000, "malformed"),
        ([(b"x-goog-api-key", KEY)], b"key=" + KEY, "malformed"),
        ([(b"x-goog-api-key", KEY), (b"authorization", b"Bearer " + KEY)], b"", "malformed"),
        ([(b"x-goog-api-key", KEY)] * 2, b"", "malformed"),
        ([(b"authorization", b"Basic dTpw")], b"key=" + KEY, "malformed"),
    ],
)
def test_one_of_those_places_and_once(
    headers: list[tuple[bytes, bytes]], query: bytes, reason: str
) -> None:
    with pytest.raises(NotAuthenticated) as caught:
        presented(headers, GOOGLES, query)
    assert caught.value.reason == reason
    assert caught.value.message == "No valid key was presented."


@given(
    st.lists(st.tuples(st.sampled_from(["key", "keys", "alt"]), st.text(max_size=20)), max_size=4)
)
def test_a_query_is_read_as_it_is_written(fields: list[tuple[str, str]]) -> None:
    keys = [value for name, value in fields if name == "key"]
    query = urlencode(fields, quote_via=quote).encode()
    assert has_key(query) == bool(keys)
    assert parse_qsl(without_key(query).decode(), keep_blank_values=True) == [
        pair for pair in fields if pair[0] != "key"
    ]
    try:
        key = presented([], {"key"}, query)
    except NotAuthenticated:
        return
    assert [key.decode()] == keys


# Tokens, which are longer than keys.


def test_a_token_goes_where_a_key_does() -> None:
    assert presented([(b"authorization", b"Bearer " + TOKEN)]) == TOKEN
    assert presented([(b"x-api-key", TOKEN)]) == TOKEN
    longest = TOKEN + b"A" * (MAX_TOKEN - len(TOKEN))
    assert presented([(b"authorization", b"Bearer " + longest)]) == longest


@pytest.mark.parametrize(
    "token",
    [
        TOKEN + b"A" * (MAX_TOKEN - len(TOKEN) + 1),
        TOKEN + b"A" * 1_000_000,
        TOKEN + b"A" * 300 + b"=",
        TOKEN.replace(b".", b".." + b"A" * 300),
        # Encrypted ones have five parts, unsigned ones an empty third.
        b"A" * 300 + b".A.A.A.A",
        b"A" * 300 + b".A.",
        b"A" * 300 + b".A",
        b"A" * 300 + b".A.A\n",
    ],
)
def test_what_is_too_long_for_a_key_is_three_parts(token: bytes) -> None:
    assert reason([(b"authorization", b"Bearer " + token)]) == "malformed"
    assert reason([(b"x-api-key", token)]) == "malformed"


# Why not.


def reason(headers: list[tuple[bytes, bytes]]) -> str:
    with pytest.raises(NotAuthenticated) as caught:
        presented(headers)
    return caught.value.reason


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"host", b"x")],
        [(b"authorization", b"")],
        [(b"authorization", b" ")],
        [(b"x-api-key", b"")],
        [(b"authorization", b""), (b"x-api-key", b"")],
        [(b"proxy-authorization", b"Bearer " + KEY)],
    ],
)
def test_nothing_was_presented(headers: list[tuple[bytes, bytes]]) -> None:
    assert reason(headers) == "absent"


@pytest.mark.parametrize(
    "headers",
    [
        [(b"authorization", b"Bearer")],
        [(b"authorization", KEY)],
        [(b"authorization", b"Basic " + KEY)],
        [(b"authorization", b"Bearer short")],
        [(b"authorization", b"Bearer " + KEY + b" " + KEY)],
        [(b"authorization", b"Bearer sk-\xff\xfe\xfd\xfc\xfb\xfa")],
        [(b"authorization", b"Bearer " + KEY)] * 2,
        [(b"authorization", b"Bearer " + KEY), (b"x-api-key", KEY)],
        [(b"authorization", b""), (b"x-api-key", KEY)],
        [(b"x-api-key", b"Bearer " + KEY)],
    ],
)
def test_what_was_presented_cannot_be_a_key(headers: list[tuple[bytes, bytes]]) -> None:
    assert reason(headers) == "malformed"
