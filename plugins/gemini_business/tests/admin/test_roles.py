"""Every administrative route × anonymous, user, operator, administrator."""

from __future__ import annotations

from typing import Any

import pytest
from business_admin import CHANGE, READ, Administration

pytestmark = pytest.mark.anyio


async def test_every_route_takes_its_role_and_no_lower_one(administration: Administration) -> None:
    wrong = []
    for place in (*READ, *CHANGE):
        may = {"admin", "operator"} if place in READ else {"admin"}
        for role in ("", "user", "operator", "admin"):
            status = (await administration.call(place, {"nothing": 1}, role=role)).status
            expected = (200, 202, 400) if role in may else (403,) if role else (401,)
            if place.startswith("GET"):
                expected = (200,) if role in may else expected
            if status not in expected:
                wrong.append((place, role, status))
    assert not wrong


async def test_the_routes_are_those_and_no_others(administration: Administration) -> None:
    mounts = [
        route.mount
        for route in administration.server.gateway.registry.routes
        if route.owner == "gemini_business"
    ]
    assert {mount.path for mount in mounts if mount.public} == {"/"}
    protected = {
        f"{method} {mount.path}"
        for mount in mounts
        if mount.path.startswith("/admin")
        for method in mount.methods
    }
    assert protected == {*READ, *CHANGE}


async def test_a_key_may_be_in_either_header(administration: Administration) -> None:
    url = f"{administration.server.url}/admin/status"
    for headers, status in (
        ({"X-API-Key": administration.keys["admin"]}, 200),
        ({"X-API-Key": administration.keys["user"]}, 403),
        ({"X-API-Key": "sk-wrong"}, 401),
        ({"x-goog-api-key": administration.keys["admin"]}, 401),
    ):
        async with administration.client.get(url, headers=headers) as answer:
            assert answer.status == status, headers
            assert answer.headers.get("cache-control") == "no-store" or status != 200


@pytest.mark.parametrize(
    "path", ["/admin/status/", "/Admin/status", "//admin/status", "/admin/%73tatus%2f"]
)
async def test_no_spelling_of_a_path_gets_past_the_role(
    administration: Administration, path: str
) -> None:
    for role in ("", "user"):
        answer = await administration.call(f"GET {path}", role=role)
        assert answer.status in (400, 401, 403, 404)
        assert b"ready" not in answer.body


BODIES: dict[str, dict[str, Any]] = {
    "POST /admin/browser-refresh": {"email": "first@business.example"},
    "POST /admin/config/cooldown": {"use_cooldown_sec": 1},
    "POST /admin/config/browser-refresh": {"enable": False},
    "POST /admin/register": {"count": 1},
}


@pytest.mark.parametrize("place", BODIES)
async def test_a_body_has_no_other_fields(administration: Administration, place: str) -> None:
    for field, value in (("proxy", "http://evil.example"), ("settings", {"proxy": "direct"})):
        body = {**BODIES[place], field: value}
        assert await administration.refused(place, body) == (400, field)
