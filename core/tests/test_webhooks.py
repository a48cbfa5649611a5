"""Signatures of messages: the official vector, and everything that must not pass."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway import sign_webhook, verify_webhook
from plugway.errors import ConfigurationError
from plugway.webhooks import MAX_SIGNATURES, TOLERANCE, check_webhook_secret, new_webhook_secret

# Official vector of the upstream whose callbacks are signed so.
SECRET = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
ID, AT = "9876543210", 1781080794
BODY = (
    b'{"id":"1234567890","status":"succeeded","message":"",'
    b'"create_time":1781080778802,"update_time":1781080794151}'
)
SIGNATURE = "v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4="
HEADERS = {
    "webhook-id": ID,
    "webhook-timestamp": str(AT),
    "webhook-signature": SIGNATURE,
}
OTHER = "whsec_b3RoZXI="

KEYS = st.binary(min_size=1, max_size=64)
SECRETS = KEYS.map(lambda key: "whsec_" + base64.b64encode(key).decode())
IDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64)
TIMES = st.integers(TOLERANCE, 10**11)


def test_the_official_vector() -> None:
    assert sign_webhook(SECRET, ID, AT, BODY) == SIGNATURE
    assert verify_webhook([SECRET], HEADERS, BODY, AT)


def test_the_prefix_and_the_case_of_headers_do_not_matter() -> None:
    assert sign_webhook(SECRET.removeprefix("whsec_"), ID, AT, BODY) == SIGNATURE
    titled = {name.title(): value for name, value in HEADERS.items()}
    assert verify_webhook([SECRET], titled, BODY, AT)


@pytest.mark.parametrize(
    ("late", "valid"), [(300, True), (-300, True), (301, False), (-301, False), (10**9, False)]
)
def test_a_message_is_valid_for_five_minutes_either_way(late: int, valid: bool) -> None:
    assert verify_webhook([SECRET], HEADERS, BODY, AT + late) == valid


def test_the_tolerance_can_be_less() -> None:
    assert verify_webhook([SECRET], HEADERS, BODY, AT + 10, tolerance=10)
    assert not verify_webhook([SECRET], HEADERS, BODY, AT + 11, tolerance=10)


def test_an_old_message_with_a_new_time_is_not_valid() -> None:
    now = AT + 3600
    assert not verify_webhook([SECRET], {**HEADERS, "webhook-timestamp": str(now)}, BODY, now)
    assert not verify_webhook([SECRET], {**HEADERS, "webhook-id": "1"}, BODY, AT)
    assert not verify_webhook([SECRET], HEADERS, BODY + b" ", AT)
    assert not verify_webhook([SECRET], HEADERS, b"", AT)


def test_while_a_secret_is_changed_both_work() -> None:
    # The receiver knows both, or the sender signs with both.
    assert verify_webhook([OTHER, SECRET], HEADERS, BODY, AT)
    both = f"{sign_webhook(OTHER, ID, AT, BODY)} {SIGNATURE}"
    for secret in (SECRET, OTHER):
        assert verify_webhook([secret], {**HEADERS, "webhook-signature": both}, BODY, AT)
    # Afterwards the old one does not.
    assert not verify_webhook([OTHER], HEADERS, BODY, AT)
    assert not verify_webhook([], HEADERS, BODY, AT)


def test_other_kinds_of_signatures_are_passed_over() -> None:
    value = f"v1a,{SIGNATURE[3:]} v2,x  , v1 {SIGNATURE}"
    assert verify_webhook([SECRET], {**HEADERS, "webhook-signature": value}, BODY, AT)
    for wrong in (SIGNATURE[3:], SIGNATURE.replace("v1", "v2"), SIGNATURE.lower(), SIGNATURE[:-1]):
        assert not verify_webhook([SECRET], {**HEADERS, "webhook-signature": wrong}, BODY, AT)


def test_no_more_than_so_much_of_the_header_is_looked_at() -> None:
    value = "v1,x " * MAX_SIGNATURES + SIGNATURE
    assert not verify_webhook([SECRET], {**HEADERS, "webhook-signature": value}, BODY, AT)


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize(
    "value",
    ["", " ", "\0", "x", "-1", "1e9", "0x9", "NaN", "9" * 5000, "१७८१०", "\ud800", "é", "v1,"],
)
def test_garbage_in_a_header_is_no_exception(name: str, value: str) -> None:
    assert not verify_webhook([SECRET], {**HEADERS, name: value}, BODY, AT)
    rest = {one: text for one, text in HEADERS.items() if one != name}
    assert not verify_webhook([SECRET], rest, BODY, AT)


@given(st.dictionaries(st.sampled_from([*HEADERS, "x"]), st.text()), st.binary(), st.integers())
def test_nothing_made_up_is_valid(headers: dict[str, str], body: bytes, now: int) -> None:
    assert not verify_webhook([SECRET, OTHER], headers, body, now)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!", "whsec_é", "whsec_YQ", "\ud800"])
def test_what_is_no_secret_signs_nothing(secret: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        sign_webhook(secret, ID, AT, BODY)
    assert "YQ" not in caught.value.message
    assert not verify_webhook([secret], HEADERS, BODY, AT)
    assert verify_webhook([secret, SECRET], HEADERS, BODY, AT)


@given(SECRETS, IDS, TIMES, st.binary(max_size=200), st.integers(-TOLERANCE, TOLERANCE))
def test_what_is_signed_is_valid(
    secret: str, message_id: str, at: int, body: bytes, late: int
) -> None:
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": sign_webhook(secret, message_id, at, body),
    }
    assert verify_webhook([secret], headers, body, at + late)


@given(SECRETS, SECRETS, IDS, TIMES, st.binary(max_size=99), st.binary(max_size=99))
def test_a_signature_is_of_one_secret_and_one_body(
    secret: str, other: str, message_id: str, at: int, body: bytes, other_body: bytes
) -> None:
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": sign_webhook(secret, message_id, at, body),
    }
    # HMAC fills keys up with zeros.
    keys = [base64.b64decode(one[6:]).rstrip(b"\0") for one in (secret, other)]
    assert verify_webhook([other], headers, body, at) == (keys[0] == keys[1])
    assert verify_webhook([secret], headers, other_body, at) == (body == other_body)


def test_new_secrets_are_long_and_not_alike() -> None:
    made = {new_webhook_secret() for _ in range(10)}
    assert len(made) == 10
    for secret in made:
        assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
        assert check_webhook_secret(secret) == secret
