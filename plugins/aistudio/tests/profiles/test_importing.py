"""`plugway import aistudio`: an old folder becomes a channel with its profiles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aistudio_profiles import CANARY, text
from command_line import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Give a command line with a new home."""
    shell = Shell(tmp_path / "home")
    shell.environ = {"PLUGWAY_HOME": str(shell.home), "PLUGWAY__PLUGINS__ALLOW": "aistudio"}
    shell("init")
    return shell


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Write the folder of an old deployment, with what gathers there."""
    folder = tmp_path / "old"

    def write(place: str, content: str) -> None:
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    write("auth_profiles/active/first.json", text())
    # Copied when it was taken into use, with the cookies of then.
    write("auth_profiles/saved/auth_auto_1712345678.json", text(renewed=7))
    write("auth_profiles/saved/second account (1).json", text("second"))
    # Another account of the same name.
    write("auth_profiles/saved/first.json", text("third"))
    write("auth_profiles/saved/half.json", text("fourth")[:-20])
    write("auth_profiles/saved/ended.json", text("fifth", end=1_000.0))
    write("auth_profiles/saved/no.json", json.dumps({"cookies": [], "origins": []}))
    write("auth_profiles/emergency/spare.json", text("sixth"))
    write("auth_profiles/key.txt", f"sk-{CANARY}\n")
    write("excluded_models.txt", 'gemini-1\n\n"quoted"\ngemini-1\n# gemini-2\n')
    write(".env", "PORT=2048\n")
    return folder


def run(shell: Shell, *words: str) -> Any:
    ran = shell("import", "aistudio", *words, check=False)
    assert CANARY not in ran.out + ran.err
    return ran


def state(shell: Shell) -> tuple[list[Any], list[Any]]:
    channels = shell("channels", "list", "--json").json
    return channels, shell("credentials", "list", "--json").json


def test_a_dry_run_says_everything_and_changes_nothing(shell: Shell, old: Path) -> None:
    before = {one: one.stat().st_mtime_ns for one in old.rglob("*")}
    ran = run(shell, str(old), "--dry-run")
    assert ran.code == 1
    assert "nothing is changed: 4 profiles would go to the channel aistudio" in ran.out
    assert "active/first.json: first\n" in ran.out
    assert "saved/second account (1).json: second-account-1, disabled" in ran.out
    assert state(shell) == ([], [])
    assert before == {one: one.stat().st_mtime_ns for one in old.rglob("*")}


def test_an_old_folder_is_taken_over_as_it_is(shell: Shell, old: Path) -> None:
    ran = run(shell, str(old))
    # What cannot be used is named, and stops nothing.
    assert ran.code == 1
    assert "the channel aistudio is made" in ran.out
    assert "4 added, 0 updated, 0 unchanged, 0 refused" in ran.out
    assert (
        "saved/auth_auto_1712345678.json: left out: it is the same sign-in as active/first.json"
    ) in ran.err
    assert "saved/half.json: left out: expected JSON" in ran.err
    assert "saved/no.json: left out: the profile has no cookies" in ran.err
    assert "saved/ended.json: left out: its cookies have ended" in ran.err
    assert "plugway aistudio login ended" in ran.err
    # What is not taken over is told, with what to do.
    assert f"not taken {old / 'auth_profiles' / 'key.txt'}" in ran.out
    assert "plugins.aistudio.key_user" in ran.out
    assert 'excluded_models = ["gemini-1", "\\"quoted\\"", "# gemini-2"]' in ran.out
    (channel,), credentials = state(shell)
    assert (channel["name"], channel["provider"]) == ("aistudio", "aistudio")
    assert channel["base_url"] == "https://aistudio.google.com"
    assert {one["label"]: one["state"] for one in credentials} == {
        "first": "ready",
        "first-2": "disabled",
        "second-account-1": "disabled",
        "spare": "disabled",
    }


def test_taken_over_again_profiles_are_updated_and_nothing_else(shell: Shell, old: Path) -> None:
    run(shell, str(old))
    shell("channels", "set", "aistudio", "--set", "save_seconds=7")
    spare = next(one["id"] for one in state(shell)[1] if one["label"] == "spare")
    shell("credentials", "enable", str(spare))
    (old / "auth_profiles" / "active" / "first.json").write_text(text(renewed=9))
    ran = run(shell, str(old))
    assert "the channel aistudio is there already: its settings stay" in ran.out
    assert "0 added, 1 updated, 3 unchanged, 0 refused" in ran.out
    (channel,), credentials = state(shell)
    assert channel["settings"]["save_seconds"] == 7
    # What the operator has changed since stays so.
    assert [one["state"] for one in credentials if one["label"] == "spare"] == ["ready"]
    assert len(credentials) == 4


@pytest.mark.parametrize("place", ["auth_profiles", "auth_profiles/saved"])
def test_a_folder_of_profiles_is_enough(shell: Shell, old: Path, place: str) -> None:
    ran = run(shell, str(old / place), "--dry-run")
    told = {"auth_profiles": "4 profiles would go", "auth_profiles/saved": "3 profiles would go"}
    assert told[place] in ran.out
    assert ("key.txt" in ran.out) == (place == "auth_profiles")


def test_one_file_is_enough(shell: Shell, old: Path) -> None:
    file = old / "auth_profiles" / "saved" / "second account (1).json"
    ran = run(shell, str(file), "--channel", "mine", "--base-url", "http://127.0.0.1:9")
    assert (ran.code, "1 added" in ran.out) == (0, True)
    (channel,), (credential,) = state(shell)
    assert (channel["name"], channel["base_url"]) == ("mine", "http://127.0.0.1:9")
    assert (credential["label"], credential["state"]) == ("second-account-1", "ready")


def test_what_is_not_there_is_said(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    ran = run(shell, str(tmp_path / "nowhere"), "--dry-run")
    assert (ran.code, "there is no" in ran.err) == (2, True)
    assert "there is no profile in" in run(shell, str(tmp_path / "nothing"), "--dry-run").err


def test_names_of_files_do_not_speak_to_the_terminal(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a\x1b[2Jb.json").write_text("{")
    (tmp_path / "x" / "c\x1b[2Jd.json").write_text(text())
    ran = run(shell, str(tmp_path / "x"), "--dry-run")
    assert "\x1b" not in ran.out + ran.err


def test_a_link_out_of_the_folder_is_not_followed(shell: Shell, old: Path) -> None:
    outside = old.parent / "outside.json"
    outside.write_text(text("seventh"))
    (old / "auth_profiles" / "active" / "link.json").symlink_to(outside)
    ran = run(shell, str(old), "--dry-run")
    assert "active/link.json: left out: it leads out of the folder" in ran.err


def test_profiles_go_out_and_come_back(shell: Shell, old: Path) -> None:
    run(shell, str(old))
    folder = old.parent / "export"
    shell("credentials", "export", "aistudio", str(folder))
    assert sorted(one.name for one in folder.iterdir()) == [
        "first-2.json",
        "first.json",
        "second-account-1.json",
        "spare.json",
    ]
    assert {one.stat().st_mode & 0o777 for one in folder.iterdir()} == {0o600}
    # Playwright reads them as they are.
    for one in folder.iterdir():
        assert {"cookies", "origins"} <= json.loads(one.read_text()).keys()
    again = run(shell, str(folder), "--channel", "again")
    assert (again.code, "4 added" in again.out) == (0, True)
    assert "4 unchanged" in run(shell, str(folder), "--channel", "again").out


def test_the_only_channel_there_is_gets_them(shell: Shell, old: Path) -> None:
    for name in ("studio", "second"):
        shell(
            *("channels", "add", "--provider", "aistudio", "--name", name),
            *("--base-url", "http://127.0.0.1:9"),
        )
        if name == "studio":
            ran = run(shell, str(old / "auth_profiles/active/first.json"))
            assert "the channel studio is there already" in ran.out
    channels, credentials = state(shell)
    assert {one["name"] for one in channels} == {"studio", "second"}
    assert [one["channel"] for one in credentials] == ["studio"]
    # Of several somebody has to say which.
    ran = run(shell, str(old))
    assert ran.code == 2
    assert "--channel" in ran.err
    assert len(state(shell)[1]) == 1
