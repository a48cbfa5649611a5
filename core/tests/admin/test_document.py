"""The OpenAPI document over HTTP."""

from __future__ import annotations

import pytest
from back_office import BackOffice

from plugway.admin.roles import ROLES

pytestmark = pytest.mark.anyio


async def test_it_lists_every_route(office: BackOffice) -> None:
    answer = await office.nobody.call("GET", "/openapi.json")
    assert answer.status == 200
    paths = answer.json["paths"]
    for place in (*ROLES, "GET /health", "GET /readyz", "GET /metrics", "GET /openapi.json"):
        method, _, path = place.partition(" ")
        operation = paths[path][method.lower()]
        assert operation["summary"], place
    assert "post" in paths["/shop/tea/{path}"]


async def test_it_describes_inputs_and_answers(office: BackOffice) -> None:
    found = (await office.nobody.call("GET", "/openapi.json")).json
    schemas = found["components"]["schemas"]
    listed = found["paths"]["/api/admin/usage"]["get"]
    names = {parameter["name"] for parameter in listed["parameters"]}
    assert names >= {"user", "key", "provider", "model", "from", "to", "limit", "after"}
    added = found["paths"]["/api/admin/users"]["post"]
    body = added["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    new_user = schemas[body.rpartition("/")[2]]
    assert set(new_user["properties"]) == {"name", "role", "group", "enabled"}
    assert new_user["required"] == ["name"]
    assert new_user["additionalProperties"] is False
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            # A thumbnail is a picture.
            if path.startswith("/api/") and method == "get" and not path.endswith("/thumbnail"):
                content = operation["responses"]["200"]["content"]
                assert content["application/json"]["schema"], path
