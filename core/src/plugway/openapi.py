"""The OpenAPI document of every mounted route, plugins' included."""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Iterable, Iterator, Set
from typing import TYPE_CHECKING, Any

import msgspec

from plugway.contract import Operation, plain_error
from plugway.contract.routes import KEYS
from plugway.routes import Route

if TYPE_CHECKING:
    from plugway.contract import Mount

log = logging.getLogger(__name__)

_REFERENCE = "#/components/schemas/"

#: Methods whose requests have a body.
_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})

_SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A plugway key.",
    },
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "googleKey": {"type": "apiKey", "in": "header", "name": "X-Goog-Api-Key"},
    "queryKey": {"type": "apiKey", "in": "query", "name": "key"},
}

#: Names of the schemes by a mount's key styles.
_SCHEMES = {
    "bearer": "bearer",
    "x-api-key": "apiKey",
    "x-goog-api-key": "googleKey",
    "key": "queryKey",
}

#: What `plain_error` renders; the name cannot be one that msgspec gives a struct.
_PLAIN_ERROR_NAME = "plugway-error"
_PLAIN_ERROR = {
    "title": "Error",
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "request_id"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "field": {"type": "string", "description": "The input at fault."},
                "request_id": {"type": "string"},
            },
        }
    },
}


def document(routes: Iterable[Route], *, version: str, server: str = "") -> dict[str, Any]:
    """Describe every route, in OpenAPI 3.1.

    Args:
        routes: A route table.
        version: Of the gateway.
        server: The gateway's public URL; empty: where the document came from.

    Returns:
        The document, ready for JSON.

    Example:
        >>> from plugway import Mount
        >>> async def ping(request): ...
        >>> mount = Mount(path="/ping", endpoint=ping, methods={"GET"}, public=True)
        >>> described = document([Route("echo", mount, ())], version="0.1.0")
        >>> described["paths"]["/ping"]["get"]["tags"]
        ['echo']
    """
    # The document has no form for WebSockets.
    routes = tuple(route for route in routes if not route.mount.socket)
    types = _Types(routes)
    names: dict[str, str] = {}
    paths: dict[str, dict[str, Any]] = {}
    # A prefix comes last: where it and a parameter are written alike, the parameter wins.
    for route in sorted(routes, key=lambda route: (route.mount.prefix, route.mount.path)):
        path = _path(route.mount)
        # OpenAPI takes two paths that differ in parameter names only for one.
        path = names.setdefault(re.sub(r"{\w+}", "{}", path), path)
        for method in sorted(route.mount.methods):
            described = _operation(route, method, path, types)
            paths.setdefault(path, {}).setdefault(method.lower(), described)
    owners = sorted({route.owner for route in routes})
    return {
        "openapi": "3.1.0",
        "info": {"title": "plugway", "version": version},
        "servers": [{"url": server or "/"}],
        "security": _security(KEYS),
        "tags": [{"name": owner} for owner in owners],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": _SECURITY_SCHEMES,
            "schemas": {_PLAIN_ERROR_NAME: _PLAIN_ERROR, **types.components},
        },
    }


class _Types:
    """Holds the schemas of all types that operations mention."""

    def __init__(self, routes: Iterable[Route]) -> None:
        found: list[Any] = []
        for route in routes:
            operation = route.mount.operation
            if operation is not None:
                mentioned = (operation.request, operation.response, operation.query)
                found += [one for one in mentioned if one is not None and _describable(one, route)]
        template = f"{_REFERENCE}{{name}}"
        # All in one go, so that two structs of one name are told apart.
        schemas, self.components = msgspec.json.schema_components(found, ref_template=template)
        self._schemas = list(zip(found, schemas, strict=True))

    def schema(self, type_: Any) -> dict[str, Any]:
        """Return a type's schema; one that has none may be anything."""
        return next((schema for known, schema in self._schemas if known is type_), {})

    def fields(self, type_: Any) -> Iterator[tuple[str, dict[str, Any], bool]]:
        """Yield the fields of a struct: name, schema, and whether it must be there."""
        reference = self.schema(type_).get("$ref", "")
        described = self.components.get(reference.removeprefix(_REFERENCE), {})
        for name, schema in described.get("properties", {}).items():
            yield name, schema, name in described.get("required", ())


def _describable(type_: Any, route: Route) -> bool:
    try:
        msgspec.json.schema_components([type_])
    except Exception:  # noqa: BLE001  # one plugin's odd type must not cost the others the document
        log.warning(
            "plugin %s: %s names a type without a JSON schema: %r",
            route.owner,
            route.mount.path,
            type_,
        )
        return False
    return True


def _path(mount: Mount) -> str:
    if not mount.prefix:
        return mount.path
    rest = "path"
    while f"{{{rest}}}" in mount.path:
        rest = f"_{rest}"
    return f"{mount.path.rstrip('/')}/{{{rest}}}"


def _operation(route: Route, method: str, path: str, types: _Types) -> dict[str, Any]:
    mount = route.mount
    operation = mount.operation or Operation(summary=_summary(mount))
    words = re.findall(r"[A-Za-z0-9]+", path)
    described: dict[str, Any] = {
        "operationId": "_".join([route.owner, method.lower(), *words]),
        "summary": operation.summary,
        "tags": list(operation.tags) or [route.owner],
        "responses": _responses(mount, operation, types),
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]
    if mount.prefix:
        parameters[-1]["description"] = "Anything, slashes included, or nothing."
    for name, schema, required in types.fields(operation.query):
        parameters.append({"name": name, "in": "query", "required": required, "schema": schema})
    if parameters:
        described["parameters"] = parameters
    if operation.request is not None and method in _WITH_BODY:
        content = {"application/json": {"schema": types.schema(operation.request)}}
        described["requestBody"] = {"required": True, "content": content}
    if mount.public:
        described["security"] = []
    elif mount.keys != KEYS:
        described["security"] = _security(mount.keys)
    return described


def _security(keys: Set[str]) -> list[dict[str, list[str]]]:
    return [{name: []} for style, name in _SCHEMES.items() if style in keys]


def _responses(mount: Mount, operation: Operation, types: _Types) -> dict[str, Any]:
    error: dict[str, Any] = {"description": "An error, in this surface's own shape."}
    if mount.errors is plain_error:
        reference = {"$ref": f"{_REFERENCE}{_PLAIN_ERROR_NAME}"}
        error = {"description": "An error.", "content": {"application/json": {"schema": reference}}}
    success: dict[str, Any] = {"description": "Success."}
    if operation.response is not None:
        schema = types.schema(operation.response)
        success["content"] = {"application/json": {"schema": schema}}
    return {"200": success, "default": error}


def _summary(mount: Mount) -> str:
    text = inspect.getdoc(mount.endpoint) or ""
    return text.partition("\n")[0] or f"Call {mount.path}"
