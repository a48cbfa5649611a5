"""`/api/keys`, in the shapes of the earlier system."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aistudio_front import Front, serving

pytestmark = pytest.mark.anyio

PLACES = ("GET /api/keys", "POST /api/keys", "POST /api/keys/test", "DELETE /api/keys")


async def good(front: Front, place: str, body: Any = None) -> Any:
    answer = await front.call(place, body)
    assert answer.status == 200, answer.body
    assert answer.headers["cache-control"] == "no-store"
    return answer.json


async def refused(front: Front, place: str, body: Any = None, **options: Any) -> tuple[int, str]:
    """Return the status and the field of a refusal, in both of its shapes."""
    answer = await front.call(place, body, **options)
    assert answer.status >= 400, answer.body
    assert answer.json["detail"] == answer.json["error"]["message"]
    return answer.status, answer.json["error"].get("field", "")


async def test_keys_are_for_administrators(front: Front) -> None:
    front.write("first-key\n")
    for place in PLACES:
        body = None if place.startswith("GET") else {"key": "first-key"}
        for role, status in (("", 401), ("user", 403), ("operator", 403)):
            answer = await front.call(place, body, role=role)
            assert answer.status == status, (place, role)
            assert "first" not in answer.body.decode()
    assert front.path.read_text() == "first-key\n"


async def test_keys_are_listed_masked(front: Front) -> None:
    front.write("sk-abcdefghijklmnopqrstuvwxyz0123456789-ef\ntest1\n12345678\n")
    assert await good(front, "GET /api/keys") == {
        "success": True,
        "keys": [
            {"value": "sk-ab****ef", "status": "Valid"},
            {"value": "12****", "status": "Valid"},
        ],
        "total_count": 2,
        "problems": [
            "line 2 must be 8 to 256 printable characters of ASCII without spaces and without "
            "quotes, commas, semicolons and backslashes"
        ],
    }


async def test_a_key_is_added_tested_and_deleted(front: Front) -> None:
    key = "sk-brought-along-1234"
    added = await good(front, "POST /api/keys", {"key": key})
    assert added == {"success": True, "message": "The key was added.", "key_count": 1}
    assert front.path.read_text() == f"{key}\n"
    assert front.path.stat().st_mode & 0o777 == 0o600
    assert await front.enters(key)
    tested = await good(front, "POST /api/keys/test", {"key": key})
    assert tested == {"success": True, "valid": True, "message": "The key is valid."}
    deleted = await good(front, "DELETE /api/keys", {"key": key})
    assert deleted == {"success": True, "message": "The key was deleted.", "key_count": 0}
    assert front.path.read_text() == ""
    assert not await front.enters(key)
    tested = await good(front, "POST /api/keys/test", {"key": key})
    assert (tested["success"], tested["valid"]) == (True, False)
    # The rounds agree with that.
    await front.looks()
    assert not await front.enters(key)


async def test_what_is_wrong_with_a_key_is_told(front: Front) -> None:
    await good(front, "POST /api/keys", {"key": "first-key"})
    for key in ("", "short77", "two words", "#comment-key", "ключ-ключ-ключ", "x" * 300):
        assert await refused(front, "POST /api/keys", {"key": key}) == (400, "key"), key
    for taken in ("first-key", "  first-key ", front.keys["user"]):
        assert await refused(front, "POST /api/keys", {"key": taken}) == (400, "key")
    for body in ({}, {"key": 7}, {"key": None}, {"key": "long-enough", "user": "root"}):
        status, field = await refused(front, "POST /api/keys", body)
        assert (status, bool(field)) == (400, True)
    assert front.path.read_text() == "first-key\n"


async def test_what_is_wrong_with_a_deletion_is_told(front: Front) -> None:
    front.write("first-key\n")
    assert await refused(front, "DELETE /api/keys", {"key": "other-key"}) == (404, "key")
    assert await refused(front, "DELETE /api/keys", {"key": ""}) == (400, "key")
    assert await refused(front, "DELETE /api/keys", {"key": "  "}) == (400, "key")
    assert await refused(front, "DELETE /api/keys", {}) == (400, "key")
    assert await refused(front, "DELETE /api/keys", {"key": 7}) == (400, "key")
    assert await refused(front, "DELETE /api/keys", {"key": "first-key", "all": True}) == (
        400,
        "all",
    )
    assert await refused(front, "DELETE /api/keys") == (400, "")
    assert await refused(front, "DELETE /api/keys", content=b"{") == (400, "")
    assert await refused(front, "DELETE /api/keys", content=b"[" * 10_000) == (400, "")
    assert await refused(front, "DELETE /api/keys", content=b" " * 20_000) == (413, "")
    assert await refused(front, "POST /api/keys/test", {"key": " "}) == (400, "key")
    # A key that is none of the file's stays: its owner would not know why.
    assert await refused(front, "DELETE /api/keys", {"key": front.keys["user"]}) == (404, "key")
    assert (await front.call("GET /v1/models", role="user")).status == 200
    assert front.path.read_text() == "first-key\n"


async def test_a_masked_form_is_enough_where_one_key_has_it(front: Front) -> None:
    front.write("sk-one-key-of-many-keys\nanother-old-key-of-theirs\n")
    shown = [key["value"] for key in (await good(front, "GET /api/keys"))["keys"]]
    assert shown == ["sk-o****s", "anot****rs"]
    assert await refused(front, "DELETE /api/keys", {"key": "anot****rx"}) == (404, "key")
    assert (await good(front, "DELETE /api/keys", {"key": "anot****rs"}))["key_count"] == 1
    assert front.path.read_text() == "sk-one-key-of-many-keys\n"


async def test_two_that_look_alike_are_not_told_apart(front: Front) -> None:
    text = "sk-same" + "{}" + "x" * 40 + "-end1\n"
    front.write(text.format("a") + text.format("b"))
    first, second = (key["value"] for key in (await good(front, "GET /api/keys"))["keys"])
    assert first == second
    assert await refused(front, "DELETE /api/keys", {"key": first}) == (409, "key")
    assert len(front.path.read_text().splitlines()) == 2


async def test_a_disabled_key_is_not_valid(front: Front) -> None:
    front.write("first-key\n")
    await front.until("first-key", enters=True)
    keys = (await front.call("GET /api/admin/keys?user=clients")).json["items"]
    assert [key["name"].startswith("key file ") for key in keys] == [True]
    place = f"PATCH /api/admin/keys/{keys[0]['id']}"
    assert (await front.call(place, {"enabled": False})).status == 200
    listed = await good(front, "GET /api/keys")
    assert [key["status"] for key in listed["keys"]] == ["Invalid"]
    assert await refused(front, "POST /api/keys", {"key": "first-key"}) == (400, "key")


async def test_the_audit_has_who_did_it_and_no_key(front: Front) -> None:
    await good(front, "POST /api/keys", {"key": "audited-key-1234"})
    await good(front, "DELETE /api/keys", {"key": "audited-key-1234"})
    audit = await front.call("GET /api/admin/audit")
    rows = [(row["actor"], row["action"], row["subject"]) for row in audit.json["items"]][:2]
    assert rows == [
        ("a admin/key", "key.remove", "clients/key.txt"),
        ("a admin/key", "key.add", "clients/key.txt"),
    ]
    assert b"audited-key" not in audit.body


async def test_many_at_once_lose_nothing(front: Front) -> None:
    calls = [
        front.call("POST /api/keys", {"key": f"many-keys-{number:04}"}) for number in range(12)
    ]
    statuses = [answer.status for answer in await asyncio.gather(*calls)]
    assert statuses == [200] * 12
    await front.looks()
    assert (await good(front, "GET /api/keys"))["total_count"] == 12
    for number in range(12):
        assert await front.enters(f"many-keys-{number:04}")


async def test_a_file_that_cannot_be_read_is_told(front: Front) -> None:
    front.path.write_bytes(b"\xff\xfe")
    for place in PLACES:
        body = None if place.startswith("GET") else {"key": "first-key"}
        assert await refused(front, place, body) == (409, "")


async def test_without_a_user_there_is_nothing_to_change(tmp_path: Path) -> None:
    async with serving(tmp_path / "home", {}) as front:
        await front.prepare()
        front.write("first-key\n")
        listed = await good(front, "GET /api/keys")
        assert (listed["keys"], listed["total_count"]) == ([], 0)
        assert not await front.enters("first-key")
        for place in ("POST /api/keys", "DELETE /api/keys"):
            assert await refused(front, place, {"key": "first-key"}) == (409, "")
        tested = await good(front, "POST /api/keys/test", {"key": front.keys["user"]})
        assert tested["valid"] is True


@pytest.mark.parametrize("path", ["/api/keys/", "/api//keys", "/API/keys", "/api/keys/x/.."])
async def test_no_spelling_of_a_path_gets_past_the_role(front: Front, path: str) -> None:
    front.write("first-key\n")
    for role in ("", "user"):
        answer = await front.call(f"GET {path}", role=role)
        assert answer.status in (400, 401, 403, 404, 405)
        assert b"total_count" not in answer.body
