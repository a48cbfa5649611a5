"""Tests of the command that writes the generated pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugway.testing.reference import PAGES, main, stale

FOLDER = Path(__file__).parents[3] / "docs" / "reference"


def test_the_pages_in_the_repository_are_up_to_date() -> None:
    assert stale(FOLDER) == []
    assert main(["--check", str(FOLDER)]) == 0


def test_pages_are_checked_then_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check", str(tmp_path)]) == 1
    assert list(tmp_path.iterdir()) == []
    said = capsys.readouterr().err
    assert all(f"{name} is not up to date" in said for name in PAGES)
    assert main([str(tmp_path)]) == 0
    assert {page.name for page in tmp_path.iterdir()} == set(PAGES)
    (tmp_path / "hooks.md").write_text("old")
    assert stale(tmp_path) == [tmp_path / "hooks.md"]
    assert main(["--check", str(tmp_path)]) == 1
    assert (tmp_path / "hooks.md").read_text() == "old"
