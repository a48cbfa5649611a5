"""Tests of finding and loading plugins, with real distributions on disk."""

from __future__ import annotations

import asyncio
import importlib
import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import click
import msgspec
import pytest

from plugway import ConfigurationError, Mount, Tables, hookimpl
from plugway.cli.root import COMMANDS
from plugway.plugins import RESERVED, LoadedPlugins, PluginInfo, load_plugins
from plugway.settings import PluginSettings
from plugway.testing import ManualClock

PACKAGES = Path(__file__).parent / "packages"

Install = Callable[..., LoadedPlugins]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Give a function that puts distributions on the path and loads those plugins only."""
    before = set(sys.modules)

    def load(*folders: str, plugins: Iterable[str] | None = None, **settings: Any) -> LoadedPlugins:
        for folder in folders:
            monkeypatch.syspath_prepend(str(PACKAGES / folder))
        importlib.invalidate_caches()
        names = tuple(plugins if plugins is not None else folders)
        return load_plugins(PluginSettings(**{"allow": names, **settings}))

    yield load
    for name in set(sys.modules) - before:
        if name.startswith("plugway_"):
            del sys.modules[name]


def info(loaded: LoadedPlugins, name: str) -> PluginInfo:
    (found,) = [plugin for plugin in loaded.plugins if plugin.name == name]
    return found


def only(plugin: object, **settings: Any) -> PluginInfo:
    loaded = load_plugins(PluginSettings(**settings), plugins={"only": plugin})
    return info(loaded, "only")


def module(**functions: object) -> ModuleType:
    made = ModuleType("plugway_made")
    vars(made).update(functions)
    return made


@hookimpl
def register_routes() -> list[Mount]:
    return []


def test_a_good_plugin_loads(install: Install) -> None:
    loaded = install("good")
    assert loaded.names == ("good",)
    assert loaded.failures == ()
    assert [type_.__name__ for type_ in loaded.settings_types.values()] == ["GoodSettings"]
    good = info(loaded, "good")
    assert good.label == "good (plugway-good 1.2.0)"
    assert good.state == "loaded"
    assert good.reason is None
    assert good.import_ms is not None
    assert good.registered == {"settings": ("GoodSettings",)}


@pytest.mark.parametrize(
    ("folder", "name", "reason"),
    [
        (
            "import_error",
            "importerror",
            "import failed: ModuleNotFoundError: No module named "
            "'plugway_dependency_that_nobody_has'",
        ),
        ("exits", "exits", "import failed: SystemExit: a plugin must not do this"),
        (
            "missing",
            "missing",
            "import failed: ModuleNotFoundError: No module named 'plugway_gone'",
        ),
        (
            "misspelt",
            "misspelt",
            "there is no hook 'register_route'; did you mean 'register_routes'?",
        ),
        (
            "newer",
            "newer",
            "it is written for contract 99 and this plugway has 1: upgrade plugway",
        ),
        ("floor", "floor", "it needs plugway <8,>=7.5, and this is plugway 0.1.0"),
        ("colour", "colour", "register_routes must be `def`, not `async def`"),
    ],
)
def test_a_bad_plugin_is_left_out_and_named(
    install: Install,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    folder: str,
    name: str,
    reason: str,
) -> None:
    monkeypatch.setattr("plugway.plugins.discovery._version", lambda distribution: "0.1.0")
    loaded = install(folder, "good", plugins=(name, "good"))
    assert loaded.names == ("good",)
    (failure,) = loaded.failures
    assert (failure.name, failure.state, failure.reason) == (name, "failed", reason)
    assert failure.distribution == f"plugway-{name}"
    assert failure.version is not None
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert f"plugin {failure.label} is left out: {reason}" in record.getMessage()
    assert f"pip uninstall plugway-{name}" in record.getMessage()


def test_one_name_twice_leaves_both_out_and_names_both(install: Install) -> None:
    loaded = install("twin_a", "twin_b", "good", plugins=("twin", "good"))
    assert loaded.names == ("good",)
    assert [(failure.distribution, failure.reason) for failure in loaded.failures] == [
        ("plugway-twin-a", "plugway-twin-b 1.0.0 brings a plugin of the same name"),
        ("plugway-twin-b", "plugway-twin-a 1.0.0 brings a plugin of the same name"),
    ]
    assert "plugway_twin_a" not in sys.modules


def test_what_is_switched_off_is_not_even_imported(install: Install) -> None:
    loaded = install("exits", "good", "raising", plugins=("exits", "good"), block=("exits",))
    assert loaded.names == ("good",)
    assert loaded.failures == ()
    assert info(loaded, "exits").state == "blocked"
    assert info(loaded, "exits").reason == "plugins.block names it"
    assert info(loaded, "raising").reason == "plugins.allow does not name it"
    assert info(loaded, "exits").import_ms is None
    assert "plugway_exits" not in sys.modules
    assert "plugway_raising" not in sys.modules


def test_everything_installed_loads_by_default(install: Install) -> None:
    loaded = install("good", allow=None)
    assert "good" in loaded.names


def test_a_plugin_that_is_allowed_and_not_there_is_a_failure(install: Install) -> None:
    loaded = install("good", plugins=("good", "god"))
    (failure,) = loaded.failures
    assert failure.name == "god"
    assert failure.reason == (
        "plugins.allow names it and it is not installed; did you mean 'good'?"
    )


def test_a_slow_import_is_measured_and_warned_of(
    install: Install, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock()
    monkeypatch.setattr(time, "sleep", clock.advance)
    monkeypatch.setattr("plugway.plugins.loading.SystemClock", lambda: clock)
    loaded = install("slow")
    assert info(loaded, "slow").import_ms == pytest.approx(1_500)
    assert "plugin slow (plugway-slow 0.1.0) took 1.5 s to import" in caplog.text


def test_strict_refuses_to_start_and_names_every_failure(install: Install) -> None:
    with pytest.raises(ConfigurationError) as refused:
        install("import_error", "newer", "good", plugins=("importerror", "newer"), strict=True)
    assert "importerror (plugway-importerror 0.3.0): import failed: " in refused.value.message
    assert "newer (plugway-newer 9.0.0): it is written for contract 99" in refused.value.message
    assert "\n" not in refused.value.message


def test_strict_does_not_mind_what_is_switched_off(install: Install) -> None:
    loaded = install("exits", "good", plugins=("good",), strict=True)
    assert loaded.names == ("good",)


def test_a_distribution_that_is_half_removed_is_left_out(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_over = tmp_path / "plugway_half-1.0.dist-info"
    left_over.mkdir()
    (left_over / "entry_points.txt").write_text("[plugway]\nhalf = plugway_half\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    (failure,) = install("good", plugins=("good", "half")).failures
    assert failure.label == "half (unknown distribution of unknown version)"


@pytest.mark.parametrize("name", ["Upper", "with-dash", "with space", "1st", "ünsäglich"])
def test_a_name_must_be_an_identifier(name: str) -> None:
    (failure,) = load_plugins(PluginSettings(), plugins={name: module()}).failures
    assert failure.reason == f"the name {name!r} is not a lower-case identifier"


@pytest.mark.parametrize("name", ["core", "allow", "block", "strict", "tables", "serve", "users"])
def test_reserved_names_are_refused(name: str) -> None:
    assert name in RESERVED
    plugin = module(register_routes=register_routes)
    (failure,) = load_plugins(PluginSettings(), plugins={name: plugin}).failures
    assert failure.reason == f"the name {name!r} is reserved"


def test_no_plugin_can_hide_behind_a_command_of_the_core() -> None:
    identifiers = {name for name in COMMANDS if name.isidentifier()}
    assert identifiers <= RESERVED


def test_given_plugins_replace_the_installed_ones(install: Install) -> None:
    install("good")
    plugins = {"mine": module(register_routes=register_routes)}
    loaded = load_plugins(PluginSettings(), plugins=plugins)
    assert [plugin.label for plugin in loaded.plugins] == ["mine"]
    assert info(loaded, "mine").distribution is None
    assert load_plugins(PluginSettings(), plugins={}).plugins == ()


def test_two_gateways_in_one_process_do_not_meet() -> None:
    plugin = module(register_routes=register_routes)
    first = load_plugins(PluginSettings(), plugins={"one": plugin})
    second = load_plugins(PluginSettings(), plugins={"two": plugin})
    assert first.names == ("one",)
    assert second.names == ("two",)


def test_the_same_object_under_two_names_is_refused() -> None:
    plugin = module(register_routes=register_routes)
    loaded = load_plugins(PluginSettings(), plugins={"one": plugin, "two": plugin})
    assert loaded.names == ("one",)
    assert info(loaded, "two").reason == "it is the same object as the plugin 'one'"


@hookimpl
def register_settings() -> object:
    return msgspec.Struct()


@hookimpl
async def call_settled() -> None:
    """Hear, and do nothing."""


@hookimpl
def call_settled_in_sync(event: object) -> None:
    """Be of the wrong colour."""


class Method:
    @hookimpl
    def register_routes(self, gateway: object) -> list[Mount]:
        return []


class AsyncGenerator:
    @hookimpl
    async def register_routes(self) -> Any:
        yield None


class Twice:
    @hookimpl
    def register_routes(self) -> list[Mount]:
        return []

    @hookimpl(specname="register_routes")
    def more_routes(self) -> list[Mount]:
        return []


class Wrapper:
    @hookimpl(wrapper=True)
    def register_routes(self) -> Any:
        return (yield)


class Optional:
    @hookimpl(optionalhook=True)
    def register_teleporters(self) -> list[object]:
        return []

    @hookimpl
    def register_routes(self) -> list[Mount]:
        return []


class UnknownArgument:
    @hookimpl
    def register_routes(self, gatway: object) -> list[Mount]:
        return []


class NoArgument:
    @hookimpl
    def register_emulator(self, gateway: object) -> object:
        return None


class Unmarked:
    def register_routes(self) -> list[Mount]:
        return []


class Misnamed:
    @hookimpl
    def mount_everything(self) -> list[Mount]:
        return []


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        (None, "it is nothing; name a module or an object"),
        (Method, "it is the class Method; name a module or an object"),
        (object(), "it implements no hook"),
        (module(), "it implements no hook"),
        (Unmarked(), "register_routes is not marked as an implementation: put @hookimpl above it"),
        (Misnamed(), "there is no hook 'mount_everything'"),
        (Twice(), "it implements register_routes twice"),
        (
            Wrapper(),
            "register_routes is a hook wrapper; plugins are called one by one, so none works",
        ),
        (UnknownArgument(), "register_routes has no argument 'gatway'; it takes gateway"),
        (NoArgument(), "register_emulator has no argument 'gateway'; it takes none"),
        (AsyncGenerator(), "register_routes must be `def`, not `async def`"),
        (
            module(call_settled=call_settled_in_sync),
            "call_settled must be `async def`, not `def`",
        ),
        (
            module(register_routes=register_routes, plugway_contract=0),
            "it is written for contract 0 and this plugway takes 1 at least: upgrade the plugin",
        ),
        (
            module(register_routes=register_routes, plugway_contract="1"),
            "plugway_contract is a str, not a number",
        ),
        (
            module(register_settings=register_settings),
            "register_settings returned a Struct, not a msgspec.Struct class",
        ),
    ],
)
def test_what_is_no_plugin_is_refused(plugin: object, reason: str) -> None:
    assert only(plugin).reason == reason


@pytest.mark.parametrize(
    "plugin",
    [
        Method(),
        Optional(),
        module(call_settled=call_settled),
        module(register_routes=register_routes, plugway_contract=1),
        SimpleNamespace(register_routes=register_routes),
    ],
)
def test_what_is_a_plugin_is_taken(plugin: object) -> None:
    assert only(plugin).reason is None


class Early:
    """Answers the early hooks with what it is given."""

    def __init__(self, tables: object = None, commands: object = None) -> None:
        self._tables = tables
        self._commands = commands

    @hookimpl
    def register_models_db(self) -> Any:
        return self._tables

    @hookimpl
    def register_commands(self) -> Any:
        return self._commands


def tables(label: str) -> Tables:
    return Tables(label=label, models="models", migrations="migrations")


def test_tables_and_commands_are_collected() -> None:
    @click.command("say")
    def say() -> None:
        """Say."""

    loaded = load_plugins(PluginSettings(), plugins={"one": Early(tables("one"), [say])})
    assert loaded.tables == (tables("one"),)
    assert loaded.commands == {"one": (say,)}
    assert info(loaded, "one").registered == {"tables": ("one",), "commands": ("say",)}


def test_a_table_label_belongs_to_one_plugin() -> None:
    plugins = {"one": Early(tables("same"), []), "two": Early(tables("same"), [])}
    loaded = load_plugins(PluginSettings(), plugins=plugins)
    assert loaded.names == ("one",)
    assert info(loaded, "two").reason == "tables 'same' are registered by one"


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        (Early(), "register_models_db returned nothing, not Tables"),
        (
            Early(tables("one"), ["say"]),
            "register_commands returned a str among its results, not an iterable of Command",
        ),
        (
            Early(tables("one"), [click.Command("a"), click.Command("a")]),
            "it registers the command a twice",
        ),
    ],
)
def test_early_hooks_are_checked(plugin: object, reason: str) -> None:
    loaded = load_plugins(PluginSettings(), plugins={"one": plugin})
    assert info(loaded, "one").reason == reason
    assert loaded.tables == ()
    assert loaded.commands == {}


@pytest.mark.parametrize(
    "error",
    [ValueError("line one\n  line two"), SystemExit(3), asyncio.CancelledError(), GeneratorExit()],
)
def test_whatever_a_hook_raises_stays_with_its_plugin(error: BaseException) -> None:
    @hookimpl
    def register_settings() -> Any:
        raise error

    reason = only(module(register_settings=register_settings)).reason
    assert reason is not None
    assert reason.startswith(f"register_settings raised {type(error).__name__}")
    assert "\n" not in reason


def test_a_person_can_still_interrupt() -> None:
    @hookimpl
    def register_settings() -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        only(module(register_settings=register_settings))


def test_a_long_error_is_cut() -> None:
    @hookimpl
    def register_settings() -> Any:
        raise ValueError("x" * 10_000)

    reason = only(module(register_settings=register_settings)).reason
    assert reason is not None
    assert len(reason) < 400
