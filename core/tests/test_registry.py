"""Tests of what plugins register, and of who keeps what two of them want."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from registering import Asks, Plugin, Stand, endpoint, full, mount, provider, worker

from plugway import (
    BearerKey,
    CallSettled,
    ConfigurationError,
    CredentialKind,
    Mount,
    TariffRow,
    hookimpl,
)
from plugway.plugins import PluginInfo, load_plugins
from plugway.registry import Registry, build_registry
from plugway.routes import NoRoute
from plugway.settings import PluginSettings

pytestmark = pytest.mark.anyio

PACKAGES = Path(__file__).parent / "packages"


def build(
    plugins: Mapping[str, object], core: Iterable[Mount] = (), *, strict: bool = False
) -> Registry:
    settings = PluginSettings()
    loaded = load_plugins(settings, plugins=plugins)
    assert loaded.failures == ()
    if strict:
        loaded = load_plugins(PluginSettings(strict=True), plugins=plugins)
    return build_registry(loaded, object(), core)


def info(registry: Registry, name: str) -> PluginInfo:
    (found,) = [plugin for plugin in registry.plugins if plugin.name == name]
    return found


def reasons(registry: Registry) -> dict[str, str | None]:
    return {plugin.name: plugin.reason for plugin in registry.failures}


def test_everything_is_found_by_name() -> None:
    registry = build({"one": full("one"), "two": full("two")}, [mount("/health")])
    assert registry.failures == ()
    assert list(registry.providers) == ["one", "two"]
    assert registry.credential_kinds["two_key"].name == "two_key"
    assert [(plugin, row.key) for plugin, row in registry.tariffs] == [
        ("one", "one"),
        ("two", "two"),
    ]
    assert [one.name for one in registry.workers] == ["one.work", "two.work"]
    assert registry.pollers["two"].provider == "two"
    assert registry.emulators["one"].provider == "one"
    assert registry.owners["provider:two"] == "two"
    assert registry.owners["route:GET /one"] == "one"
    assert registry.routes.find("GET", "/two")[0] == "two"
    assert registry.routes.find("GET", "/health")[0] == "core"


def test_nothing_in_it_can_be_changed() -> None:
    registry = build({"one": full("one")})
    for mapping in (
        registry.providers,
        registry.credential_kinds,
        registry.emulators,
        registry.pollers,
        registry.owners,
    ):
        with pytest.raises(TypeError):
            mapping["x"] = None  # type: ignore[index]  # that is what is tested


def test_hooks_get_the_gateway_once() -> None:
    plugin = full("one")
    loaded = load_plugins(PluginSettings(), plugins={"one": plugin})
    gateway = object()
    build_registry(loaded, gateway)
    assert plugin.gateways == [gateway]


def test_the_listing_says_what_each_registered() -> None:
    plugin = full(
        "one",
        routes=[
            mount("/one", "GET POST"),
            mount("/one/ping", public=True),
            Mount(path="/one/all", endpoint=endpoint, prefix=True),
            mount("/", prefix=True, fallback=True, public=True),
            mount("/two", fallback=True),
        ],
    )
    registry = build({"one": plugin, "two": full("two")})
    assert info(registry, "one").registered == {
        "providers": ("one",),
        "credentials": ("one_key",),
        "tariffs": ("one",),
        "routes": (
            "GET,POST /one",
            "GET /one/ping (public)",
            "ANY /one/all/*",
            "GET /* (public, fallback)",
            "GET /two (given up)",
        ),
        "pollers": ("one",),
        "workers": ("one.work",),
        "emulators": ("one",),
    }


def test_the_package_on_disk_is_listed_with_its_distribution(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for folder in ("good", "raising"):
        monkeypatch.syspath_prepend(str(PACKAGES / folder))
    importlib.invalidate_caches()
    try:
        loaded = load_plugins(PluginSettings(allow=("good", "raising")))
        registry = build_registry(loaded, object())
    finally:
        for name in ("plugway_good", "plugway_raising"):
            sys.modules.pop(name, None)
    assert info(registry, "good").registered == {
        "settings": ("GoodSettings",),
        "providers": ("good",),
        "credentials": ("good_key",),
        "tariffs": ("good",),
        "routes": ("POST /good", "GET /good/ping (public)"),
    }
    (failure,) = registry.failures
    assert failure.label == "raising (plugway-raising 0.1.0)"
    assert failure.reason == "register_routes raised LookupError: no such thing"
    assert failure.registered == {}
    assert "raising" not in registry.providers


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (
            {"routes": None},
            "register_routes returned nothing, not an iterable of Mount",
        ),
        (
            {"routes": mount("/x")},
            "register_routes returned a Mount, not an iterable of Mount",
        ),
        (
            {"routes": [mount("/x"), "/y"]},
            "register_routes returned a str among its results, not an iterable of Mount",
        ),
        (
            {"routes": (mount(path) for path in ("/x", "y"))},
            "register_routes raised ConfigurationError: route 'y': start with one '/', no empty "
            "segment, no '/' at the end",
        ),
        (
            {"credentials": [BearerKey]},
            "register_credentials returned the class BearerKey among its results, "
            "not an iterable of CredentialKind",
        ),
        ({"credentials": [BearerKey("")]}, "the credential kind BearerKey has no name"),
        (
            {"emulator": Stand},
            "register_emulator returned the class Stand, not an object",
        ),
        (
            {"emulator": object()},
            "register_emulator returned an object, which has no provider",
        ),
        (
            {"providers": [provider("bad"), provider("bad")]},
            "it registers provider bad twice",
        ),
        (
            {"routes": [mount("/a/{x}"), mount("/a/{y}", fallback=True)]},
            "it registers route GET /a/{} twice",
        ),
        (
            {
                "tariffs": [
                    TariffRow(key="bad", credits="1", dimensions={"mode": "pro", "x": "*"}),
                    TariffRow(key="bad", credits="2", dimensions={"mode": "pro"}),
                ]
            },
            "it registers the tariff row bad call mode=pro twice",
        ),
    ],
)
def test_a_bad_result_leaves_the_whole_plugin_out(given: dict[str, Any], reason: str) -> None:
    registry = build({"bad": full("bad", **given), "good": full("good")})
    assert reasons(registry) == {"bad": reason}
    assert list(registry.providers) == ["good"]
    assert list(registry.credential_kinds) == ["good_key"]
    assert list(registry.emulators) == ["good"]
    assert [plugin for plugin, _ in registry.tariffs] == ["good"]
    assert [one.name for one in registry.workers] == ["good.work"]
    with pytest.raises(NoRoute):
        registry.routes.find("GET", "/bad")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"providers": [provider("one")]}, "provider 'one' is registered by one"),
        ({"credentials": [BearerKey("one_key")]}, "credential 'one_key' is registered by one"),
        ({"workers": [worker("one.work")]}, "worker 'one.work' is registered by one"),
        ({"pollers": [Asks("one")]}, "poller 'one' is registered by one"),
        ({"emulator": Stand("one")}, "emulator 'one' is registered by one"),
        ({"routes": [mount("/one", "POST GET")]}, "route 'GET /one' is registered by one"),
    ],
)
def test_what_is_taken_stays_with_its_owner_and_both_are_named(
    given: dict[str, Any], reason: str
) -> None:
    registry = build({"one": full("one"), "two": full("two", **given), "zoo": full("zoo")})
    assert reasons(registry) == {"two": reason}
    assert list(registry.providers) == ["one", "zoo"]
    assert registry.owners["provider:one"] == "one"


def test_a_tariff_key_may_be_used_by_several_plugins() -> None:
    same = [TariffRow(key="same", credits="1")]
    registry = build({"one": full("one", tariffs=same), "two": full("two", tariffs=same)})
    assert registry.failures == ()
    assert [plugin for plugin, _ in registry.tariffs] == ["one", "two"]


def test_a_credential_kind_of_another_plugin_will_do() -> None:
    shared = Plugin(providers=[provider("a", "z_key")])
    assert build({"a": shared, "z": full("z")}).failures == ()


def test_a_credential_kind_that_nobody_registers_fails_its_provider() -> None:
    registry = build({"a": Plugin(providers=[provider("a", "nobody")]), "z": full("z")})
    assert reasons(registry) == {
        "a": "provider 'a' wants the credential kind 'nobody', and no plugin registers it"
    }


def test_a_poller_for_nobody_fails() -> None:
    registry = build({"one": full("one", pollers=[Asks("nobody")])})
    reason = "the poller asks for the provider 'nobody', and no plugin registers it"
    assert reasons(registry) == {"one": reason}


def test_an_emulator_for_nobody_fails() -> None:
    registry = build({"one": full("one", emulator=Stand("nobody"))})
    assert reasons(registry) == {
        "one": "the emulator stands in for the provider 'nobody', and no plugin registers it"
    }


def test_who_falls_takes_dependents_along_and_frees_its_names() -> None:
    plugins = {
        # Falls: nobody registers its kind.
        "a": Plugin(providers=[provider("x", "nobody")], credentials=[BearerKey("a_key")]),
        # Falls with it: its kind is gone.
        "b": Plugin(providers=[provider("y", "a_key")]),
        # Stays: the name is free again.
        "c": Plugin(providers=[provider("x")]),
    }
    registry = build(plugins)
    assert set(reasons(registry)) == {"a", "b"}
    assert registry.owners["provider:x"] == "c"


def test_a_fallback_gives_way_whatever_the_order() -> None:
    passing = Plugin(
        routes=[mount("/kling", "GET POST", prefix=True, fallback=True), mount("/runway")]
    )
    owner = Plugin(routes=[mount("/kling", "GET", prefix=True)])
    for first, second in (("a", "b"), ("b", "a")):
        registry = build({first: passing, second: owner})
        assert registry.failures == ()
        assert registry.routes.find("GET", "/kling/x")[0] == second
        # The whole mount gives way, so that no method of the path goes elsewhere.
        with pytest.raises(Exception, match="This path does not take that method"):
            registry.routes.find("POST", "/kling/x")
        assert registry.routes.find("GET", "/runway")[0] == first


def test_a_fallback_stays_where_nobody_mounts_the_same() -> None:
    passing = Plugin(routes=[mount("/kling", prefix=True, fallback=True)])
    exact = Plugin(routes=[mount("/kling/videos")])
    registry = build({"a": passing, "b": exact})
    assert registry.routes.find("GET", "/kling/videos")[0] == "b"
    assert registry.routes.find("GET", "/kling/images")[0] == "a"


def test_a_fallback_comes_back_when_the_owner_falls() -> None:
    passing = Plugin(routes=[mount("/kling", prefix=True, fallback=True)])
    owner = Plugin(routes=[mount("/kling", prefix=True)], providers=[provider("kling", "nobody")])
    registry = build({"a": passing, "b": owner})
    assert set(reasons(registry)) == {"b"}
    assert registry.routes.find("GET", "/kling/x")[0] == "a"


def test_two_fallbacks_of_one_path_clash_unless_both_give_way() -> None:
    one = Plugin(routes=[mount("/x", prefix=True, fallback=True)])
    two = Plugin(routes=[mount("/x", prefix=True, fallback=True)])
    registry = build({"a": one, "b": two})
    assert reasons(registry) == {"b": "fallback route 'GET /x/**' is registered by a"}
    owner = Plugin(routes=[mount("/x", prefix=True)])
    registry = build({"a": one, "b": two, "c": owner})
    assert registry.failures == ()
    assert registry.routes.find("GET", "/x")[0] == "c"


@pytest.mark.parametrize("path", ["/api/users/{name}", "/api/users/1", "/console/mine"])
def test_the_cores_requests_stay_its_own(path: str) -> None:
    core = [mount("/api/users/{id}"), mount("/console", prefix=True)]
    registry = build({"evil": Plugin(routes=[mount(path, public=True)])}, core)
    assert "is in the way of the core's" in str(reasons(registry)["evil"])
    assert registry.routes.find("GET", "/api/users/1")[0] == "core"


def test_a_fallback_gives_way_to_the_core_too() -> None:
    plugin = Plugin(routes=[mount("/health", fallback=True)])
    registry = build({"a": plugin}, [mount("/health")])
    assert registry.failures == ()
    assert registry.routes.find("GET", "/health")[0] == "core"


def test_two_routes_of_the_core_that_clash_are_a_fault_of_ours() -> None:
    with pytest.raises(ConfigurationError, match="is mounted by core already"):
        build({}, [mount("/health"), mount("/health")])


def test_strict_refuses_to_start_and_names_every_failure() -> None:
    plugins = {"a": full("same"), "b": full("same"), "c": full("c", routes=None)}
    with pytest.raises(ConfigurationError) as refused:
        build(plugins, strict=True)
    assert "b: provider 'same' is registered by a" in refused.value.message
    assert "c: register_routes returned nothing" in refused.value.message


async def test_listeners_take_the_event_or_nothing() -> None:
    heard: list[object] = []

    class Hears:
        @hookimpl
        async def call_settled(self, event: CallSettled) -> None:
            heard.append(event)

    class Counts:
        @hookimpl
        async def call_settled(self) -> None:
            heard.append("counted")

    registry = build({"a": Hears(), "b": Counts(), "c": full("c")})
    listeners = registry.listeners("call_settled")
    assert [plugin for plugin, _ in listeners] == ["a", "b"]
    event = CallSettled(
        call_id="c",
        request_id="r",
        user="u",
        provider="p",
        model="m",
        channel=None,
        credits=0,
        status=200,
        outcome="settled",
    )
    for _, listener in listeners:
        assert inspect.iscoroutinefunction(listener)
        await listener(event)
    assert heard == [event, "counted"]
    assert registry.listeners("credential_changed") == ()
    assert info(registry, "a").registered == {"events": ("call_settled",)}


def test_two_gateways_can_share_what_was_loaded() -> None:
    loaded = load_plugins(PluginSettings(), plugins={"one": full("one")})
    first = build_registry(loaded, object())
    second = build_registry(loaded, object())
    assert list(first.providers) == list(second.providers) == ["one"]
    assert loaded.plugins[0].registered == {}


def test_credential_kinds_are_kept_as_objects() -> None:
    kind = BearerKey("mine")
    registry = build({"one": Plugin(credentials=[kind])})
    assert registry.credential_kinds["mine"] is kind
    assert isinstance(kind, CredentialKind)
