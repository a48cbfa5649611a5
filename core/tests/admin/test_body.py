"""What clients may send, and how they hear what was wrong with it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from back_office import ADMIN, BackOffice

pytestmark = pytest.mark.anyio

KEY = {"user": "alice", "name": "k"}


async def test_a_wrong_field_is_named(office: BackOffice) -> None:
    for path, body, field in [
        ("/users", {"name": "bob", "balance": 5}, "balance"),
        ("/users", {"name": "bob", "id": 1, "account_id": 1}, "id"),
        ("/users", {}, "name"),
        ("/users", {"name": 5}, "name"),
        ("/users", {"name": None}, "name"),
        ("/users", {"name": "bob", "role": "owner"}, "role"),
        ("/users", {"name": "bob", "enabled": "yes"}, "enabled"),
        ("/users", {"name": ""}, "name"),
        ("/users", {"name": "a\0b"}, "name"),
        ("/users/alice/credit", {"credits": 1.5, "reason": "x"}, "credits"),
        ("/users/alice/credit", {"credits": "5", "reason": "x"}, "credits"),
        ("/users/alice/credit", {"credits": True, "reason": "x"}, "credits"),
        ("/users/alice/credit", {"credits": 0, "reason": "x"}, "credits"),
        ("/users/alice/credit", {"credits": 2**53 + 1, "reason": "x"}, "credits"),
        ("/users/alice/credit", {"credits": 10**400, "reason": "x"}, "credits"),
        ("/users/alice/credit", {"credits": 5}, "reason"),
        ("/users/alice/credit", {"credits": 5, "reason": "  "}, "reason"),
        ("/users/alice/credit", {"credits": 5, "reason": "x" * 256}, "reason"),
        (
            "/users/alice/credit",
            {"credits": 5, "reason": "x", "idempotency_key": "ü"},
            "idempotency_key",
        ),
        ("/keys", {**KEY, "models": ["tea", 5]}, "models[1]"),
        ("/keys", {**KEY, "expires_at": "tomorrow"}, "expires_at"),
        (
            "/keys",
            {**KEY, "expires_at": "2030-01-01T00:00:00"},
            "expires_at",
        ),
        (
            "/keys",
            {**KEY, "expires_at": "2001-01-01T00:00:00Z"},
            "expires_at",
        ),
        ("/keys", {**KEY, "quota": -1}, "quota"),
        ("/keys", {**KEY, "networks": ["10.0.0.1/8"]}, "networks"),
        ("/keys", {**KEY, "rate": "often"}, "rate"),
        ("/keys", {"user": "who", "name": "k"}, "user"),
    ]:
        answer = await office.admin.post(path, body)
        assert answer.error == (400, "bad_request", field), (path, body, answer.text)
        assert field in answer.json["error"]["message"]


async def test_what_is_no_acceptable_json_is_refused(office: BackOffice) -> None:
    for content in [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"name": NaN}',
        b'{"name": "a"} {}',
        b"\xff\xfe{\x00}\x00",
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"name": ' + b"9" * 5_000 + b"}",
        json.dumps({"name": "a", "group": nested(40)}).encode(),
    ]:
        answer = await office.admin.call(
            "POST",
            f"{ADMIN}/users",
            content=content,
            headers={"content-type": "application/json"},
        )
        assert answer.error[:2] == (400, "bad_request"), (content[:40], answer.text)


def nested(depth: int) -> Any:
    """Return a list in a list in a list."""
    found: Any = 1
    for _ in range(depth):
        found = [found]
    return found


async def test_a_name_given_twice_is_refused(office: BackOffice) -> None:
    content = b'{"name": "bob", "role": "user", "role": "admin"}'
    answer = await office.admin.call("POST", f"{ADMIN}/users", content=content)
    assert answer.error == (400, "bad_request", "role")
    assert (await office.admin.get("/users/bob")).status == 404
    for query in ("limit=1&limit=2", "limit=1&%6cimit=2"):
        answer = await office.admin.call("GET", f"{ADMIN}/users?{query}")
        assert answer.error == (400, "bad_request", "limit")


async def test_a_body_has_a_largest_size(office: BackOffice) -> None:
    body = {"name": "x" * (1 << 20)}
    assert (await office.admin.post("/users", body)).error[:2] == (413, "payload_too_large")
    # What is not declared is counted.
    answer = await office.admin.call("POST", f"{ADMIN}/users", content=endless())
    assert answer.error[:2] == (413, "payload_too_large")


async def endless() -> AsyncIterator[bytes]:
    """Yield more than a mebibyte."""
    for _ in range(17):
        yield b" " * (1 << 16)


async def test_the_content_type_must_be_json(office: BackOffice) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = await office.admin.call(
            "POST", f"{ADMIN}/users", {"name": "bob"}, headers={"content-type": kind}
        )
        assert answer.error == (400, "bad_request", "content-type")
    answer = await office.admin.call(
        "POST",
        f"{ADMIN}/users",
        {"name": "bob"},
        headers={"content-type": "Application/JSON; charset=utf-8"},
    )
    assert answer.status == 201


async def test_query_parameters_are_checked(office: BackOffice) -> None:
    for path, query, field in [
        ("/users", "limit=0", "limit"),
        ("/users", "limit=501", "limit"),
        ("/users", "limit=-1", "limit"),
        ("/users", "limit=1e3", "limit"),
        ("/users", "limit=", "limit"),
        ("/users", "after=-1", "after"),
        ("/users", "after=9223372036854775808", "after"),
        ("/users", "after=1;drop", "after"),
        ("/users", "order=balance", "order"),
        ("/users", "search=", "search"),
        ("/users", "search=%00", "search"),
        ("/users", "search=" + "x" * 191, "search"),
        ("/usage", "after=1", "after"),
        ("/usage", "after=1.x", "after"),
        ("/usage", "from=yesterday", "from"),
        ("/usage", "user=nobody", "user"),
        ("/usage", "key=k", "key"),
        ("/usage", "user=alice&key=nope", "key"),
        ("/usage", "channel=nope", "channel"),
        ("/usage/summary", "by=secret", "by"),
        ("/ledger/entries", "kind=steal", "kind"),
        ("/ledger/entries", "key=k", "key"),
        ("/ledger/entries", "call_id=%27%20OR%201=1", "call_id"),
        ("/ledger/holds", "state=gone", "state"),
        ("/credentials", "channel=nope", "channel"),
        ("/prices", "limit=1000", "limit"),
    ]:
        answer = await office.admin.call("GET", f"{ADMIN}{path}?{query}")
        assert answer.error == (400, "bad_request", field), (path, query, answer.text)


async def test_broken_queries_are_refused(office: BackOffice) -> None:
    for query in ("search=%ff", "&".join(f"p{number}=1" for number in range(40))):
        answer = await office.admin.call("GET", f"{ADMIN}/users?{query}")
        assert answer.error[:2] == (400, "bad_request")


async def test_an_id_that_is_none_is_not_found(office: BackOffice) -> None:
    for text in ("0", "abc", "1.0", "-1", "9" * 19, "9" * 30, "%C2%B2", "1%20"):
        answer = await office.admin.get(f"/keys/{text}")
        assert answer.error[:2] == (404, "not_found"), text
