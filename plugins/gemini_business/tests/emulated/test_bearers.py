"""The key for the bearer, and what a bearer must be."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from gemini_business_emulated import WIDGETS, Visitor, encoded, jwt

pytestmark = pytest.mark.anyio

LIST: dict[str, Any] = {"pageSize": 1}


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    """Run an emulator with two accounts."""
    async with Visitor("demo", "other") as visitor:
        yield visitor


async def refused(visitor: Visitor, *bearers: str) -> str:
    """Ask with bearers that are to be refused, and return why they are."""
    headers = [("Authorization", bearer) for bearer in bearers]
    body = visitor.body("widgetListSessions", LIST)
    url = f"{WIDGETS}/widgetListSessions"
    async with visitor.client.post(url, json=body, headers=headers) as answer:
        told = await answer.json()
        assert (answer.status, told["error"]["status"]) == (401, "UNAUTHENTICATED")
        why: str = told["error"]["details"][0]["metadata"]["why"]
        return why


async def test_a_bearer_is_made_and_taken(visitor: Visitor) -> None:
    assert (await visitor.call("widgetListSessions", LIST))[0] == 200
    assert (await visitor.call("widgetListSessions", LIST, "other"))[0] == 200


async def test_the_second_cookie_is_not_needed(visitor: Visitor) -> None:
    first, second = visitor.cookies()["Cookie"].split("; ")
    assert (await visitor.mint(headers={"Cookie": first}))[0] == 200
    assert (await visitor.mint(headers={"Cookie": second}))[0] == 401
    mixed = f"{first}; {visitor.cookies('other')['Cookie'].split('; ')[1]}"
    assert (await visitor.mint(headers={"Cookie": mixed}))[0] == 401


@pytest.mark.parametrize("given", [{}, {"Cookie": "__Secure-C_SES=nobody"}])
async def test_who_is_not_signed_in_is_told(visitor: Visitor, given: dict[str, str]) -> None:
    status, body = await visitor.mint(headers=given)
    assert status == 401
    assert json.loads(body) == {"message": "Session has expired.", "status": "EXPIRED_SIGN_IN"}


async def test_cookies_are_for_their_own_account(visitor: Visitor) -> None:
    assert (await visitor.mint("other", headers=visitor.cookies("demo")))[0] == 401


async def test_cookies_last_twelve_hours(visitor: Visitor) -> None:
    visitor.clock.advance(12 * 3_600 - 1)
    assert (await visitor.mint())[0] == 200
    visitor.clock.advance(1)
    assert (await visitor.mint())[0] == 401
    visitor.emulator.sign_in("demo")
    assert (await visitor.mint())[0] == 200


async def test_csesidx_is_asked_for(visitor: Visitor) -> None:
    for params in ({}, {"csesidx": "x"}):
        url, headers = "/auth/getoxsrf", visitor.cookies()
        async with visitor.client.get(url, params=params, headers=headers) as answer:
            assert answer.status == 400


async def test_an_account_has_a_state(visitor: Visitor) -> None:
    bearer = f"Bearer {await visitor.bearer()}"
    url, body = f"{WIDGETS}/widgetListSessions", visitor.body("widgetListSessions", LIST)
    for state, status in (("expired", 401), ("restricted", 403), ("good", 200)):
        await visitor.control("PUT", "account", {"name": "demo", "state": state})
        assert (await visitor.mint())[0] == status
        headers = {"Authorization": bearer}
        async with visitor.client.post(url, json=body, headers=headers) as answer:
            assert answer.status == status
    assert (await visitor.mint("other"))[0] == 200


async def test_keys_rotate_and_old_ones_hold_as_long_as_bearers(visitor: Visitor) -> None:
    visitor.emulator.behaviour.key_seconds = 60
    first, _ = await visitor.key()
    visitor.clock.advance(59)
    assert (await visitor.key())[0] == first
    old = await visitor.bearer()
    visitor.clock.advance(1)
    second, _ = await visitor.key()
    assert second != first
    headers = {"Authorization": f"Bearer {old}"}
    url, body = f"{WIDGETS}/widgetListSessions", visitor.body("widgetListSessions", LIST)
    async with visitor.client.post(url, json=body, headers=headers) as answer:
        assert answer.status == 200
    visitor.clock.advance(299)
    async with visitor.client.post(url, json=body, headers=headers) as answer:
        assert answer.status == 200
    visitor.clock.advance(1)
    assert "does not hold" in await refused(visitor, f"Bearer {old}")


async def test_keys_are_revoked(visitor: Visitor) -> None:
    old = await visitor.bearer()
    await visitor.control("POST", "accounts/demo/revoke", {"keys": True})
    assert "does not hold" in await refused(visitor, f"Bearer {old}")
    assert (await visitor.call("widgetListSessions", LIST))[0] == 200


async def test_keys_need_every_padding_and_the_alphabet_of_urls(visitor: Visitor) -> None:
    visitor.emulator.behaviour.key_seconds = 1
    lengths = set()
    for _ in range(3):
        _, body = await visitor.mint()
        token = json.loads(body.partition("\n")[2])["xsrfToken"]
        lengths.add(len(token) % 4)
        assert "-" in token
        assert "_" in token
        assert (await visitor.call("widgetListSessions", LIST))[0] == 200
        visitor.clock.advance(1)
    assert lengths == {0, 2, 3}


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://gemini.google"}, "issuer"),
        ({"aud": "https://discoveryengine.googleapis.com"}, "audience"),
        ({"sub": "1"}, "subject"),
        ({"sub": "csesidx/1"}, "nobody"),
        ({"nbf": None}, "claims"),
        ({"jti": "1"}, "claims"),
        ({"iat": 1_800_000_000.5}, "whole number"),
        ({"exp": 1_800_000_301}, "lasts more than 300"),
        ({"exp": 1_800_000_000}, "lasts more than 300 seconds, or not at all"),
        ({"nbf": 1_800_000_011}, "not valid yet"),
        ({"iat": 1_800_000_011, "exp": 1_800_000_300}, "not valid yet"),
        ({"iat": 1_799_999_690, "nbf": 1_799_999_690, "exp": 1_799_999_990}, "expired"),
    ],
)
async def test_claims_are_checked(visitor: Visitor, claims: dict[str, Any], why: str) -> None:
    key_id, key = await visitor.key()
    header = {"alg": "HS256", "typ": "JWT", "kid": key_id}
    token = jwt(key, header, {**visitor.claims(), **claims})
    assert why in await refused(visitor, f"Bearer {token}")


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"alg": "none"}, "HS256"),
        ({"typ": None}, "header"),
        ({"kid": "key-demo-9"}, "does not hold"),
        ({"jku": "x"}, "header"),
    ],
)
async def test_the_header_is_checked(visitor: Visitor, header: dict[str, Any], why: str) -> None:
    key_id, key = await visitor.key()
    whole = {"alg": "HS256", "typ": "JWT", "kid": key_id, **header}
    assert why in await refused(visitor, f"Bearer {jwt(key, whole, visitor.claims())}")


async def test_the_signature_is_checked(visitor: Visitor) -> None:
    key_id, _ = await visitor.key()
    header = {"alg": "HS256", "typ": "JWT", "kid": key_id}
    token = jwt(b"another", header, visitor.claims())
    assert "signature" in await refused(visitor, f"Bearer {token}")
    _, key = await visitor.key("other")
    token = jwt(key, header, visitor.claims())
    assert "signature" in await refused(visitor, f"Bearer {token}")


async def test_the_form_is_checked(visitor: Visitor) -> None:
    token = await visitor.bearer()
    head, claims, signature = token.split(".")
    assert "no bearer" in await refused(visitor)
    assert "more than one" in await refused(visitor, f"Bearer {token}", f"Bearer {token}")
    assert "JWT" in await refused(visitor, token)
    assert "JWT" in await refused(visitor, f"Bearer {head}.{claims}")
    assert "padding" in await refused(visitor, f"Bearer {head}.{claims}.{signature}=")
    assert "base64url" in await refused(visitor, f"Bearer {head}.{claims}.+{signature[1:]}")
    assert "JSON" in await refused(visitor, f"Bearer {encoded(b'[]')}.{claims}.{signature}")


async def test_the_key_may_be_asked_for_too_often(visitor: Visitor) -> None:
    await visitor.control("PATCH", "behaviour", {"mint_interval": 30, "retry_after": 7})
    assert (await visitor.mint())[0] == 200
    assert (await visitor.mint())[0] == 429
    assert (await visitor.mint("other"))[0] == 200
    visitor.clock.advance(30)
    assert (await visitor.mint())[0] == 200
