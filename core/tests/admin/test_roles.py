"""Every administrative route × anonymous, user, operator, administrator."""

from __future__ import annotations

from typing import Any

import pytest
from back_office import BackOffice

from plugway.admin.roles import ROLES
from plugway.identity.principal import RANK

pytestmark = pytest.mark.anyio

# The signature of a medium's URL is what lets a client in there.
PUBLIC = {"/health", "/readyz", "/openapi.json", "/media/{name}"}


async def test_every_route_takes_its_role_and_no_lower_one(office: BackOffice) -> None:
    callers = {"user": office.user, "operator": office.operator, "admin": office.admin}
    wrong = []
    for place, least in ROLES.items():
        method, _, path = place.partition(" ")
        path = path.replace("{name}", "nobody-of-this-name").replace("{id}", "999999")
        body: Any = {} if method in ("POST", "PUT", "PATCH") else None
        answer = await office.nobody.call(method, path, body)
        if answer.error != (401, "not_authenticated", None):
            wrong.append((place, "anonymous", answer.status))
        for role, caller in callers.items():
            answer = await caller.call(method, path, body)
            may = RANK[role] >= RANK[least]  # type: ignore[index]  # a role's name
            if may == (answer.status in (401, 403)) or answer.status >= 500:
                wrong.append((place, role, answer.status))
            elif not may:
                assert answer.error == (403, "not_permitted", None)
    assert not wrong


async def test_routes_and_roles_are_the_same_set(office: BackOffice) -> None:
    mounts = [route.mount for route in office.gateway.registry.routes if route.owner == "core"]
    assert {mount.path for mount in mounts if mount.public} == PUBLIC
    # The rest are calls, such as those of chats: any key makes them.
    protected = {
        f"{method} {mount.path}"
        for mount in mounts
        if not mount.public and mount.path.startswith(("/api/", "/metrics"))
        for method in mount.methods
    }
    assert protected == {*ROLES, "GET /metrics"}


SPELLINGS = [
    ("GET", "/api/admin/users/"),
    ("GET", "/api/Admin/users"),
    ("GET", "/api//admin/users"),
    ("GET", "/api/admin/%75sers"),
    ("GET", "/api/admin/users%2f"),
    ("GET", "/api/me/../admin/users"),
    ("GET", "/api/me/%2e%2e/admin/users"),
    ("GET", "/api/admin/users;x"),
    ("HEAD", "/api/admin/users"),
    ("OPTIONS", "/api/admin/users"),
]
HEADERS: list[dict[str, str]] = [
    {},
    {"x-original-url": "/health", "x-rewrite-url": "/health"},
    {"x-forwarded-for": "127.0.0.1", "x-real-ip": "::1"},
]


async def test_no_spelling_of_a_path_gets_past_the_role(office: BackOffice) -> None:
    for method, path in SPELLINGS:
        for headers in HEADERS:
            for caller in (office.nobody, office.user):
                answer = await caller.call(method, path, headers=headers)
                assert answer.status in (400, 401, 403, 404, 405), (method, path)
                assert "alice" not in answer.text


async def test_a_key_works_only_from_its_networks_and_within_its_rate(office: BackOffice) -> None:
    body = {"user": "root", "name": "far", "networks": ["192.0.2.0/24"]}
    far = office.caller((await office.admin.post("/keys", body)).json["key"])
    assert (await far.get("/users")).error == (403, "not_permitted", None)
    body = {"user": "root", "name": "slow", "rate": "2/hour"}
    slow = office.caller((await office.admin.post("/keys", body)).json["key"])
    assert [(await slow.get("/users")).status for _ in range(3)] == [200, 200, 429]


async def test_a_role_that_is_taken_away_is_gone_at_once(office: BackOffice) -> None:
    assert (await office.operator.get("/channels")).status == 200
    assert (await office.admin.patch("/users/olga", {"role": "user"})).status == 200
    assert (await office.operator.get("/channels")).status == 403
    assert (await office.admin.patch("/users/olga", {"enabled": False})).status == 200
    assert (await office.operator.get("/channels")).status == 401


async def test_answers_are_not_to_be_kept(office: BackOffice) -> None:
    answer = await office.admin.get("/users")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "application/json"
