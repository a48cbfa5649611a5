"""The documentation is true: links, commands, settings, errors, and what its blocks hold."""

from __future__ import annotations

import ast
import doctest
import importlib
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import click
import msgspec
import pytest
from pages import (
    ROOT,
    Block,
    anchors,
    blocks,
    check,
    command_of,
    inline,
    links,
    pages,
    text_of,
    words,
)

import plugway_aistudio
import plugway_bltcy
import plugway_flow
import plugway_gemini_business
import plugway_kling
from plugway import errors
from plugway.admin.roles import ROLES
from plugway.alerts import Alert, AlertKind
from plugway.cli.options import gateway_options
from plugway.configuration import load, plugin_tables
from plugway.configuration.source import LEGACY
from plugway.contract.tasks import TaskState
from plugway.credentials.pool import CredentialState
from plugway.plugins import load_plugins
from plugway.settings import Settings
from plugway.telemetry.metrics import Metrics
from plugway.testing.command_reference import commands
from plugway.testing.error_reference import classes
from plugway.upstream.guard import AddressPolicy

OPERATE = "docs/how-to/operate.md"
CLI = "docs/reference/cli.md"
PAGES = pages()

#: What shell blocks may call.
PROGRAMS = {"curl", "export", "make", "pip", "plugway", "python", "sqlite3"}


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
        # Whatever a variable holds, a number is good wherever one is used.
        program, *arguments = words(re.sub(r"\$[A-Z]+", "1", line))
        assert program in PROGRAMS, line
        if program in CHECKS:
            CHECKS[program](arguments)


def check_make(arguments: list[str]) -> None:
    targets = re.findall(r"^([a-z]+):", text_of("Makefile"), re.M)
    assert {argument for argument in arguments if "=" not in argument} <= set(targets)


def check_python(arguments: list[str]) -> None:
    option, module, *_ = arguments
    assert option == "-m"
    assert find_spec(module) is not None, module


def check_pip(arguments: list[str]) -> None:
    # No index has the packages yet, so that each is a folder of the clone.
    tutorial = {"./plugway-sketch", "path/to/plugway/core"}
    assert arguments[0] == "install"
    for argument in arguments[1:]:
        package, _, extras = argument.rstrip("]").partition("[")
        if not argument.startswith("-") and package not in tutorial:
            assert package.startswith("./"), argument
            assert (ROOT / package / "pyproject.toml").exists(), argument
            assert set(filter(None, extras.split(","))) <= extras_of(package) | {"test"}, argument


CHECKS: dict[str, Callable[[list[str]], None]] = {
    "make": check_make,
    "pip": check_pip,
    "plugway": check,
    "python": check_python,
}


def core_extras() -> set[str]:
    return extras_of("core")


def extras_of(package: str) -> set[str]:
    project = tomllib.loads(text_of(f"{package}/pyproject.toml"))["project"]
    return set(project.get("optional-dependencies", ()))


@pytest.mark.parametrize("page", PAGES, ids=each)
def test_commands_in_the_text_are_there(page: Path) -> None:
    for code in inline(page):
        # Where a plugin's name would stand, no command is found.
        general = "…" in code or re.match(r"plugway (worker|import) [A-Z<]", code)
        if re.match(r"plugway [a-z]", code) and not general:
            command, own = command_of(code.split()[1:])
            known = {name for option in command.params for name in option.opts}
            assert {word for word in own if word.startswith("--")} <= known, code


def test_a_command_that_is_not_there_would_be_noticed() -> None:
    for wrong in ("channel list", "channels lst", "channels list --colour", "credit alice"):
        with pytest.raises(click.UsageError):
            check(wrong.split())


@pytest.mark.parametrize("block", of("python"), ids=place)
def test_python_blocks_compile(block: Block) -> None:
    # A signature stands in the hook reference as it is in the source, without a body.
    signature = re.fullmatch(r"(?:async )?def .*\n", block.text)
    text = f"{block.text.rstrip()}: ..." if signature else block.text
    compile(text, place(block), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


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
    plugins = {
        "aistudio": plugway_aistudio,
        "bltcy": plugway_bltcy,
        "flow": plugway_flow,
        "gemini_business": plugway_gemini_business,
        "kling": plugway_kling,
    }
    loaded = load_plugins(settings.plugins, plugins=plugins)
    assert plugin_tables(settings, loaded.settings_types, known=list(plugins))


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
    known = {(error.__module__, error.__name__) for error in classes()}
    source = ROOT / "core" / "src"
    for path in source.rglob("*.py"):
        module = ".".join(path.relative_to(source).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and _sets_an_error_code(node):
                assert (module, node.name) in known


def _sets_an_error_code(node: ast.ClassDef) -> bool:
    """Errors give `code` a text in their class's body; nothing else does."""
    return any(
        isinstance(statement, ast.Assign)
        and [ast.unparse(target) for target in statement.targets] == ["code"]
        and isinstance(statement.value, ast.Constant)
        for statement in node.body
    )


def test_every_error_has_a_cause_and_a_remedy() -> None:
    section = text_of(OPERATE).partition("## Troubleshooting")[2]
    rows = dict(re.findall(r"^\| `(\w+)` \| (\S.*\S) \|$", section, re.M))
    assert {error.code for error in classes()} | {"request_failed"} == set(rows)
    assert all(row.count(" | ") == 1 for row in rows.values())


def test_every_extra_is_listed() -> None:
    for page, left_out in ((OPERATE, {"testing"}), ("core/README.md", set[str]())):
        table = text_of(page).partition("| extra | for |")[2].partition("\n\n")[0]
        named = {
            name
            for row in re.findall(r"^\| (.*?) \|", table, re.M)
            for name in re.findall(r"`(\w+)`", row)
        }
        assert named == core_extras() - left_out, page


def test_the_old_names_are_those_that_are_taken() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| `([a-z_.]+)` \|", text_of(OPERATE), re.M)
    assert dict(rows) == {name: ".".join(path) for name, path in LEGACY.items()}


def test_alerts_are_on_metrics_that_there_are() -> None:
    rows = text_of(OPERATE).partition("| alert on |")[2].partition("\n\n")[0]
    named = set(re.findall(r"plugway_\w+", rows))
    families = {family.name for family in Metrics().registry.collect()}
    assert named
    assert {name.removesuffix("_total") for name in named} <= families


def test_alerts_are_those_that_are_told() -> None:
    section = text_of(OPERATE).partition("\n## Alerts\n")[2].partition("\n## ")[0]
    rows = set(re.findall(r"^\| `(\w+)` \|", section, re.M))
    (counted,) = re.findall(
        r"^\| `plugway_alerts_total` \| kind \| things to look at: (.*?);",
        text_of("docs/reference/telemetry.md"),
        re.M,
    )
    assert rows == set(re.findall(r"\w+", counted)) == set(told_alerts())


def told_alerts() -> Iterator[str]:
    """Yield the kinds of alerts that the core tells somewhere."""
    for path in (ROOT / "core" / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = ast.unparse(node.func).rpartition(".")[2].lstrip("_")
                kind = node.args[0].value
                if name in ("tell", "alert") and kind in get_args(AlertKind):
                    yield str(kind)


def test_an_alert_is_sent_as_the_operator_s_page_shows_it() -> None:
    (block,) = [one for one in blocks(OPERATE, "json") if one.section == "Alerts"]
    shown = msgspec.json.decode(block.text, type=Alert)
    assert json.loads(msgspec.json.encode(shown)) == json.loads(block.text)
    assert shown.kind in told_alerts()


def test_states_are_all_there() -> None:
    page = text_of(OPERATE)
    for title, states in (("## Channels", CredentialState), ("## Tasks", TaskState)):
        table = page.partition(f"\n{title}")[2].partition("\n| state | since |")[2]
        rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", table.partition("\n\n")[0], re.M)
        named = [name for row in rows for name in re.findall(r"\w+", row)]
        assert sorted(named) == sorted(get_args(states)), title


def test_callbacks_go_where_the_pages_say() -> None:
    *some, last = sorted(AddressPolicy().ports)
    ports = f"port {', '.join(map(str, some))} or {last}"
    assert ports in text_of(OPERATE)
    assert ports in text_of("docs/how-to/call.md")


def test_roles_are_as_the_operator_s_page_says() -> None:
    # What an operator may not do stands there in words; here is that list.
    theirs = {place.partition("/api/admin/") for place, role in ROLES.items() if role == "admin"}
    looking = {path for method, _, path in theirs if method == "GET "}
    changing = {path.partition("/")[0] for method, _, path in theirs if method != "GET "}
    assert looking == {"settings", "audit", "media/{id}/thumbnail"}
    most = {"users", "keys", "groups", "ledger", "tasks", "vault", "media"}
    assert changing == most | {"credentials", "proxies"}
    # Of credentials only what shows their secrets.
    credentials = {path for method, _, path in theirs if path.startswith("credentials")}
    assert credentials == {"credentials/export"}


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


def with_examples() -> list[str]:
    """Return the modules whose docstrings hold examples."""
    found = []
    for source in (
        *ROOT.glob("core/src"),
        *ROOT.glob("plugins/*/src"),
        *ROOT.glob("examples/*/src"),
    ):
        for path in sorted(source.rglob("*.py")):
            if ">>> " in path.read_text(encoding="utf-8"):
                parts = path.relative_to(source).with_suffix("").parts
                found.append(".".join(parts).removesuffix(".__init__"))
    return found


@pytest.mark.parametrize("module", with_examples())
def test_examples_in_docstrings_run(module: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(module))
    assert tried
    assert failed == 0
