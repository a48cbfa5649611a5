"""Tests of the OpenAPI document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from plugway import ErrorBody, Mount, Operation, PlugwayError
from plugway.openapi import document
from plugway.routes import RouteTable


class Page(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    page_num: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    kind: str


class Item(msgspec.Struct, frozen=True):
    name: str
    parent: Item | None = None


class Task(msgspec.Struct, frozen=True):
    """Is a task."""

    items: list[Item]


def other_item() -> type[msgspec.Struct]:
    class Item(msgspec.Struct, frozen=True):
        number: int

    return Item


class NoSchema:
    """Cannot be described in JSON."""


async def endpoint(request: Request) -> PlainTextResponse:
    """Serve the thing.

    At length.
    """
    return PlainTextResponse("")


def official(error: PlugwayError, request_id: str) -> ErrorBody:
    return ErrorBody(error.status, {})


def mount(path: str, methods: str = "GET", **options: Any) -> Mount:
    return Mount(path=path, endpoint=endpoint, methods=set(methods.split()), **options)


def described(*mounts: tuple[str, Mount] | Mount, **options: Any) -> dict[str, Any]:
    pairs = [pair if isinstance(pair, tuple) else ("plugin", pair) for pair in mounts]
    found = document(RouteTable(pairs), version="1.2.3", **options)
    check(found)
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from references(inner)


METHODS = {"get", "put", "post", "delete", "options", "head", "patch"}


def check(found: dict[str, Any]) -> None:
    """Check what OpenAPI 3.1 asks of any document."""
    found = json.loads(msgspec.json.encode(found))
    assert found["openapi"] == "3.1.0"
    assert {"title", "version"} <= set(found["info"])
    schemas = found["components"]["schemas"]
    assert all(re.fullmatch(r"[a-zA-Z0-9._-]+", name) for name in schemas)
    for reference in references(found):
        prefix, _, name = reference.rpartition("/")
        assert prefix == "#/components/schemas"
        assert name in schemas
    schemes = found["components"]["securitySchemes"]
    shapes = [re.sub(r"{\w+}", "{}", path) for path in found["paths"]]
    assert len(shapes) == len(set(shapes))
    identifiers = []
    for path, item in found["paths"].items():
        assert path.startswith("/")
        assert set(item) <= METHODS
        for operation in item.values():
            identifiers.append(operation["operationId"])
            assert operation["summary"]
            assert operation["responses"]
            assert all("description" in one for one in operation["responses"].values())
            for requirement in operation.get("security", found["security"]):
                assert set(requirement) <= set(schemes)
            parameters = operation.get("parameters", [])
            names = [(one["in"], one["name"]) for one in parameters]
            assert len(names) == len(set(names))
            in_path = [name for place, name in names if place == "path"]
            assert in_path == re.findall(r"{(\w+)}", path)
            assert all(one["required"] for one in parameters if one["in"] == "path")
    assert len(identifiers) == len(set(identifiers))


def test_every_route_is_in_it() -> None:
    found = described(
        ("core", mount("/health", public=True)),
        ("echo", mount("/echo", "GET POST")),
        ("echo", mount("/echo/{id}", "DELETE")),
        ("bltcy", Mount(path="/runway", endpoint=endpoint, prefix=True)),
    )
    assert list(found["paths"]) == ["/echo", "/echo/{id}", "/health", "/runway/{path}"]
    assert set(found["paths"]["/echo"]) == {"get", "post"}
    assert set(found["paths"]["/runway/{path}"]) == METHODS
    assert found["tags"] == [{"name": "bltcy"}, {"name": "core"}, {"name": "echo"}]
    assert found["info"]["version"] == "1.2.3"


def test_a_key_is_asked_for_unless_the_route_is_public() -> None:
    found = described(mount("/open", public=True), mount("/closed"))
    assert found["paths"]["/open"]["get"]["security"] == []
    assert "security" not in found["paths"]["/closed"]["get"]
    assert found["security"] == [{"bearer": []}, {"apiKey": []}]


def test_types_are_described_once_and_told_apart() -> None:
    found = described(
        mount(
            "/tasks",
            "GET POST",
            operation=Operation(summary="Tasks", request=Task, response=list[Task], query=Page),
        ),
        mount("/others", operation=Operation(summary="Others", response=other_item())),
    )
    task = found["paths"]["/tasks"]
    assert task["post"]["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Task"
    }
    assert "requestBody" not in task["get"]
    answer = task["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"type": "array", "items": {"$ref": "#/components/schemas/Task"}}
    items = [name for name in found["components"]["schemas"] if name.endswith("Item")]
    assert len(items) == 2
    assert task["get"]["parameters"] == [
        {
            "name": "pageNum",
            "in": "query",
            "required": False,
            "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 1},
        },
        {"name": "kind", "in": "query", "required": True, "schema": {"type": "string"}},
    ]


def test_a_type_without_a_schema_costs_only_itself(caplog: pytest.LogCaptureFixture) -> None:
    found = described(
        ("odd", mount("/odd", operation=Operation(summary="Odd", response=NoSchema))),
        ("fine", mount("/fine", operation=Operation(summary="Fine", response=Task))),
    )
    odd = found["paths"]["/odd"]["get"]["responses"]["200"]["content"]
    assert odd == {"application/json": {"schema": {}}}
    assert "Task" in found["components"]["schemas"]
    assert "plugin odd: /odd names a type without a JSON schema" in caplog.text


def test_errors_are_described_where_their_shape_is_known() -> None:
    found = described(mount("/plain"), mount("/official", errors=official))
    plain = found["paths"]["/plain"]["get"]["responses"]["default"]
    assert plain["content"]["application/json"]["schema"]["$ref"].endswith("plugway-error")
    assert "content" not in found["paths"]["/official"]["get"]["responses"]["default"]


def test_paths_that_differ_in_names_only_are_one() -> None:
    found = described(
        mount("/a/{id}", "GET", operation=Operation(summary="Get")),
        mount("/a/{name}", "POST", operation=Operation(summary="Post", tags=("special",))),
    )
    assert list(found["paths"]) == ["/a/{id}"]
    assert found["paths"]["/a/{id}"]["post"]["tags"] == ["special"]


def test_a_prefix_with_a_parameter_called_path() -> None:
    found = described(mount("/a/{path}", prefix=True), mount("/", prefix=True))
    assert list(found["paths"]) == ["/a/{path}/{_path}", "/{path}"]


def test_a_prefix_beside_an_equal_parameter_is_told_apart() -> None:
    # As far as OpenAPI goes, `/a/{id}` and the documented form of the prefix `/a` are one.
    found = described(mount("/a/{id}", "GET"), mount("/a", "GET POST", prefix=True))
    assert found["paths"]["/a/{id}"]["get"]["operationId"] == "plugin_get_a_id"
    assert "description" not in found["paths"]["/a/{id}"]["get"]["parameters"][0]
    assert "slashes" in found["paths"]["/a/{id}"]["post"]["parameters"][0]["description"]


def test_a_route_without_an_operation_gets_the_endpoints_words() -> None:
    found = described(mount("/a"))
    assert found["paths"]["/a"]["get"]["summary"] == "Serve the thing."


def test_the_public_address_is_named() -> None:
    assert described(mount("/a"))["servers"] == [{"url": "/"}]
    assert described(mount("/a"), server="https://gw.example")["servers"] == [
        {"url": "https://gw.example"}
    ]
