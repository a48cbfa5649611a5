"""`plugway aistudio check`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from machine_browser import machine_browser

from plugway import Session
from plugway_aistudio.commands.check import check
from plugway_aistudio.emulator import AIStudioEmulator

pytestmark = pytest.mark.anyio


async def run(tmp_path: Path, emulator: AIStudioEmulator, *options: str) -> Result:
    """Run the command on the page of an emulator."""
    machine_browser()
    profile = tmp_path / "first.json"
    profile.write_text(emulator.profile("first"))
    session = Session()
    session.choose_home(tmp_path / "none", given=True)
    arguments = [
        *("--profile", str(profile), "--base-url", emulator.url),
        *("--screenshot", str(tmp_path / "page.png"), *options),
    ]
    return await asyncio.to_thread(CliRunner().invoke, check, arguments, obj=session)


def line(result: Result, name: str) -> str:
    """Return what is said of a part."""
    (found,) = [one for one in result.output.splitlines() if one.split()[0] == name]
    return found


async def test_every_part_of_a_page_that_is_known_is_found(tmp_path: Path, layout: str) -> None:
    emulator = AIStudioEmulator(layout=layout)
    await emulator.start()
    try:
        result = await run(tmp_path, emulator)
    finally:
        await emulator.stop()
    assert result.exit_code == 0, result.output
    assert "MISSING" not in result.output
    assert line(result, "prompt").split()[1] == ("1/5" if layout == "new" else "2/5")
    assert "only models with levels of thinking" in line(result, "thinking_level")
    assert not emulator.asked
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
    # It shows whose account that is.
    assert (tmp_path / "page.png").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("renamed", "name"),
    [("run", "run"), ("search", "")],
)
async def test_what_is_broken_is_named(tmp_path: Path, renamed: str, name: str) -> None:
    emulator = AIStudioEmulator(renamed=[renamed])
    await emulator.start()
    try:
        result = await run(tmp_path, emulator)
    finally:
        await emulator.stop()
    if not name:
        # Not every model has it.
        assert result.exit_code == 0, result.output
        assert "only models that can search" in line(result, renamed)
        return
    assert result.exit_code == 1
    assert "MISSING  tried: " in line(result, name)
    assert f"broken: {name}" in result.output


async def test_a_profile_that_is_not_signed_in_is_told(tmp_path: Path) -> None:
    emulator = AIStudioEmulator()
    await emulator.start()
    emulator.accounts["first"].state = "expired"
    try:
        result = await run(tmp_path, emulator)
    finally:
        await emulator.stop()
    assert result.exit_code == 1
    assert "sign in" in result.output
