"""What the pages about AI Studio say, done with the emulator's page in a real browser."""

from __future__ import annotations

import ast
import asyncio
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from aistudio_gateway import AIStudioGateway
from curl import curl
from machine_browser import machine_browser
from pages import ROOT, blocks, text_of
from reader import Reader, reading
from setting_tables import defaults, table

from plugway import PooledChannelSettings
from plugway_aistudio.emulated.mishaps import Mishap
from plugway_aistudio.emulator import AIStudioEmulator
from plugway_aistudio.page.selectors import Selectors
from plugway_aistudio.provider import AIStudioChannel
from plugway_aistudio.settings import AIStudioSettings

pytestmark = pytest.mark.anyio

OPERATE = "docs/how-to/aistudio.md"
CALL = "docs/how-to/call.md"
PLUGIN = "plugins/aistudio/README.md"

OFFICIAL = "https://aistudio.google.com"
OLD = "/opt/AIstudioProxyAPI"

#: A section of the client's page.
CLIENTS = "AI Studio"


def deployment(folder: Path, emulator: AIStudioEmulator) -> Path:
    """Write what an older deployment has, with the profiles of two accounts."""
    for part, name in (("active", "first"), ("saved", "second")):
        place = folder / "auth_profiles" / part
        place.mkdir(parents=True)
        (place / f"{name}.json").write_text(emulator.profile(name))
    (folder / "key.txt").write_text("sk-of-an-older-deployment\n")
    (folder / "excluded_models.txt").write_text("gemma-3-27b-it\n")
    return folder


async def every(reader: Reader, page: str) -> list[tuple[str, str]]:
    """Type every command of a page, but those that open a window; return each with its output."""
    typed = []
    for line in [line for block in blocks(page, "sh") for line in block.lines()]:
        if " login " in line:
            continue
        if "$ID" in line and "ID" not in reader.variables:
            listed = await reader.type("plugway credentials list --json")
            assert listed is not None
            reader.variables["ID"] = str(listed.json[0]["id"])
        ran = await reader.type(line)
        if ran is not None:
            typed.append((line, ran.out + ran.err))
    return typed


def settle(reader: Reader) -> None:
    """Let the reader have the plugin and the browser of the tests."""
    reader.shell.environ["PLUGWAY__PLUGINS__ALLOW"] = "aistudio"
    if program := os.environ.get("PLUGWAY_TEST_CHROMIUM"):
        reader.shell.environ["PLUGWAY__BROWSER__PATH"] = program


async def test_an_operator_can_type_every_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine_browser()
    # Where the check leaves its picture.
    monkeypatch.chdir(tmp_path)
    emulator = AIStudioEmulator(accounts=("first", "second", "third"))
    base = await emulator.start()
    old = deployment(tmp_path / "old", emulator)
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "third.json").write_text(emulator.profile("third"))
    try:
        async with reading(tmp_path / "home", {OFFICIAL: base, OLD: str(old)}) as reader:
            settle(reader)
            await reader.type("plugway init")
            said = await every(reader, OPERATE)
            listed = await reader.type("plugway credentials list --json")
            assert listed is not None
    finally:
        await emulator.stop()
    imports = [out for line, out in said if line.startswith("plugway import")]
    assert "2 profiles would go to the channel aistudio" in imports[0]
    assert "2 added" in imports[1]
    assert 'excluded_models = ["gemma-3-27b-it"]' in imports[1]
    labels = {one["label"]: one["state"] for one in listed.json}
    assert labels["second"] == "disabled"
    assert labels["first"] == "ready"
    assert len(labels) == 3
    (checked,) = [out for line, out in said if " check " in line]
    assert "MISSING" not in checked
    assert (tmp_path / "aistudio-check.png").exists()
    assert len(list((tmp_path / "backup").glob("*.json"))) == 3
    assert not emulator.asked


async def test_the_plugin_s_page_begins_with_a_channel_that_works(tmp_path: Path) -> None:
    machine_browser()
    emulator = AIStudioEmulator()
    base = await emulator.start()
    try:
        async with reading(tmp_path / "home", {OFFICIAL: base}) as reader:
            settle(reader)
            await reader.type("plugway init")
            said = await every(reader, PLUGIN)
    finally:
        await emulator.stop()
    assert [line.split()[1] for line, _ in said] == ["channels", "channels"]


async def test_a_client_sees_and_cancels_its_calls(tmp_path: Path) -> None:
    emulator = AIStudioEmulator(pause=1.0)
    async with AIStudioGateway.running(tmp_path / "home", emulator) as gateway:
        call = "lighthouse-17"
        asked = {"model": "gemini-flash-latest", "messages": [{"role": "user", "content": "Hi"}]}
        asking = asyncio.ensure_future(
            gateway.client.post(
                "/v1/chat/completions", json=asked, headers={"X-Request-Id": call}
            ).__aenter__()
        )
        await emulator.until_asked(1)
        variables = {"PLUGWAY": gateway.server.url, "KEY": gateway.key, "CALL": call}
        answers = []
        for block in blocks(CALL, "sh"):
            for line in block.lines() if block.section == CLIENTS else ():
                answer = await curl(line, variables)
                assert answer.status == 200, answer.text
                answers.append(answer.json)
        queue, cancelled, info = answers
        assert [item["req_id"] for item in queue["items"]] == [call]
        assert cancelled["success"]
        assert info["api_base_url"] == f"{gateway.server.url}/v1"
        assert (await asking).status == 499


def own_selectors() -> Iterator[object]:
    for page in (OPERATE, PLUGIN):
        for block in blocks(page, "toml"):
            plugin = tomllib.loads(block.text).get("plugins", {}).get("aistudio", {})
            if "selectors" in plugin:
                yield plugin["selectors"]


def test_selectors_of_the_pages_are_of_parts_that_there_are() -> None:
    found = list(own_selectors())
    assert len(found) == 2
    for own in found:
        Selectors(msgspec.convert(own, dict[str, tuple[str, ...]]))


def test_every_setting_is_on_the_plugin_s_page_with_its_default() -> None:
    assert table(PLUGIN, "setting") == defaults(AIStudioSettings)
    pooled, ours = defaults(PooledChannelSettings), defaults(AIStudioChannel)
    own = {name: value for name, value in ours.items() if pooled.get(name) != value}
    assert table(PLUGIN, "channel setting") == own


def test_the_clocks_are_the_channel_s() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) s \|", text_of(OPERATE), re.M)
    ours = defaults(AIStudioChannel)
    assert len(rows) == 6
    assert dict(rows) == {name: ours[name] for name, _ in rows}


def test_every_fault_of_the_emulator_is_told() -> None:
    section = text_of(PLUGIN).partition("| `kind` | what happens |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (`.*?) \|", section, re.M)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    kind = Mishap.__annotations__["kind"]
    assert kind == "Kind"
    from plugway_aistudio.emulated import mishaps

    assert sorted(named) == sorted(mishaps.Kind.__args__)  # type: ignore[attr-defined]  # a Literal


def said() -> str:
    """Return every text of the plugin and of what it uses of the core, parts left out as `…`."""
    found: list[str] = []
    for source in (ROOT / "plugins/aistudio/src", ROOT / "core/src/plugway"):
        for path in source.rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            # What documents is raised nowhere, but for an error's own sentence.
            texts = {
                id(one.value)
                for one in ast.walk(tree)
                if isinstance(one, ast.Expr) and path.name != "errors.py"
            }
            for node in ast.walk(tree):
                if id(node) in texts:
                    continue
                if isinstance(node, ast.JoinedStr):
                    parts = [
                        str(one.value) if isinstance(one, ast.Constant) else "…"
                        for one in node.values
                    ]
                    found.append("".join(parts))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.append(node.value)
    return "\n".join(found)


def test_errors_that_the_page_explains_are_raised_somewhere() -> None:
    section = text_of(OPERATE).partition("\n## When something is wrong\n")[2]
    rows = re.findall(r"^\| (.*?) \| .*? \| .*? \|$", section, re.M)
    seen = [code for row in rows for code in re.findall(r"`([^`]+)`", row)]
    assert len(seen) > 40
    every_text = said()
    missing = [code for code in seen if not re.search(_pattern(code), every_text)]
    assert missing == []


def _pattern(code: str) -> str:
    """Return a message as a pattern: what it leaves open may be anything."""
    parts = [re.escape(part.strip()) for part in code.split("…") if part.strip()]
    return r"[^\n]*?".join(parts)
