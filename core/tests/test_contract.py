"""Tests of the public contract: what it holds, what it costs, what it refuses."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import subprocess
import sys
from functools import partial, wraps
from typing import Any

import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

import plugway
import plugway.contract
from plugway import (
    BearerKey,
    ConfigurationError,
    Mount,
    PlugwayError,
    Provider,
    Secret,
    Tables,
    TariffRow,
    Usage,
    Worker,
    errors,
)

MODULES = [
    *(
        f"plugway.contract.{module.name}"
        for module in pkgutil.iter_modules(plugway.contract.__path__)
    ),
    "plugway.hookspecs",
    "plugway.openapi",
    "plugway.plugins.loading",
    "plugway.registry",
    "plugway.routes",
    "plugway.testing.control",
    "plugway.testing.emulator",
    "plugway.testing.faults",
    "plugway.testing.listener",
    "plugway.testing.seen",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0


def test_all_is_sorted_and_there() -> None:
    screaming = [name for name in plugway.__all__ if name.isupper()]
    camel = [name for name in plugway.__all__ if name[0].isupper() and not name.isupper()]
    lower = [name for name in plugway.__all__ if name[0].islower()]
    assert plugway.__all__ == sorted(screaming) + sorted(camel) + sorted(lower)
    for name in plugway.__all__:
        assert getattr(plugway, name) is not None
    assert set(plugway.__all__) <= set(dir(plugway))


def test_everything_of_the_contract_is_public() -> None:
    assert set(plugway.contract.__all__) <= set(plugway.__all__)
    raised = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, PlugwayError)
    }
    assert raised <= set(plugway.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'plugway' has no attribute 'Nothing'"):
        plugway.Nothing  # noqa: B018  # that is what is tested


IMPORT = """
import sys, time
import msgspec, pluggy
began = time.process_time()
import plugway
from plugway import BearerKey, Mount, Provider, TariffRow, Usage, hookimpl
print(time.process_time() - began)
print(*sorted(sys.modules))
"""


def test_importing_it_is_cheap() -> None:
    # The processor's time, best of three: the machine may be busy with something else.
    times = []
    for _ in range(3):
        run = subprocess.run(  # noqa: S603  # our own interpreter and our own text
            [sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True
        )
        spent, modules = run.stdout.splitlines()
        times.append(float(spent))
        assert not {
            "aiohttp",
            "asyncio",
            "click",
            "cryptography",
            "hypercorn",
            "starlette",
            "tortoise",
        } & set(modules.split())
    assert min(times) < 0.15


def test_the_pytest_plugin_costs_nothing_who_does_not_use_it() -> None:
    text = "import sys, plugway.testing.fixtures; print(*sorted(sys.modules))"
    run = subprocess.run(  # noqa: S603  # our own interpreter and our own text
        [sys.executable, "-c", text], capture_output=True, text=True, check=True
    )
    assert not {"aiohttp", "hypercorn", "tortoise", "plugway.gateway"} & set(run.stdout.split())


async def endpoint(request: Request) -> PlainTextResponse:
    return PlainTextResponse("")


@pytest.mark.parametrize(
    "path",
    ["/", "/a", "/a/b", "/a/{x}", "/{x}/{y}", "/a.b/c-d_e~f", "/a:b", "/v1beta/models"],
)
def test_paths_that_can_be_routed(path: str) -> None:
    assert Mount(path=path, endpoint=endpoint).path == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a",
        "a/b",
        "//",
        "/a/",
        "/a//b",
        "/a/../b",
        "/.",
        "/a?b",
        "/a#b",
        "/a%20b",
        "/a\\b",
        "/a\nb",
        "/{}",
        "/{a-b}",
        "/{a}b",
        "/b{a}",
        "/{a",
        "/a}",
        "/{x}/{x}",
        "/{{x}}",
    ],
)
def test_paths_that_cannot(path: str) -> None:
    with pytest.raises(ConfigurationError, match="route "):
        Mount(path=path, endpoint=endpoint)


@pytest.mark.parametrize("methods", [set(), {"get"}, {"GET", "BREW"}, "GET"])
def test_methods_that_cannot_be_routed(methods: Any) -> None:
    with pytest.raises(ConfigurationError, match="methods must be from"):
        Mount(path="/a", endpoint=endpoint, methods=methods)


def test_methods_given_as_a_set_are_frozen() -> None:
    methods = {"GET"}
    mount = Mount(path="/a", endpoint=endpoint, methods=methods)
    methods.add("POST")
    assert mount.methods == {"GET"}
    assert isinstance(mount.methods, frozenset)


def test_an_endpoint_must_be_asynchronous() -> None:
    def plain(request: Request) -> PlainTextResponse:
        return PlainTextResponse("")

    @wraps(endpoint)
    def wrapped(request: Request) -> Any:
        return endpoint(request)

    class Callable_:  # noqa: N801  # a callable object, not a type
        async def __call__(self, request: Request) -> PlainTextResponse:
            return PlainTextResponse("")

    with pytest.raises(ConfigurationError, match="the endpoint must be `async def`"):
        Mount(path="/a", endpoint=plain)  # type: ignore[arg-type]  # that is what is tested
    for good in (wrapped, Callable_(), partial(endpoint)):
        assert Mount(path="/a", endpoint=good).endpoint is good


@pytest.mark.parametrize("name", ["", "Kling", "with-dash", "1st", "a b"])
def test_provider_names_are_lower_case_identifiers(name: str) -> None:
    with pytest.raises(ConfigurationError, match="a lower-case identifier, please"):
        Provider(name=name, title="x")


@pytest.mark.parametrize("label", ["core", "", "with-dash", "a b"])
def test_table_labels_are_identifiers(label: str) -> None:
    with pytest.raises(ConfigurationError, match="use the plugin's name as label"):
        Tables(label=label, models="m", migrations="n")


@pytest.mark.parametrize(
    "prices",
    [{}, {"price": "1", "credits": "2"}, {"price": "a"}, {"credits": "-1"}, {"price": "NaN"}],
)
def test_a_tariff_row_has_one_price(prices: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="tariff row 'x'"):
        TariffRow(key="x", **prices)


@pytest.mark.parametrize(("interval", "lease"), [(0, 1), (-1, 1), (1, 0)])
def test_a_worker_has_a_pace(interval: float, lease: float) -> None:
    async def run() -> None:
        """Do nothing."""

    with pytest.raises(ConfigurationError, match="interval and lease must be above 0"):
        Worker(name="w", run=run, interval=interval, lease=lease)


def test_usage_is_never_negative() -> None:
    with pytest.raises(PlugwayError):
        Usage(key="x", input_tokens=-1)


def test_a_secret_does_not_show_itself() -> None:
    canary = "canary-0123456789"
    secret = Secret(canary)
    shown = (repr(secret), str(secret), f"{secret}", f"{secret!r}", repr([secret]))
    assert all(canary not in text for text in shown)
    assert secret.reveal() == canary


async def mint() -> str:
    grant = await BearerKey("k").mint(Secret("canary-0123456789"), None, None)  # type: ignore[arg-type]  # neither is used
    return repr(grant)


@pytest.mark.anyio
async def test_a_grant_does_not_show_its_values() -> None:
    assert await mint() == "Grant(Authorization; expires_at=None)"


def test_what_hooks_return_is_frozen() -> None:
    provider = Provider(name="x", title="X")
    with pytest.raises(AttributeError):
        provider.name = "y"  # type: ignore[misc]  # that is what is tested
    for name in plugway.contract.__all__:
        value = getattr(plugway, name)
        if isinstance(value, type) and issubclass(value, msgspec.Struct):
            assert value.__struct_config__.frozen, name
