"""Which mount serves a request: built once at start, asked for every request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from plugway.contract import ErrorBody, Mount, plain_error
from plugway.contract.routes import SOCKET
from plugway.errors import ConfigurationError, MethodNotAllowed, NotFound

if TYPE_CHECKING:
    from plugway.errors import PlugwayError


class NoRoute(NotFound):
    """There is nothing here.

    Attributes:
        mount: A neighbour of the path, whose surface the client means; None: none near.
    """

    def __init__(self, mount: Mount | None) -> None:
        super().__init__()
        self.mount = mount

    def errors(self, error: PlugwayError, request_id: str) -> ErrorBody:
        """Render an error in the neighbour's shape, or in plugway's own."""
        render = plain_error if self.mount is None else self.mount.errors
        return render(error, request_id)


class WrongMethod(MethodNotAllowed):
    """This path does not take that method.

    Attributes:
        mount: The most specific mount of the path.
        allow: Methods that the path takes, as the `Allow` header lists them.
    """

    def __init__(self, mount: Mount, methods: Iterable[str]) -> None:
        super().__init__()
        self.mount = mount
        self.allow = ", ".join(sorted(methods))

    def errors(self, error: PlugwayError, request_id: str) -> ErrorBody:
        """Render an error in the mount's shape, with the `Allow` header."""
        body = self.mount.errors(error, request_id)
        return msgspec.structs.replace(body, headers={**body.headers, "allow": self.allow})


class Route(msgspec.Struct, frozen=True):
    """Is a mount with its owner and the names of its parameters, in order."""

    owner: str
    mount: Mount
    names: tuple[str, ...]


class _Node:
    """Is one place in the tree of segments."""

    __slots__ = ("exact", "first", "literals", "param", "prefix", "slash")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.param: _Node | None = None
        # What ends here, by method: as it is, with a slash after it, with anything below it.
        self.exact: dict[str, Route] = {}
        self.slash: dict[str, Route] = {}
        self.prefix: dict[str, Route] = {}
        # The first mount at or below this place, whose error shape an unknown path gets.
        self.first: Mount | None = None


class RouteTable:
    """Finds the mount for a method and a path; see `Mount` for which one wins.

    Example:
        >>> async def endpoint(request): ...
        >>> table = RouteTable([("echo", Mount(path="/echo/{id}", endpoint=endpoint))])
        >>> owner, mount, params = table.find("GET", "/echo/7")
        >>> owner, params
        ('echo', {'id': '7'})
    """

    def __init__(self, mounts: Iterable[tuple[str, Mount]]) -> None:
        """Build the table.

        Args:
            mounts: Mounts with their owners' names. Fallbacks that give way to another
                mount have been left out.

        Raises:
            ConfigurationError: Two mounts claim the same method and shape.
        """
        self._root = _Node()
        self._plain: dict[str, dict[str, Route]] = {}
        self._routes: list[Route] = []
        self._depth = 0
        taken: dict[str, str] = {}
        for owner, mount in mounts:
            for claim in claims(mount):
                if claim in taken:
                    raise ConfigurationError(
                        f"route {claim} of {owner} is mounted by {taken[claim]} already"
                    )
                taken[claim] = owner
            self._add(owner, mount)

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def __len__(self) -> int:
        return len(self._routes)

    def find(self, method: str, path: str) -> tuple[str, Mount, dict[str, str]]:
        """Find what serves a request.

        Args:
            method: HTTP method, in capitals.
            path: Decoded path: `scope["path"]`.

        Returns:
            The owner's name, the mount, and its parameters.

        Raises:
            NoRoute: Nothing is mounted there.
            WrongMethod: Something is, for other methods.
        """
        plain = self._plain.get(path)
        if plain is not None:
            route = plain.get(method)
            if route is not None:
                return route.owner, route.mount, {}
        if not path.startswith("/"):
            # `OPTIONS *`, `CONNECT host:port` and the like name no path.
            raise NoRoute(None)
        segments = self._split(path)
        values: list[str] = []
        others: dict[str, Mount] = {}
        found = _walk(self._root, segments, 1, method, values, others)
        if found is not None:
            return found.owner, found.mount, dict(zip(found.names, values, strict=True))
        others.pop(SOCKET, None)
        if others:
            raise WrongMethod(next(iter(others.values())), others)
        raise NoRoute(self._neighbour(segments))

    def nearest(self, path: str) -> Mount | None:
        """Return the mount whose surface a path belongs to, whatever the method.

        Args:
            path: Decoded path.

        Returns:
            The most specific mount of the path, else one that begins like it; None where
            not even the first segment is known.
        """
        segments = self._split(path)
        others: dict[str, Mount] = {}
        _walk(self._root, segments, 1, "", [], others)
        return next(iter(others.values()), None) or self._neighbour(segments)

    def _split(self, path: str) -> list[str]:
        # No mount is deeper than `_depth`: the rest of a long path stays in one piece,
        # which nothing but a prefix can match.
        return path.split("/", self._depth + 1)

    def _neighbour(self, segments: list[str]) -> Mount | None:
        node = self._root
        for segment in segments[1:]:
            below = node.literals.get(segment) or (node.param if segment else None)
            if below is None:
                break
            node = below
        return None if node is self._root else node.first

    def _add(self, owner: str, mount: Mount) -> None:
        segments = [segment for segment in mount.path.split("/") if segment]
        names = tuple(segment[1:-1] for segment in segments if segment.startswith("{"))
        route = Route(owner, mount, names)
        self._routes.append(route)
        self._depth = max(self._depth, len(segments))
        node = self._root
        for segment in segments:
            if segment.startswith("{"):
                node.param = node = node.param or _Node()
            else:
                node = node.literals.setdefault(segment, _Node())
            node.first = node.first or mount
        if mount.prefix:
            node.prefix.update(dict.fromkeys(mount.methods, route))
            return
        ends = [(node.exact, mount.path)] if segments else [(node.slash, "/")]
        if segments and mount.slash:
            ends.append((node.slash, f"{mount.path}/"))
        for leaves, path in ends:
            leaves.update(dict.fromkeys(mount.methods, route))
            if not names:
                self._plain.setdefault(path, {}).update(dict.fromkeys(mount.methods, route))


def _walk(
    node: _Node,
    segments: list[str],
    at: int,
    method: str,
    values: list[str],
    others: dict[str, Mount],
) -> Route | None:
    """Find the first match in order of precedence, and note what else the path matches.

    Each node is one shape and is visited once at most, so the table bounds the work.
    """
    left = len(segments) - at
    if left > 0 and segments[at]:
        below = node.literals.get(segments[at])
        if below is not None:
            found = _walk(below, segments, at + 1, method, values, others)
            if found is not None:
                return found
        if node.param is not None:
            values.append(segments[at])
            found = _walk(node.param, segments, at + 1, method, values, others)
            if found is not None:
                return found
            values.pop()
    elif left <= 1:
        leaves = node.slash if left else node.exact
        if method in leaves:
            return leaves[method]
        for name, route in leaves.items():
            others.setdefault(name, route.mount)
    if node.prefix:
        if method in node.prefix:
            return node.prefix[method]
        for name, route in node.prefix.items():
            others.setdefault(name, route.mount)
    return None


def shape(mount: Mount) -> str:
    """Return a path with its parameters' names taken out, so that equal shapes compare equal.

    Example:
        >>> async def endpoint(request): ...
        >>> shape(Mount(path="/a/{id}", endpoint=endpoint, prefix=True))
        '/a/{}/**'
    """
    segments = ["{}" if segment[:1] == "{" else segment for segment in mount.path.split("/")]
    return "/".join(segments).rstrip("/") + ("/**" if mount.prefix else "") or "/"


def claims(mount: Mount) -> tuple[str, ...]:
    """Return what nobody else may mount: each method with the path's shape."""
    return tuple(f"{method} {shape(mount)}" for method in sorted(mount.methods))


def intrudes(mount: Mount, on: Mount) -> bool:
    """Say whether a mount would take requests away from another one it is no rival of.

    Args:
        mount: The newcomer.
        on: A mount whose requests must stay its own, such as the core's.

    Example:
        >>> async def endpoint(request): ...
        >>> users = Mount(path="/api/users/{id}", endpoint=endpoint)
        >>> intrudes(Mount(path="/api/users/1", endpoint=endpoint), users)
        True
        >>> intrudes(Mount(path="/api", endpoint=endpoint, prefix=True), users)
        False
    """
    if mount.methods.isdisjoint(on.methods):
        return False
    ours, theirs = _segments(mount), _segments(on)
    wins = False
    for new, old in zip(ours, theirs, strict=False):
        if new[0] != "{" and old[0] != "{" and new != old:
            return False
        if (new[0] == "{") != (old[0] == "{") and not wins:
            # The first segment where one is a literal and the other is not decides.
            if new[0] == "{":
                return False
            wins = True
    if len(ours) > len(theirs):
        return on.prefix
    if len(ours) < len(theirs):
        return wins and mount.prefix
    return wins or mount.prefix <= on.prefix


def _segments(mount: Mount) -> list[str]:
    return [segment for segment in mount.path.split("/") if segment]
