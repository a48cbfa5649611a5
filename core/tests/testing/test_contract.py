"""Tests of the contract's tests: that each of them can fail."""

from __future__ import annotations

import importlib
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from plugway import BearerKey, Mount, NoPrice, Provider, TariffRow, Usage, hookimpl
from plugway.plugins import load_plugins
from plugway.registry import Registry, build_registry
from plugway.settings import PluginSettings
from plugway.testing import EmulatorServer, PluginContract

PACKAGES = Path(__file__).parents[1] / "packages"


@pytest.fixture
def good(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(PACKAGES / "good"))
    importlib.invalidate_caches()
    yield importlib.import_module("plugway_good")
    del sys.modules["plugway_good"]


def contract(plugin: ModuleType, **attributes: Any) -> PluginContract:
    members = {"name": "good", "plugin": plugin, **attributes}
    made: PluginContract = type("Contract", (PluginContract,), members)()
    return made


def registry(plugin: object, name: str = "good") -> Registry:
    return build_registry(load_plugins(PluginSettings(), plugins={name: plugin}), object())


async def endpoint(request: Request) -> PlainTextResponse:
    return PlainTextResponse("")


class Stand(EmulatorServer):
    provider = "made"


class Made:
    """Registers what it is given."""

    def __init__(self, **given: Any) -> None:
        self._given = given

    @hookimpl
    def register_providers(self) -> Any:
        return self._given.get("providers", [Provider(name="made", title="Made", models=("m",))])

    @hookimpl
    def register_credentials(self) -> Any:
        return [BearerKey("made_key")]

    @hookimpl
    def register_tariffs(self) -> Any:
        return self._given.get("tariffs", [])

    @hookimpl
    def register_routes(self) -> Any:
        return self._given.get("routes", [])

    @hookimpl
    def register_emulator(self) -> Any:
        return self._given.get("emulator", Stand())


def made(**given: Any) -> tuple[PluginContract, Registry]:
    plugin = Made(**given)
    return contract(plugin), registry(plugin)  # type: ignore[arg-type]  # an object will do here


def test_a_good_plugin_passes(good: ModuleType) -> None:
    checks = contract(good, public=frozenset({"/good/ping"}))
    found = registry(good)
    checks.test_it_is_installed_under_its_name()
    checks.test_its_distribution_requires_plugway_without_a_pin()
    checks.test_it_imports_nothing_but_the_contract()
    checks.test_every_model_has_a_price(found)
    checks.test_only_the_routes_that_are_meant_to_be_are_public(found)
    checks.test_it_loads_alone_and_every_hook_registers_something(found)


def test_a_plugin_that_is_not_installed_fails(good: ModuleType) -> None:
    checks = contract(ModuleType("plugway_elsewhere"))
    with pytest.raises(AssertionError):
        checks.test_it_is_installed_under_its_name()


@pytest.mark.parametrize(
    ("requirement", "message"),
    [("plugway", "require a floor"), ("plugway>=0.1,==0.1.0", "a pin keeps plugway")],
)
def test_a_pinned_or_missing_requirement_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, requirement: str, message: str
) -> None:
    info = tmp_path / "plugway_pinned-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: plugway-pinned\nVersion: 1.0\nRequires-Dist: {requirement}\n"
    )
    (info / "entry_points.txt").write_text("[plugway]\npinned = plugway_pinned\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    checks = contract(ModuleType("plugway_pinned"), name="pinned")
    with pytest.raises(AssertionError, match=message):
        checks.test_its_distribution_requires_plugway_without_a_pin()


@pytest.mark.parametrize(
    "line",
    [
        "import plugway.ledger.ledger",
        "from plugway.storage import models",
        "def f():\n    from plugway.contract import Mount",
    ],
)
def test_an_import_of_the_cores_inside_fails(tmp_path: Path, line: str) -> None:
    package = tmp_path / "plugway_nosy"
    (package / "deep").mkdir(parents=True)
    (package / "__init__.py").write_text("import plugway\nfrom plugway.testing import Fault\n")
    (package / "deep" / "inside.py").write_text(line)
    plugin = ModuleType("plugway_nosy")
    plugin.__file__ = str(package / "__init__.py")
    with pytest.raises(AssertionError, match=r"inside\.py"):
        contract(plugin).test_it_imports_nothing_but_the_contract()


def test_an_expensive_import_fails(good: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PACKAGES / "good"))
    contract(good, import_seconds=10.0).test_importing_it_is_cheap()
    with pytest.raises(AssertionError, match="import what is heavy"):
        contract(good, import_seconds=0.0).test_importing_it_is_cheap()


def test_a_plugin_that_does_not_load_fails() -> None:
    checks, found = made(routes=None)
    with pytest.raises(AssertionError):
        checks.test_it_loads_alone_and_every_hook_registers_something(found)


def test_a_hook_that_gives_nothing_fails() -> None:
    checks, found = made(tariffs=[])
    with pytest.raises(AssertionError, match="register_tariffs"):
        checks.test_it_loads_alone_and_every_hook_registers_something(found)


def test_a_model_without_a_price_fails() -> None:
    checks, found = made(tariffs=[TariffRow(key="other", credits="1")])
    with pytest.raises(NoPrice):
        checks.test_every_model_has_a_price(found)


def test_usage_can_be_told_to_be_another() -> None:
    plugin = Made(tariffs=[TariffRow(key="other", credits="1")])

    def usages(self: PluginContract, provider: Provider, model: str) -> list[Usage]:
        return [Usage(key="other")]

    contract(plugin, usages=usages).test_every_model_has_a_price(registry(plugin))  # type: ignore[arg-type]  # an object will do here


def test_a_public_route_that_nobody_announced_fails() -> None:
    mount = Mount(path="/open", endpoint=endpoint, public=True)
    plugin = Made(routes=[mount])
    found = registry(plugin)
    with pytest.raises(AssertionError):
        contract(plugin).test_only_the_routes_that_are_meant_to_be_are_public(found)  # type: ignore[arg-type]  # an object will do here
    announced = contract(plugin, public=frozenset({"/open"}))  # type: ignore[arg-type]  # an object will do here
    announced.test_only_the_routes_that_are_meant_to_be_are_public(found)


def test_an_emulator_that_does_not_fit_its_provider_fails() -> None:
    class Other(Stand):
        models = ("unknown",)

    class Secretive(Stand):
        secret = "s3cret"

    class Misset(Stand):
        settings = {"nonsense": "1"}  # noqa: RUF012  # never changed

    for emulator in (Other(), Secretive()):
        checks, found = made(emulator=emulator)
        with pytest.raises(AssertionError):
            checks.test_its_emulator_fits_its_provider(found)
    checks, found = made(emulator=Misset())
    with pytest.raises(Exception, match=r"settings\.nonsense"):
        checks.test_its_emulator_fits_its_provider(found)
    checks, found = made()
    checks.test_its_emulator_fits_its_provider(found)


def test_an_emulator_that_goes_on_listening_fails() -> None:
    left = socket.socket()

    class Stubborn(Stand):
        def routes(self) -> list[Any]:
            return []

        async def stop(self) -> None:
            await super().stop()
            if left.getsockname()[1]:
                return
            left.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            left.bind(("127.0.0.1", int(self.url.rpartition(":")[2])))
            left.listen()

    checks, found = made(emulator=Stubborn())
    with left, pytest.raises(AssertionError):
        checks.test_its_emulator_starts_and_stops_and_starts_again(found)


def test_an_emulator_that_stops_passes() -> None:
    class Well(Stand):
        def routes(self) -> list[Any]:
            return []

    checks, found = made(emulator=Well())
    checks.test_its_emulator_starts_and_stops_and_starts_again(found)
