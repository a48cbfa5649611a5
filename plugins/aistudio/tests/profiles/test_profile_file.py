"""Profiles are read as browsers and earlier systems write them, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aistudio_profiles import CANARY, END, cookie, state, text
from hypothesis import given
from hypothesis import strategies as st

from plugway import BadRequest, CredentialExpired, Secret
from plugway.testing import ManualClock
from plugway_aistudio.profiles.credential import AIStudioProfile
from plugway_aistudio.profiles.profile import Profile, read, same, usable, written
from plugway_aistudio.profiles.profile_file import check_name, profile_of

KIND = AIStudioProfile(ManualClock())


def test_a_storage_state_becomes_a_secret_and_a_storage_state_again() -> None:
    secret = KIND.parse(text(name="work", saved_at=1_700_000_000, strange="key"))
    assert KIND.label(secret) == "work"
    assert KIND.expires(secret) == END
    assert "strange" not in secret.reveal()
    profile = read(secret)
    assert profile.saved_at == 1_700_000_000
    assert json.loads(json.dumps(profile.state())) == state()
    assert CANARY not in repr(secret) + repr(profile) + repr(profile.cookies)
    # What is exported is read as it was.
    assert KIND.parse(KIND.export(secret)) == secret


def test_one_sign_in_without_a_name_has_one_name() -> None:
    first, renewed = KIND.parse(text()), KIND.parse(text(renewed=3))
    assert first != renewed
    assert KIND.label(first) == KIND.label(renewed)
    assert KIND.label(KIND.parse(text("second"))) != KIND.label(first)
    assert CANARY not in str(KIND.label(first))


@pytest.mark.parametrize(
    ("given_text", "told"),
    [
        ("", "expected JSON"),
        ("SID=abc; HSID=def", "expected JSON"),
        ("[]", "expected the JSON of one profile"),
        (f"[{text()}, {text()}]", "expected the JSON of one profile"),
        ('"text"', "expected the JSON of one profile"),
        ('{"origins": []}', "no cookies: it is no storage state"),
        ('{"cookies": []}', "no cookies: nobody is signed in"),
        ('{"cookies": {}}', "cookies must be a list"),
        (json.dumps({"cookies": [cookie("NID", CANARY)]}), "no Google sign-in"),
        (json.dumps({"cookies": [cookie("SID", "")]}), "no Google sign-in"),
        (json.dumps({"cookies": [CANARY]}), "cookies[0] must be an object"),
        (json.dumps({"cookies": [cookie("SID", CANARY, domain=None)]}), "cookies[0].domain"),
        (json.dumps({"cookies": [cookie("SID", CANARY, domain="a b")]}), "cookies[0].domain"),
        (json.dumps({"cookies": [cookie("SID", f"{CANARY}\n")]}), "cookies[0].value"),
        (json.dumps({"cookies": [cookie("a b", CANARY)]}), "cookies[0].name"),
        (
            json.dumps({"cookies": [{**cookie("SID", ""), "value": 7}]}),
            "cookies[0].value must be text",
        ),
        (json.dumps({"cookies": [cookie("SID", "x", expires=CANARY)]}), "cookies[0].expires"),
        (json.dumps({"cookies": [cookie("SID", "x", secure=CANARY)]}), "cookies[0].secure"),
        (json.dumps({"cookies": [cookie("SID", "x", path=CANARY)]}), "cookies[0].path"),
        (text(name="../up"), "name: a profile's name"),
        (text(name=7), "name must be text"),
        (text(saved_at=CANARY), "saved_at must be seconds"),
        (text(origins=CANARY), "origins must be a list"),
        (text(origins=[CANARY]), "origins[0] must be an object"),
        (text(origins=[{"origin": "https://x.example", "localStorage": 1}]), "localStorage"),
        (text(origins=[{"origin": "https://x.example", "localStorage": [1]}]), "localStorage[0]"),
        (text(padding="x" * (1 << 22)), "characters at the most"),
        (json.dumps({"cookies": [cookie("SID", "x" * (1 << 20))]}), "characters at the most"),
    ],
)
def test_what_is_no_profile_is_refused_by_name_and_not_repeated(given_text: str, told: str) -> None:
    with pytest.raises(BadRequest) as caught:
        KIND.parse(given_text)
    assert told in caught.value.message
    assert caught.value.field in ("secret", "name")
    assert CANARY not in caught.value.message


def test_odd_things_that_browsers_write_are_no_reason_to_refuse_a_profile() -> None:
    given_state = state()
    given_state["cookies"] += [
        cookie("prefs[a]", "x y", sameSite="unspecified", expires=0),
        {"name": "plain", "value": "", "domain": "localhost"},
    ]
    given_state["origins"] += [
        {"origin": "moz-extension://abc", "localStorage": [{"name": "a", "value": "b"}]},
        {"origin": "https://x.example", "indexedDB": [{"name": "db"}]},
    ]
    profile = profile_of("\ufeff" + json.dumps(given_state, indent=2))
    odd, plain = profile.cookies[-2:]
    assert (odd.same_site, odd.expires, plain.path) == (None, -1, "/")
    assert [one.origin for one in profile.origins] == [
        "https://aistudio.google.com",
        "https://x.example",
    ]


def test_a_file_of_many_is_taken_apart() -> None:
    one, other = text(name="a"), text("second", name="b")
    for file in (f"[{one}, {other}]", f"{one}\n\n{other}\n"):
        assert [KIND.label(KIND.parse(each)) for each in KIND.split(file)] == ["a", "b"]
    with pytest.raises(BadRequest, match="no profile"):
        KIND.split("[]")


@pytest.mark.parametrize("name", ["a", "me@example.com", "auth_auto_1712345678", "x+y-z.1"])
def test_names_of_people_and_files_are_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "a/b", "a\\b", "a\x00", "a b", "a.", "ü", "a" * 101, "a\n"]
)
def test_nothing_else_is_a_name(name: str) -> None:
    with pytest.raises(BadRequest):
        check_name(name)


def ends(*cookies: Any) -> float | None:
    return KIND.expires(KIND.parse(json.dumps({"cookies": list(cookies)})))


def test_a_profile_ends_with_the_first_of_its_essential_cookies() -> None:
    sid, psid = cookie("SID", "x", expires=2_000), cookie("__Secure-1PSID", "x", expires=3_000)
    assert ends(sid, psid) == 2_000
    # Those that each visit renews, and those that end with the browser, say nothing.
    assert ends(psid, cookie("SIDCC", "x", expires=5), cookie("SID", "x", expires=-1)) == 3_000
    assert ends(cookie("SID", "x", expires=-1)) is None
    # Another site's cookie of the same name does not make Google's last, nor end it.
    assert ends(sid, cookie("SID", "x", expires=9_000, domain=".youtube.com")) == 2_000
    assert ends(psid, cookie("SID", "x", expires=5, domain=".youtube.com")) == 3_000


def test_a_profile_that_has_ended_is_noticed_before_it_is_used() -> None:
    secret = KIND.parse(text(name="old", end=1_000.0))
    assert usable(secret, 999).name == "old"
    with pytest.raises(CredentialExpired, match="plugway aistudio login old") as caught:
        usable(secret, 1_000)
    assert CANARY not in caught.value.message


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
_COOKIES = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["SID", "HSID", "SIDCC", "x"]) | st.text(max_size=4),
        "value": st.text(max_size=6),
        "domain": st.sampled_from([".google.com", "accounts.google.com", "[::1]"]) | _JSON,
    },
    optional={
        "path": st.just("/") | _JSON,
        "expires": st.floats() | st.integers() | _JSON,
        "httpOnly": st.booleans() | _JSON,
        "sameSite": st.sampled_from(["Strict", "Lax", "None"]) | _JSON,
        "partitionKey": _JSON,
    },
)


@given(
    st.fixed_dictionaries(
        {"cookies": st.lists(_COOKIES, max_size=4) | _JSON},
        optional={"origins": _JSON, "name": _JSON, "saved_at": _JSON},
    )
    | _JSON
)
def test_whatever_a_file_says_it_is_a_profile_or_a_plain_refusal(found: Any) -> None:
    try:
        profile = profile_of(json.dumps(found))
    except BadRequest:
        return
    # What is stored is read as it was, word for word: that is how the vault knows it again.
    again = profile_of(written(profile))
    assert written(again) == written(profile)
    assert same(again, profile)
    assert read(Secret(written(profile))) == profile
    assert profile_of(json.dumps(profile.state()), profile.name).state() == profile.state()


def test_cookies_of_google_go_over_tls_alone() -> None:
    kept = [
        {**cookie("SID", "a"), "domain": ".google.com", "secure": False},
        {**cookie("NID", "b"), "domain": "accounts.google.com", "secure": False},
        {**cookie("other", "c"), "domain": "notgoogle.com", "secure": False},
    ]
    found = profile_of(json.dumps({"cookies": kept}), "work").state()["cookies"]
    assert [one.get("secure", False) for one in found] == [True, True, False]


@given(st.text() | st.binary().map(lambda some: some.decode("utf-8", "surrogateescape")))
def test_any_text_is_a_profile_or_a_plain_refusal(found: str) -> None:
    with pytest.raises(BadRequest):
        profile_of(found)


def test_the_order_of_cookies_and_the_time_of_saving_are_no_difference() -> None:
    one = profile_of(text(saved_at=1))
    given_state = state(saved_at=2)
    given_state["cookies"].reverse()
    assert same(one, profile_of(json.dumps(given_state)))
    assert not same(one, profile_of(text(renewed=1)))
    assert not same(one, Profile(name=one.name, cookies=one.cookies))
