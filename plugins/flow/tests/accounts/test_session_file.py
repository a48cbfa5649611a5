"""Sessions are read from whatever operators have, and never shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plugway import BadRequest, Secret
from plugway_flow.accounts.session import COOKIE, Session, read, written
from plugway_flow.accounts.session_file import session_of, split

TOKEN = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..q1w2e3r4t5y6u7i8.ab-cd_ef.Z9"
OWN = {"st": TOKEN, "email": "One@Flow.Example"}
EXPORT: list[dict[str, Any]] = [
    {"domain": "labs.google", "name": "EMAIL", "value": "one", "secure": True},
    {"domain": "labs.google", "name": COOKIE, "value": TOKEN, "expirationDate": 1.5},
]


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        f"  {TOKEN}\n",
        f"a=b; {COOKIE}={TOKEN}; c=d",
        f"Cookie: {COOKIE}={TOKEN}",
        f"{COOKIE}.1={TOKEN[30:]}; x; {COOKIE}.0={TOKEN[:30]}",
        json.dumps({"st": TOKEN}),
        json.dumps({"session_token": TOKEN, "access_token": "ya29.x"}),
        json.dumps({"cookies": EXPORT}),
        json.dumps({"cookie": f"{COOKIE}={TOKEN}"}),
        json.dumps(EXPORT),
    ],
)
def test_a_session_is_read_from_every_form(text: str) -> None:
    assert session_of(text) == Session(TOKEN)


def test_an_address_is_the_same_in_either_case_and_the_form_to_store_is_one() -> None:
    stored = written(session_of(json.dumps({**OWN, "note": "x"})))
    assert stored == json.dumps({"st": TOKEN, "email": "one@flow.example"}, separators=(",", ":"))
    assert written(session_of(stored)) == stored
    assert read(Secret(stored)) == Session(TOKEN, "one@flow.example")
    assert session_of(json.dumps({**OWN, "email": "no address"})).email == ""
    assert TOKEN not in repr(session_of(stored))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "too short"),
        ("AIza-short", "too short"),
        ("a token with spaces in it, and more", "signs that none may have"),
        ("a=b; c=d", f"no {COOKIE}"),
        (f"{COOKIE}=", f"no {COOKIE}"),
        (f"{COOKIE}=a b", "cannot be one"),
        ("{", "nor JSON"),
        ("[1]", f"no {COOKIE}"),
        ("{}", "neither st nor session_token"),
        ('{"st": "\\u00e9"}', "signs that no cookie may have"),
        (json.dumps([{"name": COOKIE, "value": ""}]), f"no {COOKIE}"),
    ],
)
def test_what_is_none_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(BadRequest, match=said) as caught:
        session_of(text)
    assert caught.value.field == "secret"


def test_a_file_is_taken_apart() -> None:
    other = TOKEN.replace("Z9", "Z8")
    lists: list[Any] = [
        [OWN, {"session_token": other}],
        {"tokens": [OWN, {"st": other}], "version": 1},
        [f"{COOKIE}={TOKEN}", other],
    ]
    texts = [json.dumps(one) for one in lists]
    texts += [f"{json.dumps(OWN)}\n\n{other}\n", f"# mine\n{COOKIE}={TOKEN}; a=b\r\n{other}\n"]
    for text in texts:
        assert [session_of(one).st for one in split(text)] == [TOKEN, other]
    for text in (json.dumps(EXPORT), json.dumps({"cookies": EXPORT}), TOKEN, json.dumps(OWN)):
        assert [session_of(one).st for one in split(text)] == [TOKEN]
    # One that cannot be used stops no other.
    good, bad = split(json.dumps([OWN, {"email": "x@y.example"}]))
    assert session_of(good).st == TOKEN
    with pytest.raises(BadRequest):
        session_of(bad)
    for text in ("", "[]", '{"tokens": []}'):
        with pytest.raises(BadRequest, match="no session"):
            split(text)


_ANY = st.one_of(
    st.text(),
    st.text(alphabet='=;.-_ {}[]":,\nabc' + COOKIE, max_size=60),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.text(), st.just(TOKEN)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(["st", "email", "cookies", "name", "value", "tokens", COOKIE]),
                inner,
                max_size=3,
            ),
        ),
        max_leaves=6,
    ).map(json.dumps),
)


@given(text=_ANY)
@example(text="\ud800")
@example(text='{"st": "\\ud800"}')
@example(text="[" * 5_000)
def test_whatever_is_read_is_a_session_or_refused_without_being_repeated(text: str) -> None:
    canary = "canary-3f7"
    text, said = text.replace("abc", canary), ""
    try:
        parts = split(text)
    except BadRequest as error:
        parts, said = [], error.message
    assert canary not in said
    for part in parts:
        stored = ""
        try:
            stored = written(session_of(part))
        except BadRequest as error:
            said = error.message
        assert canary not in said
        assert not stored or written(session_of(stored)) == stored
