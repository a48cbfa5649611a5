"""Tests of the hook specifications and of the page that is written from them."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from plugway.hookspecs import STAGES, specifications
from plugway.hookspecs.reference import FACTS, Hook, hooks, reference
from plugway.plugins import load_plugins
from plugway.plugins.contributions import KINDS
from plugway.plugins.implementations import new_manager
from plugway.registry import build_registry
from plugway.settings import PluginSettings

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "hooks.md"
HOOKS = list(hooks().values())


def each(hook: Hook) -> str:
    return hook.name


def test_the_page_is_up_to_date() -> None:
    command = "python -m plugway.hookspecs.reference > docs/reference/hooks.md"
    assert PAGE.read_text(encoding="utf-8") == reference(), f"run: {command}"


def test_the_page_is_written_by_the_command() -> None:
    run = subprocess.run(  # our own interpreter and module
        [sys.executable, "-m", "plugway.hookspecs.reference"], capture_output=True, check=True
    )
    assert run.stdout.decode() == reference()


def test_the_specifications_are_those_that_pluggy_knows() -> None:
    known = {name for name in vars(new_manager().hook) if not name.startswith("_")}
    assert known == set(specifications()) == set(KINDS)


def test_every_hook_belongs_to_one_stage() -> None:
    staged = [name for stage in STAGES for name in vars(stage) if name in KINDS]
    assert staged == list(specifications()) == list(KINDS)


@pytest.mark.parametrize("hook", HOOKS, ids=each)
def test_every_hook_is_documented_with_its_exact_signature(hook: Hook) -> None:
    page = PAGE.read_text(encoding="utf-8")
    function = specifications()[hook.name]
    arguments = ", ".join(inspect.signature(function).parameters)
    assert f"\n### {hook.name}({arguments})\n" in page
    source = inspect.getsource(function)
    written = re.search(r"^((?:async )?def .*?):(?:  #.*)?$", source, re.MULTILINE)
    assert written is not None
    assert f"\n{written[1]}\n" in page
    assert hook.example in page


@pytest.mark.parametrize("hook", HOOKS, ids=each)
def test_every_hook_says_what_an_author_must_know(hook: Hook) -> None:
    assert hook.summary.startswith(("Return ", "Hear "))
    assert all(hook.facts[fact] for fact in FACTS)
    assert set(hook.sections) <= {"Args", "Returns", "Example"}
    for argument in hook.arguments:
        assert re.search(rf"^{argument}: \S", hook.sections["Args"], re.MULTILINE)
    assert ("Returns" in hook.sections) == (hook.returns != "None")


@pytest.mark.parametrize("hook", HOOKS, ids=each)
def test_every_example_runs_as_a_plugin(hook: Hook) -> None:
    module = ModuleType("plugway_example")
    # An example is a module: what it defines must be found in one, as annotations are.
    sys.modules[module.__name__] = module
    try:
        exec(compile(hook.example, f"<{hook.name}>", "exec"), vars(module))  # noqa: S102  # our own text
        loaded = load_plugins(PluginSettings(strict=True), plugins={"example": module})
        registry = build_registry(loaded, object())
    finally:
        del sys.modules[module.__name__]
    assert registry.failures == ()
    assert registry.plugins[0].registered[KINDS[hook.name]]


@pytest.mark.parametrize("hook", HOOKS, ids=each)
def test_no_example_imports_the_core(hook: Hook) -> None:
    text = f"{hook.example}\nimport sys\nprint(*sorted(sys.modules))"
    run = subprocess.run(  # noqa: S603  # our own interpreter and our own text
        [sys.executable, "-c", text], capture_output=True, text=True, check=True
    )
    assert not {"plugway.gateway", "plugway.upstream"} & set(run.stdout.split())
