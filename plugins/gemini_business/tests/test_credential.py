"""Bearers are made of an account's cookies (reference §1.3), and cookies are never shown."""

from __future__ import annotations

import base64
import logging
from typing import Any

import msgspec
import pytest
from business_gateway import Business

from plugway_gemini_business.bearer import SigningKey, signed

pytestmark = pytest.mark.anyio

MINT = "/auth/getoxsrf"


def test_a_bearer_says_what_the_upstream_expects() -> None:
    header, claims, signature = signed(SigningKey("k1", b"secret"), "42", 1_700_000_000).split(".")

    def read(part: str) -> Any:
        return msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))

    assert read(header) == {"alg": "HS256", "typ": "JWT", "kid": "k1"}
    assert read(claims) == {
        "iss": "https://business.gemini.google",
        "aud": "https://biz-discoveryengine.googleapis.com",
        "sub": "csesidx/42",
        "iat": 1_700_000_000,
        "nbf": 1_700_000_000,
        "exp": 1_700_000_300,
    }
    assert not signature.endswith("=")
    assert "secret" not in repr(SigningKey("k1", b"secret"))


async def test_the_cookies_go_to_the_host_of_the_sign_in_and_nowhere_else(
    business: Business,
) -> None:
    await business.ask()
    for seen in business.emulator.seen:
        cookie = seen.header("cookie")
        assert (cookie is not None) == (seen.path == MINT)
    (mint,) = [seen for seen in business.emulator.seen if seen.path == MINT]
    assert (mint.header("cookie") or "").startswith("__Secure-C_SES=")
    assert mint.header("authorization") is None


@pytest.mark.parametrize(
    ("status", "location", "blamed"),
    [
        (302, "https://accounts.google.com/signin", True),
        (302, "https://auth.business.gemini.google/login", True),
        (302, "https://portal.hotel.example/wifi", False),
        (307, "/elsewhere", False),
        (401, "", True),
        (404, "", False),
        (500, "", False),
    ],
)
async def test_an_account_is_blamed_for_what_is_its_own(
    bare: Business, status: int, location: str, blamed: bool
) -> None:
    await bare.channel("first")
    bare.emulator.fail("status", path=MINT, status=status, headers={"Location": location})
    # An account that is not accepted says nothing of others, so that is a 503.
    assert (await bare.ask()).status == (503 if blamed else 502)
    row = await bare.row("first")
    assert ((row.state, row.failures) != ("ready", 0)) == blamed


@pytest.mark.parametrize("body", [{}, {"xsrfToken": "", "keyId": "a"}, {"xsrfToken": "é"}, [], 3])
async def test_an_answer_without_a_key_blames_nobody(bare: Business, body: Any) -> None:
    await bare.channel("first")
    bare.emulator.fail("status", path=MINT, status=200, json=body)
    assert (await bare.ask()).status == 502
    row = await bare.row("first")
    assert (row.state, row.failures) == ("ready", 0)


async def test_no_secret_is_shown_anywhere(
    business: Business, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    known = business.emulator.accounts["first"].sign_ins[-1]
    answers = [await business.ask(), await business.ask("Draw a cat")]
    business.emulator.mishap("refused", call="mint", code=403, times=4)
    business.clock.advance(300)
    answers.append(await business.ask())
    bearers = [seen.header("authorization") for seen in business.emulator.seen]
    secrets = [known.ses, known.oses, *(one.removeprefix("Bearer ") for one in bearers if one)]
    for secret in secrets:
        assert secret not in caplog.text
        assert all(secret.encode() not in answer.body for answer in answers)
        assert secret not in (await business.row("first")).masked
