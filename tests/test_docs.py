"""The documentation is true: links, commands, settings, errors, and what its blocks hold."""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import click
import msgspec
import pytest
from pages import ROOT, Block, anchors, blocks, check, command_of, inline, links, pages, text_of, words

import plugway_bltcy
from plugway import errors
from plugway.admin.roles import ROLES
from plugway.cli.options import gateway_options
from plugway.configuration import load, plugin_tables
from plugway.configuration.source import LEGACY
from plugway.plugins import load_plugins
from plugway.settings import Settings
from plugway.telemetry.metrics import Metrics
from plugway.testing.command_reference import commands
from plugway.testing.error_reference import classes

OPERATE = "docs/how-to/operate.md"
CLI = "docs/reference/cli.md"
PAGES = pages()

#: What shell blocks may call besides `plugway`.
PROGRAMS = {"curl", "export", "make", "pip", "python", "sqlite3"}


def each(page: Path) -> str:
    return str(page)


def of(*languages: str) -> list[Block]:
    return [block for page in PAGES for block in blocks(page, *languages)]


def place(block: Block) -> str:
    return f"{block.page}:{block.line}"


@pytest.mark.parametrize("page", PAGES, ids=each)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (ROOT / page.parent / file).resolve() if file else ROOT / page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.relative_to(ROOT)), link


def test_every_page_of_the_documentation_is_linked_from_its_start() -> None:
    linked = {(ROOT / "docs" / link.partition("#")[0]).resolve() for link in links("docs/index.md")}
    own = {ROOT / page for page in PAGES if page.parts[0] == "docs"} - {ROOT / "docs/index.md"}
    assert own <= linked


@pytest.mark.parametrize("block", of("sh"), ids=place)
def test_shell_blocks_name_what_there_is(block: Block) -> None:
    for line in block.lines():
        program, *arguments = words(line)
        if program == "plugway":
            check(arguments)
            continue
        assert program in PROGRAMS, line
        if program == "make":
            targets = re.findall(r"^([a-z]+):", text_of("Makefile"), re.M)
            assert [one for one in arguments if "=" not in one][0] in targets, line
        if program == "python":
            assert arguments[0] == "-m" and find_spec(arguments[1]) is not None, line
        if program == "pip":
            _known_packages(arguments)


def _known_packages(arguments: list[str]) -> None:
    assert arguments[0] == "install"
    tutorial = {"./plugway-sketch", "path/to/plugway/core"}
    extras = _core()["optional-dependencies"]
    for argument in arguments[1:]:
        package, _, named = argument.rstrip("]").partition("[")
        if argument.startswith("-") or package in tutorial:
            continue
        assert package.startswith("./"), f"{package} is on no index yet"
        assert (ROOT / package / "pyproject.toml").exists(), argument
        assert set(filter(None, named.split(","))) <= set(extras), argument


def _core() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = tomllib.loads(text_of("core/pyproject.toml"))["project"]
    return found


@pytest.mark.parametrize("page", PAGES, ids=each)
def test_commands_in_the_text_are_there(page: Path) -> None:
    common = {name for option in gateway_options() for name in option.opts}
    for code in inline(page):
        if not re.match(r"plugway [a-z]", code) or "…" in code:
            continue
        command, own = command_of(code.split()[1:])
        # `plugway channels test` may stand for a group's command, with or without arguments.
        assert not (isinstance(command, click.Group) and own and own[0] in own[0].lower()), code
        known = common | {name for option in command.params for name in option.opts}
        assert {word for word in own if word.startswith("--")} <= known, code


def test_a_command_that_is_not_there_would_be_noticed() -> None:
    for wrong in ("channel list", "channels lst", "channels list --colour", "credit alice"):
        with pytest.raises(click.UsageError):
            check(wrong.split())


@pytest.mark.parametrize("block", of("python"), ids=place)
def test_python_blocks_compile(block: Block) -> None:
    compile(block.text, place(block), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("block", of("json"), ids=place)
def test_json_blocks_are_json(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", of("toml"), ids=place)
def test_toml_blocks_are_settings_or_a_project(block: Block, tmp_path: Path) -> None:
    tables = tomllib.loads(block.text)
    if "project" in tables:
        assert set(tables) <= {"build-system", "project", "tool"}
        return
    (tmp_path / "plugway.toml").write_text(block.text, encoding="utf-8")
    settings = load(tmp_path, {})
    loaded = load_plugins(settings.plugins, plugins={"bltcy": plugway_bltcy})
    assert plugin_tables(settings, loaded.settings_types, known=["bltcy"])


def test_every_setting_is_documented() -> None:
    page = text_of("docs/reference/settings.md")
    for table in msgspec.structs.fields(Settings):
        section = page.partition(f"## `[{table.name}]`")[2].partition("\n## ")[0]
        names = {field.name for field in msgspec.structs.fields(table.type)} - {"tables"}
        assert names == set(re.findall(r"^\| `(\w+)` \|", section, re.M)), table.name


def test_every_command_and_option_is_documented() -> None:
    page = text_of(CLI)
    common = {option.name for option in gateway_options()}
    for path, command in commands():
        title = f"{'#' * (1 + len(path))} plugway {' '.join(path)}\n"
        section = re.split(r"\n#+ ", page.partition(f"\n{title}")[2])[0]
        assert section, title
        for param in command.params:
            if isinstance(param, click.Option) and not param.hidden and param.name not in common:
                assert f"| `{param.opts[0]}" in section, (title, param.opts)


def test_every_error_is_documented() -> None:
    page = text_of("docs/reference/errors.md")
    for error in classes():
        assert f"| `{error.code}` | {error.status} | `{error.__name__}`" in page


def test_no_error_hides_in_another_module() -> None:
    """The page knows every class of the core that has a code of its own."""
    known = {(error.__module__, error.__name__) for error in classes()}
    source = ROOT / "core" / "src"
    for path in source.rglob("*.py"):
        module = ".".join(path.relative_to(source).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and _sets_an_error_code(node):
                assert (module, node.name) in known


def _sets_an_error_code(node: ast.ClassDef) -> bool:
    targets = {
        target.id
        for statement in node.body
        for target in (
            statement.targets
            if isinstance(statement, ast.Assign)
            else [statement.target]
            if isinstance(statement, ast.AnnAssign) and statement.value is not None
            else []
        )
        if isinstance(target, ast.Name)
    }
    # A status alone could be anything's; an error has it from its parent, or both.
    return bool(node.bases) and "code" in targets


def test_every_error_has_a_cause_and_a_remedy() -> None:
    section = text_of(OPERATE).partition("## Troubleshooting")[2]
    rows = dict(re.findall(r"^\| `(\w+)` \| (\S.*\S) \|$", section, re.M))
    assert {error.code for error in classes()} | {"request_failed"} == set(rows)
    for code, row in rows.items():
        cause, remedy = row.split(" | ")
        assert cause and remedy, code


def test_every_extra_is_in_the_operator_s_page() -> None:
    for page in (OPERATE, "core/README.md"):
        table = text_of(page).partition("| extra | for |")[2].partition("\n\n")[0]
        named = set(re.findall(r"`(\w+)`", table))
        assert named == set(_core()["optional-dependencies"]) - ({"testing"} & {*()} or set()) or (
            page == OPERATE and named == set(_core()["optional-dependencies"]) - {"testing"}
        )


def test_the_old_names_are_those_that_are_taken() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| `([a-z_.]+)` \|", text_of(OPERATE), re.M)
    assert dict(rows) == {name: ".".join(path) for name, path in LEGACY.items()}


def test_alerts_are_on_metrics_that_there_are() -> None:
    rows = text_of(OPERATE).partition("| alert on |")[2].partition("\n\n")[0]
    named = set(re.findall(r"plugway_\w+", rows))
    families = {family.name for family in Metrics().registry.collect()}
    assert named
    assert {name.removesuffix("_total") for name in named} <= families


def test_roles_are_as_the_operator_s_page_says() -> None:
    """What an operator may not do is listed there in words; here is that list."""
    taken = {place.split("/api/admin/")[1].split("/")[0] for place, role in ROLES.items() if role == "admin"}
    assert taken == {"users", "keys", "groups", "ledger", "settings", "audit", "vault"}
    reading = {place for place, role in ROLES.items() if role == "admin" and place.startswith("GET")}
    assert reading == {"GET /api/admin/settings", "GET /api/admin/audit"}


def test_public_errors_are_those_that_can_be_imported() -> None:
    page = text_of("docs/reference/errors.md")
    public = set(re.findall(r"`(\w+)`, \*public", page))
    assert public == {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.PlugwayError)
    }


def test_the_pages_hold_no_paths_of_a_machine() -> None:
    for page in PAGES:
        for path in re.findall(r"(?<![\w.~}])/(?:home|root|work|tmp)/\S*", text_of(page)):
            pytest.fail(f"{page}: {path}")


if sys.version_info < (3, 11):  # the documentation says so
    raise RuntimeError("Python 3.11 or newer")
