"""Tests of the route table."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from plugway import BadRequest, ConfigurationError, ErrorBody, Mount, PlugwayError
from plugway.routes import NoRoute, RouteTable, WrongMethod, claims, intrudes, shape


async def endpoint(request: Request) -> PlainTextResponse:
    return PlainTextResponse("")


def mount(path: str, methods: str = "GET", **options: Any) -> Mount:
    return Mount(path=path, endpoint=endpoint, methods=set(methods.split()), **options)


def official(error: PlugwayError, request_id: str) -> ErrorBody:
    return ErrorBody(error.status, {"message": error.message}, {"x-official": "yes"})


def table(*mounts: Mount) -> RouteTable:
    return RouteTable(("plugin", one) for one in mounts)


def found(routes: RouteTable, method: str, path: str) -> tuple[str, dict[str, str]]:
    _, one, params = routes.find(method, path)
    return one.path, params


def test_a_literal_comes_before_a_parameter_and_that_before_a_prefix() -> None:
    routes = table(
        mount("/kling", prefix=True),
        mount("/kling/{kind}/{id}"),
        mount("/kling/videos/{id}"),
        mount("/kling/videos/latest"),
    )
    assert found(routes, "GET", "/kling/videos/latest") == ("/kling/videos/latest", {})
    assert found(routes, "GET", "/kling/videos/7") == ("/kling/videos/{id}", {"id": "7"})
    assert found(routes, "GET", "/kling/images/7") == (
        "/kling/{kind}/{id}",
        {"kind": "images", "id": "7"},
    )
    assert found(routes, "GET", "/kling/images/7/more") == ("/kling", {})
    assert found(routes, "GET", "/kling") == ("/kling", {})


def test_a_dead_end_goes_back_to_the_less_specific() -> None:
    routes = table(mount("/a/b/c"), mount("/a/{x}/d"), mount("/{y}/b/e"))
    assert found(routes, "GET", "/a/b/d") == ("/a/{x}/d", {"x": "b"})
    assert found(routes, "GET", "/a/b/e") == ("/{y}/b/e", {"y": "a"})


def test_a_method_that_the_most_specific_mount_does_not_take_goes_to_the_next() -> None:
    routes = table(
        mount("/kling/v1/videos/{id}", "GET"),
        mount("/kling/v1/{kind}/{action}", "POST"),
        mount("/kling/v1/videos/text2video", "POST"),
        mount("/kling", "DELETE", prefix=True),
    )
    path = "/kling/v1/videos/text2video"
    assert found(routes, "POST", path) == (path, {})
    assert found(routes, "GET", path) == ("/kling/v1/videos/{id}", {"id": "text2video"})
    assert found(routes, "POST", "/kling/v1/videos/7")[0] == "/kling/v1/{kind}/{action}"
    assert found(routes, "DELETE", "/kling/v1/videos/7") == ("/kling", {})


def test_two_shapes_alike_keep_their_own_names() -> None:
    routes = table(mount("/a/{id}", "GET"), mount("/a/{name}", "POST"))
    assert found(routes, "GET", "/a/7")[1] == {"id": "7"}
    assert found(routes, "POST", "/a/7")[1] == {"name": "7"}


def test_head_is_not_implied_by_get() -> None:
    with pytest.raises(WrongMethod):
        table(mount("/a")).find("HEAD", "/a")


def test_a_wrong_method_names_those_that_are_right() -> None:
    routes = table(
        mount("/a/{id}", "GET DELETE", errors=official), mount("/a", "POST", prefix=True)
    )
    with pytest.raises(WrongMethod) as refused:
        routes.find("PUT", "/a/7")
    assert refused.value.allow == "DELETE, GET, POST"
    assert refused.value.mount.path == "/a/{id}"
    body = refused.value.errors(refused.value, "r1")
    assert body.status == 405
    assert body.headers == {"x-official": "yes", "allow": "DELETE, GET, POST"}


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("/a", "/a"),
        ("/a/", None),
        ("/b", "/b"),
        ("/b/", "/b"),
        ("/b//", None),
        ("/c/7", "/c/{id}"),
        ("/c/7/", "/c/{id}"),
        ("/c/", None),
        ("/c//", None),
        ("/d", "/d"),
        ("/d/", "/d"),
        ("/d//x/", "/d"),
        ("/", "/"),
        ("//", None),
        ("", None),
        ("a", None),
        ("*", None),
        ("/A", None),
        ("//a", None),
        ("/a//", None),
        ("/a;x", None),
        ("/a/../b", None),
        ("/./a", None),
        ("/%61", None),
        ("http://host/a", None),
    ],
)
def test_only_the_very_path_is_served(path: str, taken: str | None) -> None:
    routes = table(
        mount("/a"),
        mount("/b", slash=True),
        mount("/c/{id}", slash=True),
        mount("/d", prefix=True),
        mount("/"),
    )
    if taken is None:
        with pytest.raises(NoRoute):
            routes.find("GET", path)
    else:
        assert found(routes, "GET", path)[0] == taken


def test_a_prefix_at_the_root_takes_what_is_left() -> None:
    routes = table(mount("/", prefix=True), mount("/a"))
    assert found(routes, "GET", "/a")[0] == "/a"
    assert found(routes, "GET", "/a/b")[0] == "/"
    assert found(routes, "GET", "/")[0] == "/"
    assert found(routes, "GET", "//x")[0] == "/"


def test_parameters_come_as_they_are() -> None:
    routes = table(mount("/a/{id}/b"))
    text = "ü %2F+?&{x}"
    assert found(routes, "GET", f"/a/{text}/b")[1] == {"id": text}


def test_an_unknown_path_gets_the_shape_of_its_neighbours() -> None:
    routes = table(mount("/kling/v1/videos/text2video", errors=official), mount("/other"))
    for path in ("/kling/v1/videos/typo", "/kling/typo", "/kling", "/kling/v1/videos/a/b/c"):
        with pytest.raises(NoRoute) as refused:
            routes.find("GET", path)
        assert refused.value.errors(BadRequest(), "r1").headers == {"x-official": "yes"}
        assert routes.nearest(path) is refused.value.mount
    with pytest.raises(NoRoute) as refused:
        routes.find("GET", "/nothing")
    assert refused.value.mount is None
    body = refused.value.errors(refused.value, "r1")
    assert json.dumps(body.content) == json.dumps(
        {
            "error": {
                "code": "not_found",
                "message": "There is nothing here.",
                "request_id": "r1",
            }
        }
    )


def test_the_nearest_mount_does_not_depend_on_the_method() -> None:
    routes = table(mount("/a", prefix=True, errors=official), mount("/a/b", "POST"))
    for path, nearest in (("/a/b", "/a/b"), ("/a/c", "/a"), ("/a", "/a")):
        close = routes.nearest(path)
        assert close is not None
        assert close.path == nearest
    assert routes.nearest("/x") is None
    assert routes.nearest("*") is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (mount("/a"), mount("/a", "GET POST")),
        (mount("/a/{x}"), mount("/a/{y}")),
        (mount("/a", prefix=True), mount("/a", prefix=True)),
        (mount("/a", slash=True), mount("/a")),
    ],
)
def test_the_same_method_and_shape_twice_is_refused(first: Mount, second: Mount) -> None:
    with pytest.raises(ConfigurationError, match=r"of two is mounted by one already"):
        RouteTable([("one", first), ("two", second)])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (mount("/a"), mount("/a", "POST")),
        (mount("/a"), mount("/a", prefix=True)),
        (mount("/a/{x}"), mount("/a/x")),
        (mount("/a", prefix=True), mount("/a/{x}", prefix=True)),
    ],
)
def test_other_neighbours_are_welcome(first: Mount, second: Mount) -> None:
    assert len(RouteTable([("one", first), ("two", second)])) == 2


def test_shapes_and_claims() -> None:
    assert shape(mount("/")) == "/"
    assert shape(mount("/", prefix=True)) == "/**"
    assert shape(mount("/a/{x}/b")) == "/a/{}/b"
    assert claims(mount("/a", "POST GET", prefix=True)) == ("GET /a/**", "POST /a/**")


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        (mount("/api/users/1"), mount("/api/users/{id}"), True),
        (mount("/api/users/1", "POST"), mount("/api/users/{id}"), False),
        (mount("/api/users/{x}"), mount("/api/users/{id}"), True),
        (mount("/api/{x}/1"), mount("/api/users/{id}"), False),
        (mount("/api/users", prefix=True), mount("/api/users/{id}"), False),
        (mount("/api/users/1", prefix=True), mount("/api/users/{id}"), True),
        (mount("/api/{x}"), mount("/api/users"), False),
        (mount("/console/extra"), mount("/console", prefix=True), True),
        (mount("/console"), mount("/console", prefix=True), True),
        (mount("/console", prefix=True), mount("/console"), False),
        (mount("/", prefix=True), mount("/health"), False),
        (mount("/health/x"), mount("/health"), False),
        (mount("/api/x", prefix=True), mount("/api/{a}/{b}"), True),
        (mount("/api/x/y"), mount("/api/{a}"), False),
        (mount("/other"), mount("/api/{a}"), False),
    ],
)
def test_what_is_in_the_way(new: Mount, old: Mount, expected: bool) -> None:
    assert intrudes(new, old) is expected


SEGMENTS = st.sampled_from(["a", "b", "{x}", "{y}"])
PATHS = st.lists(SEGMENTS, min_size=1, max_size=3, unique=True).map(lambda s: "/" + "/".join(s))
MOUNTS = st.builds(
    lambda path, methods, prefix, slash: Mount(
        path=path, endpoint=endpoint, methods=methods, prefix=prefix, slash=slash
    ),
    PATHS,
    st.sets(st.sampled_from(["GET", "POST"]), min_size=1),
    st.booleans(),
    st.booleans(),
)
ASKED = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=4).map(
    lambda segments: "/" + "/".join(segments)
)


def matches(one: Mount, path: str) -> bool:
    """Say whether a mount matches, one segment after the other, without any tree."""
    asked = path[1:].split("/")
    wanted = one.path[1:].split("/")
    if one.slash and not one.prefix and len(asked) == len(wanted) + 1 and not asked[-1]:
        asked = asked[:-1]
    if len(asked) < len(wanted) or (len(asked) > len(wanted) and not one.prefix):
        return False
    return all(
        (given_ != "" if want.startswith("{") else given_ == want)
        for want, given_ in zip(wanted, asked, strict=False)
    )


def rank(one: Mount) -> list[int]:
    """Order mounts by precedence: literal, parameter, then the prefix that ends there."""
    order = [1 if segment.startswith("{") else 0 for segment in one.path[1:].split("/")]
    return [*order, 2] if one.prefix else order


def without_clashes(mounts: Iterable[Mount]) -> list[Mount]:
    taken: set[str] = set()
    kept = []
    for one in mounts:
        if taken.isdisjoint(claims(one)):
            taken.update(claims(one))
            kept.append(one)
    return kept


@given(st.lists(MOUNTS, max_size=8).map(without_clashes), ASKED, st.sampled_from(["GET", "POST"]))
def test_the_table_agrees_with_a_scan(mounts: list[Mount], path: str, method: str) -> None:
    routes = table(*mounts)
    matching = [one for one in mounts if matches(one, path)]
    right = sorted((one for one in matching if method in one.methods), key=rank)
    if right:
        _, one, params = routes.find(method, path)
        assert one is right[0]
        assert len(params) == one.path.count("{")
    elif matching:
        with pytest.raises(WrongMethod) as refused:
            routes.find(method, path)
        assert refused.value.allow == ", ".join(sorted(set().union(*(m.methods for m in matching))))
    else:
        with pytest.raises(NoRoute):
            routes.find(method, path)


def test_a_long_path_costs_no_more_than_a_short_one() -> None:
    routes = table(mount("/a", prefix=True))
    # The rest of the path is one piece, however many segments it has.
    assert len(routes._split("/a" + "/x" * 50_000)) == 3  # noqa: SLF001  # the bound is inside
    assert found(routes, "GET", "/a" + "/x" * 50_000)[0] == "/a"
