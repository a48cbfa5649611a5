"""Accounts are read from the files of this gateway and of earlier ones."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway import BadRequest, PlugwayError
from plugway.testing import ManualClock
from plugway_gemini_business.account import Cookie, read
from plugway_gemini_business.credential import GeminiBusinessAccount

CANARY = "canary-5f0d2c"
KIND = GeminiBusinessAccount(ManualClock())


def bearer(subject: str) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"sub": subject}).encode()).decode().rstrip("=")
    return f"Bearer h.{claims}.s"


def account_file(**changes: Any) -> dict[str, Any]:
    """Return the file of reference §2.1."""
    whole = {
        "email": "Me@Example.com",
        "fullName": "Me",
        "authorization": bearer("csesidx/123456"),
        "cookies": [
            {"name": "__Secure-C_SES", "value": f"CSE.{CANARY}", "domain": ".gemini.google"},
            {"name": "__Host-C_OSES", "value": "COS.2", "domain": "business.gemini.google"},
            {"name": "__Secure-1PSID", "value": "g.3", "domain": ".google.com"},
            {"name": "NID", "value": "n", "domain": "business.gemini.google"},
        ],
        "cookie_string": "",
        "response_headers": {},
        "timestamp": "2026-11-01T00:00:00Z",
        "configId": "0a1b-2c3d",
        "csesidx": "123456",
    }
    return {**whole, **changes}


def parsed(value: Any) -> Any:
    return read(KIND.parse(value if isinstance(value, str) else json.dumps(value)))


def test_an_account_file_is_read_as_it_is() -> None:
    account = parsed(account_file())
    assert (account.email, account.csesidx) == ("Me@Example.com", "123456")
    assert account.config_id == "0a1b-2c3d"
    # Cookies of other places and other names stay in the file and are not sent.
    assert account.cookie_header == f"__Secure-C_SES=CSE.{CANARY}; __Host-C_OSES=COS.2"
    assert len(account.cookies) == 4
    assert account.expires_at == 1_793_491_200 + 12 * 3600
    assert account.label == "me@example.com"


def test_the_number_is_found_in_the_bearer_when_it_is_missing() -> None:
    file = account_file()
    del file["csesidx"]
    assert parsed(file).csesidx == "123456"
    assert parsed({**file, "email": ""}).label == "csesidx 123456"


def test_other_files_are_read_too() -> None:
    account = parsed(
        {
            "id": "you@example.com",
            "secure_c_ses": "CSE.1",
            "host_c_oses": "COS.2",
            "csesidx": 77,
            "config_id": "ab-cd",
            "expires_at": "2026-11-01 08:00:00",
            "mail_password": CANARY,
        }
    )
    assert (account.email, account.csesidx, account.config_id) == ("you@example.com", "77", "ab-cd")
    assert account.cookie_header == "__Secure-C_SES=CSE.1; __Host-C_OSES=COS.2"
    assert account.expires_at == 1_793_491_200
    assert CANARY not in repr(account)
    text = account_file(cookies=[], cookie_string="__Secure-C_SES=CSE.9; __Host-C_OSES=; x=1")
    assert parsed(text).cookies == (Cookie("__Secure-C_SES", "CSE.9"), Cookie("x", "1"))
    uploaded = {**account_file(), "full_name": "Me", "config_id": "ef", "is_new": True}
    del uploaded["configId"]
    assert parsed(uploaded).config_id == "ef"


def test_what_is_stored_is_one_line_and_can_be_read_again() -> None:
    secret = KIND.parse(json.dumps(account_file(), indent=2))
    assert "\n" not in secret.reveal()
    assert "response_headers" not in secret.reveal()
    assert KIND.parse(secret.reveal()) == secret
    assert [KIND.parse(one) for one in KIND.split(KIND.export(secret))] == [secret]
    assert KIND.label(secret) == "me@example.com"
    assert KIND.expires(secret) == 1_793_491_200 + 12 * 3600


def test_files_of_many_accounts_are_taken_apart() -> None:
    both = [account_file(), account_file(email="other@example.com")]
    for text in (
        json.dumps(both),
        json.dumps({"accounts": both}, indent=1),
        "\n".join([json.dumps(one) for one in both]) + "\n",
    ):
        labels = [KIND.label(KIND.parse(one)) for one in KIND.split(text)]
        assert labels == ["me@example.com", "other@example.com"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"cookies": []}, "__Secure-C_SES"),
        ({"cookies": [{"name": "__Host-C_OSES", "value": "x"}]}, "__Secure-C_SES"),
        ({"cookies": [{"name": "__Secure-C_SES", "value": f"{CANARY}; b=c"}]}, "__Secure-C_SES"),
        ({"cookies": [{"name": "__Secure-C_SES", "value": f"{CANARY}\r\nX: y"}]}, "__Secure-C_SES"),
        ({"cookies": [{"name": f"{CANARY} x", "value": "1"}]}, "name"),
        ({"cookies": CANARY}, "cookies"),
        ({"cookies": [CANARY]}, "cookie"),
        ({"csesidx": "", "authorization": CANARY}, "csesidx"),
        ({"csesidx": "", "authorization": bearer(CANARY)}, "csesidx"),
        ({"csesidx": f"{CANARY}&x=1"}, "csesidx"),
        ({"configId": ""}, "configId"),
        ({"configId": f"../{CANARY}"}, "configId"),
    ],
)
def test_what_is_missing_or_wrong_is_named_and_not_repeated(
    changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        parsed(account_file(**changes))
    assert named in refused.value.message
    assert CANARY not in refused.value.message


@pytest.mark.parametrize("text", ["", "no json " + CANARY, "[]", "{}", '"x"', "3", "[" * 20_000])
def test_what_is_no_account_is_refused(text: str) -> None:
    with pytest.raises(BadRequest) as refused:
        KIND.parse(text)
    assert CANARY not in refused.value.message


@pytest.mark.parametrize("text", ["", "[]", '{"accounts": []}', "[3]", "[" * 20_000])
def test_a_file_without_accounts_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        KIND.split(text)


_FIELDS = [
    "email",
    "cookies",
    "cookie_string",
    "csesidx",
    "configId",
    "authorization",
    "expires_at",
    "timestamp",
    "secure_c_ses",
]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(_FIELDS),
        _JSON,
    )
)
def test_strange_files_are_refused_with_a_typed_error(changes: dict[str, Any]) -> None:
    try:
        secret = KIND.parse(json.dumps({**account_file(), **changes}))
    except PlugwayError:
        return
    assert KIND.parse(secret.reveal()) == secret
