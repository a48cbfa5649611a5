"""Tests of the reference page of the settings."""

from __future__ import annotations

from pathlib import Path

import msgspec

from plugway.configuration.reference import reference
from plugway.settings import Settings

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "settings.md"


def test_the_page_is_up_to_date() -> None:
    command = "python -m plugway.configuration.reference > docs/reference/settings.md"
    assert PAGE.read_text(encoding="utf-8") == reference(), f"run: {command}"


def test_the_page_names_every_variable() -> None:
    text = reference()
    for table in msgspec.structs.fields(Settings):
        for field in msgspec.structs.fields(table.type):
            if (table.name, field.name) != ("plugins", "tables"):
                assert f"`PLUGWAY__{table.name}__{field.name}`".upper() in text.upper()


def test_every_row_has_a_meaning() -> None:
    rows = [line.split(" | ") for line in reference().splitlines() if " | `PLUGWAY__" in line]
    assert rows
    for row in rows:
        assert len(row) == 5, row
        assert row[3].rstrip().endswith((".", ".*")), row
