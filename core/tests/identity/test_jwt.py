"""A signed token by itself: what it must be, and what it must say."""

from __future__ import annotations

import base64
import json
import string
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given
from hypothesis import strategies as st
from jose import jwt as jose_jwt
from signed_tokens import HEADER, Signer, encoded, sign

from plugway.contract import Secret
from plugway.errors import NotAuthenticated
from plugway.identity.jwt import LONGEST, TOLERANCE, read

NOW = 1_800_000_000
SECRET = "s3cret-0123456789-abcdefghijklmnopqrstuvwxyz"
ada = Signer("ak-0123456789abcdefghijklmnopqrstuv", SECRET)


def verified(token: bytes, at: float = NOW) -> int:
    return read(token).verify(Secret(SECRET), round(at * 1_000_000))


def reason(token: bytes, at: float = NOW) -> str:
    with pytest.raises(NotAuthenticated) as caught:
        verified(token, at)
    return caught.value.reason


def with_claims(raw: str) -> bytes:
    """Sign claims whose JSON is written by hand; `@` stands for a good `iss`."""
    return sign(raw.replace("@", f'"iss":"{ada.access_key}"').encode(), SECRET)


# What is let in.


def test_the_official_sample_s_token_is_good_for_half_an_hour() -> None:
    token = ada.token(NOW)
    assert read(token).issuer == ada.access_key
    assert verified(token) == (NOW + 1800 + TOLERANCE) * 1_000_000


def test_what_other_libraries_make_is_good_too() -> None:
    claims = ada.claims(NOW, iat=NOW)
    assert verified(jose_jwt.encode(claims, SECRET, "HS256").encode())
    assert verified(sign(claims, SECRET, {"alg": "HS256"}))
    assert verified(sign(json.dumps(claims, indent=2).encode(), SECRET))


@pytest.mark.parametrize(
    "others",
    [
        {"nbf": ...},
        {"nbf": 0},
        {"iat": NOW},
        {"iat": NOW + 10**6},
        {"iat": "yesterday"},
        {"exp": NOW + 1800.5, "nbf": NOW - 5.25},
        {"aud": "somebody else", "sub": 7, "jti": None},
        {"exp": NOW + LONGEST},
    ],
)
def test_claims_that_do_not_matter_or_need_not_be_there(others: dict[str, Any]) -> None:
    assert verified(ada.token(NOW, **others))


# When.


def test_it_ends_on_time_and_clocks_may_differ() -> None:
    token = ada.token(NOW, exp=NOW + 60)
    until = verified(token)
    assert until == (NOW + 60 + TOLERANCE) * 1_000_000
    assert verified(token, NOW + 60 + TOLERANCE - 0.001) == until
    assert reason(token, NOW + 60 + TOLERANCE) == "late"


def test_it_begins_on_time_and_clocks_may_differ() -> None:
    token = ada.token(NOW, nbf=NOW + 60)
    assert reason(token) == "early"
    assert reason(token, NOW + 60 - TOLERANCE - 0.001) == "early"
    assert verified(token, NOW + 60 - TOLERANCE)


@pytest.mark.parametrize("exp", [NOW + LONGEST + TOLERANCE + 1, NOW + 100 * 365 * 86_400, 10**300])
def test_it_does_not_live_for_more_than_a_day(exp: int) -> None:
    assert reason(ada.token(NOW, exp=exp)) == "unknown"


@pytest.mark.parametrize("exp", [0, -1, -(10**300), -1.5, NOW - 5, -1e300])
def test_what_ended_long_ago_is_late(exp: float) -> None:
    assert reason(ada.token(NOW, exp=exp)) == "late"


def test_times_are_told_to_the_owner_of_the_secret_only() -> None:
    for exp, nbf in ((NOW - 100, 0), (NOW + 100, NOW + 50), (NOW + 10**9, 0)):
        claims = ada.claims(NOW, exp=exp, nbf=nbf)
        assert reason(sign(claims, "another secret")) == "unknown"


@pytest.mark.parametrize("name", ["exp", "nbf"])
@pytest.mark.parametrize(
    "value", [str(NOW + 60), "", None, True, False, [], [NOW + 60], {}, {"$gt": 0}]
)
def test_times_are_numbers(name: str, value: object) -> None:
    assert reason(ada.token(NOW, **{name: value})) == "unknown"


def test_exp_is_required() -> None:
    assert reason(ada.token(NOW, exp=...)) == "unknown"


@pytest.mark.parametrize("value", ["1e400", "-1e400"])
def test_numbers_beyond_all_bounds_are_none(value: str) -> None:
    for claims in ('{@,"exp":#}', '{@,"exp":1800000060,"nbf":#}'):
        assert reason(with_claims(claims.replace("#", value))) == "unknown"


# How it is signed.


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"another secret",
        ada.access_key.encode(),
        SECRET[:-1].encode(),
        base64.b64encode(SECRET.encode()),
    ],
)
def test_the_key_is_the_secret_key(key: bytes) -> None:
    assert reason(sign(ada.claims(NOW), key)) == "unknown"


@pytest.mark.parametrize(
    ("encoding", "form"),
    [
        (serialization.Encoding.PEM, serialization.PublicFormat.PKCS1),
        (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        (serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH),
    ],
)
def test_a_public_key_is_no_secret(
    encoding: serialization.Encoding, form: serialization.PublicFormat
) -> None:
    key = rsa.generate_private_key(65537, 2048).public_key().public_bytes(encoding, form)
    assert reason(sign(ada.claims(NOW), key)) == "unknown"
    # Nor would it be one if it were kept where a secret belongs.
    with pytest.raises(NotAuthenticated):
        read(sign(ada.claims(NOW), key)).verify(Secret(key.decode()), NOW * 1_000_000)


@pytest.mark.parametrize(
    ("algorithm", "hash_"),
    [
        *(("none", "sha256"), ("None", "sha256"), ("NONE", "sha256"), ("nOnE", "sha256")),
        *(("HS384", "sha384"), ("HS512", "sha512"), ("HS1", "sha1"), ("HS256", "sha512")),
        *(("RS256", "sha256"), ("ES256", "sha256"), ("PS256", "sha256"), ("EdDSA", "sha256")),
        *(("hs256", "sha256"), ("HS256 ", "sha256"), ("", "sha256"), (None, "sha256")),
        *(([], "sha256"), (["HS256"], "sha256"), ({"HS256": 1}, "sha256"), (256, "sha256")),
        *((True, "sha256"), ("dir", "sha256"), ("A256KW", "sha256")),
    ],
)
def test_there_is_one_algorithm(algorithm: object, hash_: str) -> None:
    """Even if the right secret made the signature."""
    header = {"alg": algorithm, "typ": "JWT"}
    assert reason(sign(ada.claims(NOW), SECRET, header, hash_)) == "unknown"


def test_no_algorithm_is_none() -> None:
    assert reason(sign(ada.claims(NOW), SECRET, {"typ": "JWT"})) == "unknown"
    for algorithm in ("none", "HS256"):
        text = encoded({"alg": algorithm}) + b"." + encoded(ada.claims(NOW)) + b"."
        assert reason(text) == "malformed"
        assert reason(text + b"AA") == "unknown"


def test_a_signature_with_a_private_key_is_none() -> None:
    private = rsa.generate_private_key(65537, 2048)
    text = encoded({"alg": "RS256"}) + b"." + encoded(ada.claims(NOW))
    signature = private.sign(text, padding.PKCS1v15(), hashes.SHA256())
    assert reason(text + b"." + encoded(signature)) == "unknown"


@pytest.mark.parametrize(
    "kid", ["../../../../dev/null", "' OR '1'='1' --", "|id", "\0", 7, None, {}, "x" * 2000]
)
def test_kid_and_the_like_choose_no_key(kid: object) -> None:
    header = {**HEADER, "kid": kid, "jku": "http://127.0.0.1/", "jwk": {"kty": "oct", "k": "AA"}}
    assert verified(sign(ada.claims(NOW), SECRET, header))
    for key in (b"", b"\0", b"null"):
        assert reason(sign(ada.claims(NOW), key, header)) == "unknown"


@pytest.mark.parametrize("crit", [["exp"], ["b64"], [], None, "exp"])
def test_what_must_be_understood_is_not(crit: object) -> None:
    header = {**HEADER, "crit": crit, "b64": False}
    assert reason(sign(ada.claims(NOW), SECRET, header)) == "unknown"


# What it is made of.


@pytest.mark.parametrize("iss", [..., "", None, 7, True, [ada.access_key], {"ak": 1}, "\ud800"])
def test_who_issued_it_is_text(iss: object) -> None:
    issuer = read(ada.token(NOW, iss=iss)).issuer
    assert issuer == (iss if isinstance(iss, str) else "")


@pytest.mark.parametrize(
    "claims",
    [
        '{@,"exp":1800000060,"exp":1900000000}',
        '{@,"iss":"ak-another","exp":1800000060}',
        '{@,"\\u0069ss":"ak-another","exp":1800000060}',
        '{@,"exp":1800000060,"x":{"y":1,"y":2}}',
        '{@,"exp":NaN}',
        '{@,"exp":Infinity}',
        '{@,"exp":-Infinity}',
        '{@,"exp":1800000060} {}',
        '{@,"exp":1800000060',
        "{@,'exp':1800000060}",
        '{@,"exp":' + "9" * 5000 + "}",
        '\ufeff{@,"exp":1800000060}',
        "[]",
        "null",
        "7",
        '"text"',
        "",
        "[" * 5000,
        '{"a":' * 1000 + "1" + "}" * 1000,
    ],
    ids=lambda text: text[:40],
)
def test_claims_are_one_object_that_means_one_thing(claims: str) -> None:
    assert reason(with_claims(claims)) == "malformed"


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe", b'{"iss":"\xff"}', '{"iss":"a"}'.encode("utf-16"), b"{\x00}"]
)
def test_text_is_utf_8(raw: bytes) -> None:
    assert reason(sign(raw, SECRET)) == "malformed"
    assert reason(sign(ada.claims(NOW), SECRET, raw)) == "malformed"


@pytest.mark.parametrize(
    "header", [b"", b"[]", b"null", b"{", b'{"alg":"none","alg":"HS256"}', b"[" * 5000]
)
def test_the_header_is_one_object_that_means_one_thing(header: bytes) -> None:
    assert reason(sign(ada.claims(NOW), SECRET, header)) == "malformed"


def damaged() -> list[bytes]:
    token = ada.token(NOW)
    head, claims, signature = token.split(b".")
    return [
        *(b"", b".", b"..", b"...", b"a.b", b"a.b.c", head, head + b"." + claims),
        *(b".." + signature, head + b".." + signature, b"." + claims + b"." + signature),
        *(token + b".", b"." + token, token + b".a", token + b"." + token),
        # Five parts are an encrypted token.
        *(b".".join((head, b"", claims, signature, b"AA")), b"a.b.c.d.e"),
        *(token + b"=", head + b"=." + claims + b"." + signature, token + b"\n", b" " + token),
        *(token.replace(b".", b" ."), token + b"\xff", token.replace(b".", b".~")),
        *(head + b"." + claims[:-1] + b"+." + signature, b"A" + token),
    ]


@pytest.mark.parametrize("token", damaged())
def test_anything_else_cannot_be_a_token(token: bytes) -> None:
    assert reason(token) == "malformed"


@pytest.mark.parametrize("length", [1, 5, 42, 44, 86])
def test_a_signature_of_another_length_is_wrong(length: int) -> None:
    assert reason(ada.token(NOW).rpartition(b".")[0] + b"." + b"A" * length) == "unknown"


letters = st.sampled_from(string.ascii_letters + string.digits + "-_.")


@given(st.text(letters, max_size=60))
def test_nothing_made_at_random_gets_in(text: str) -> None:
    assert reason(text.encode()) == "malformed"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(["iss", "exp", "nbf", "iat", "x"]), json_values),
    st.dictionaries(st.sampled_from(["alg", "typ", "kid", "crit"]), json_values),
    st.booleans(),
)
def test_whatever_it_says_the_answer_is_one_of_two(
    claims: dict[str, Any], header: dict[str, Any], good: bool
) -> None:
    token = sign(claims, SECRET, HEADER if good else header)
    try:
        until = verified(token)
    except NotAuthenticated:
        return
    assert good
    assert NOW < until / 1_000_000 <= NOW + LONGEST + 2 * TOLERANCE


@given(st.data())
def test_no_letter_of_it_can_be_changed(data: st.DataObject) -> None:
    token = ada.token(NOW)
    at = data.draw(st.integers(0, len(token) - 1))
    other = token[:at] + data.draw(letters).encode() + token[at + 1 :]
    if parts(other) != parts(token):
        assert reason(other) in ("malformed", "unknown")


def parts(token: bytes) -> list[bytes]:
    """Decode as leniently as anything would: the last letter of a part has spare bits."""
    whole = (one[:-1] if len(one) % 4 == 1 else one for one in token.split(b"."))
    return [base64.urlsafe_b64decode(one + b"==") for one in whole]
