"""Tests of the settings file that `plugway init` leaves."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

from plugway.configuration import load, plugin_tables, template, write_template
from plugway.configuration.fields import fields
from plugway.errors import ConfigurationError
from plugway.settings import RESTART, Settings, Table


class Echo(Table, frozen=True, kw_only=True):
    """Sets the echo.

    Attributes:
        greeting: Said first;
            on two lines.
        names: By language.
    """

    greeting: Annotated[str, msgspec.Meta(min_length=1), RESTART] = 'say "hi"\n'
    names: dict[str, list[str]] = msgspec.field(
        default_factory=lambda: {"de at": ["Hallo", "Servus"]}
    )


def uncommented(text: str) -> str:
    return re.sub(r"(?m)^#(?=\w)", "", text)


def test_as_it_is_it_sets_nothing(tmp_path: Path) -> None:
    file = write_template(tmp_path, {"echo": Echo})
    assert file.stat().st_mode & 0o777 == 0o600
    settings = load(tmp_path, {})
    assert settings == Settings(plugins=settings.plugins)
    assert plugin_tables(settings, {"echo": Echo}, known=set()) == {"echo": Echo()}


def test_uncommented_it_states_every_default(tmp_path: Path) -> None:
    text = uncommented(template({"echo": Echo}))
    # What is not set by default has no value to state.
    text = re.sub(r"(?m)^allow =$", "", text)
    data = tomllib.loads(text)
    (tmp_path / "plugway.toml").write_text(text, encoding="utf-8")
    settings = load(tmp_path, {})
    assert plugin_tables(settings, {"echo": Echo}) == {"echo": Echo()}
    assert msgspec.structs.replace(settings, plugins=Settings().plugins) == Settings()
    stated = {(table, name) for table, names in data.items() for name in names}
    stated |= {("plugins", "allow"), ("plugins", "tables")}
    expected: set[tuple[str, str]] = {("plugins", "echo")}
    for table in msgspec.structs.fields(Settings):
        expected |= {(table.name, field.name) for field in msgspec.structs.fields(table.type)}
    assert stated == expected


def test_every_setting_has_its_words() -> None:
    assert [field.path for field in fields(Settings) if not field.help.endswith(".")] == []
    note = "# Said first; on two lines. A string of at least 1 characters. At restart."
    assert note in template({"echo": Echo})


@pytest.mark.parametrize(
    ("values", "find"),
    [
        ({"server.port": 8080}, lambda settings: settings.server.port == 8080),
        (
            {"database.url": "sqlite:///x", "plugins.allow": ["a"]},
            lambda settings: settings.plugins.allow == ("a",),
        ),
    ],
)
def test_values_given_do_count(tmp_path: Path, values: dict[str, Any], find: Any) -> None:
    write_template(tmp_path, values=values)
    assert find(load(tmp_path, {}))


def test_an_unknown_value_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no such setting: server\.prot"):
        write_template(tmp_path, values={"server.prot": 1})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["plugway.toml", "plugway.json"])
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="is there already; nothing was changed"):
        write_template(tmp_path)
    assert (tmp_path / name).read_text(encoding="utf-8") == "{}"


def test_a_home_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written: No such file"):
        write_template(tmp_path / "nowhere")
