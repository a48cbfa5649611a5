"""How a plugin mounts routes."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Set
from typing import TYPE_CHECKING, Any

import msgspec

from plugway.errors import ConfigurationError, PlugwayError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Scope

    from plugway.request import Request
    from plugway.socket import Socket


#: Stands for the method where a WebSocket is opened.
SOCKET = "WEBSOCKET"

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

#: Where a client may put its key: `Authorization: Bearer …`, two headers of that name, and
#: `key` in the query.
KEY_STYLES = frozenset({"bearer", "x-api-key", "x-goog-api-key", "key"})

#: Where it may on a mount that does not say.
KEYS = frozenset({"bearer", "x-api-key"})


class ErrorBody(msgspec.Struct, frozen=True):
    """Holds an error as one surface shows it.

    Attributes:
        status: HTTP status.
        content: Rendered as JSON.
        headers: Added to the answer; `retry-after` is set by the core.
    """

    status: int
    content: Any
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)


def plain_error(error: PlugwayError, request_id: str) -> ErrorBody:
    """Render an error in plugway's own shape, for routes that have no official one.

    Example:
        >>> from plugway import NotPermitted
        >>> plain_error(NotPermitted(), "r1").status
        403
    """
    content: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.field is not None:
        content["field"] = error.field
    content["request_id"] = request_id
    return ErrorBody(error.status, {"error": content})


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """Describes a route for the OpenAPI document.

    Attributes:
        summary: One line.
        request: Type of the JSON body, if any.
        response: Type of the JSON answer, if it has one.
        query: Struct whose fields are the query parameters.
        tags: Groups in the document; default: the plugin's name.
    """

    summary: str
    request: Any = None
    response: Any = None
    query: Any = None
    tags: tuple[str, ...] = ()


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """Mounts an endpoint at a path.

    Of several mounts that match a request the most specific one that takes its method
    wins: segment by segment, a literal comes before a `{name}` and that before a prefix.

    Attributes:
        path: Starts with `/`. A segment may be `{name}`, which matches one segment that is
            not empty and is found in `request.path_params`, decoded once. No trailing slash.
        endpoint: `async def endpoint(request)` returning an ASGI response; where `socket` is set
            `async def endpoint(socket)`, which accepts it and stays until it ends.
        methods: Methods it takes. `HEAD` is not implied by `GET`.
        prefix: Serve everything at and below `path`; `request.path` tells what was asked.
        public: No key is asked for. Shown in `plugway plugins`.
        keys: Where the key may be: any of `bearer`, `x-api-key`, `x-goog-api-key` and `key`,
            which is the query and so is seen by whoever logs addresses on the way. More than
            one key in these places is refused.
        fallback: Give the path up to another plugin that mounts the same one.
        slash: Also take the path with one trailing slash.
        socket: A WebSocket is opened here; `methods` do not count.
        errors: Renders errors in this surface's official shape.
        operation: Entry in the OpenAPI document.
        instead: Returns another mount for requests that are meant for it, told by their ASGI
            scope, where two APIs share a path; None: this one. It is as `public` as this one.

    Raises:
        ConfigurationError: A path or method that cannot be routed, a style of key that
            there is not, or an endpoint that is not asynchronous.

    Example:
        >>> async def ping(request):
        ...     from starlette.responses import JSONResponse
        ...     return JSONResponse({"pong": True})
        >>> Mount(path="/echo/ping", endpoint=ping, methods={"GET"}, public=True).path
        '/echo/ping'
    """

    path: str
    endpoint: Callable[[Request], Awaitable[ASGIApp]] | Callable[[Socket], Awaitable[None]]
    methods: Set[str] = METHODS
    prefix: bool = False
    public: bool = False
    keys: Set[str] = KEYS
    fallback: bool = False
    slash: bool = False
    socket: bool = False
    errors: Callable[[PlugwayError, str], ErrorBody] = plain_error
    operation: Operation | None = None
    instead: Callable[[Scope], Mount | None] | None = None

    def __post_init__(self) -> None:
        if self.socket:
            msgspec.structs.force_setattr(self, "methods", frozenset({SOCKET}))
        fault = _path_fault(self.path)
        if fault is not None:
            raise ConfigurationError(f"route {self.path!r}: {fault}")
        if not self.methods or not set(self.methods) <= {*METHODS, SOCKET}:
            raise ConfigurationError(f"route {self.path!r}: methods must be from {sorted(METHODS)}")
        if not self.keys or not set(self.keys) <= KEY_STYLES:
            raise ConfigurationError(f"route {self.path!r}: keys must be from {sorted(KEY_STYLES)}")
        if inspect.isfunction(self.endpoint) and not inspect.iscoroutinefunction(
            inspect.unwrap(self.endpoint)
        ):
            raise ConfigurationError(f"route {self.path!r}: the endpoint must be `async def`")
        msgspec.structs.force_setattr(self, "methods", frozenset(self.methods))
        msgspec.structs.force_setattr(self, "keys", frozenset(self.keys))

    def serving(self, scope: Scope) -> Mount:
        """Return the mount that serves a request for this path.

        Args:
            scope: The request's ASGI scope.
        """
        other = None if self.instead is None else self.instead(scope)
        if other is None:
            return self
        if other.public != self.public:
            raise ConfigurationError(f"route {self.path!r}: another one is not as public")
        return other


def _path_fault(path: str) -> str | None:
    if path == "/":
        return None
    segments = path.split("/")
    if len(segments) < 2 or segments[0] or "" in segments[1:]:
        return "start with one '/', no empty segment, no '/' at the end"
    if not path.isprintable() or not set(path).isdisjoint("?#%\\"):
        return "write it decoded, without '?', '#', '%', '\\' and control characters"
    if not {".", ".."}.isdisjoint(segments):
        return "no '.' or '..'"
    names = [segment[1:-1] for segment in segments if segment[0:1] + segment[-1:] == "{}"]
    braces = sum(segment.count("{") + segment.count("}") for segment in segments)
    if braces != 2 * len(names) or not all(name.isidentifier() for name in names):
        return "a parameter is a whole segment such as '{name}'"
    if len(set(names)) != len(names):
        return "two parameters have the same name"
    return None
