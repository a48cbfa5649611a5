"""`plugway import gemini-business`: an old folder becomes a channel with its accounts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import Shell

from plugway_gemini_business.emulator import GeminiBusinessEmulator

CANARY = "canary-8d1"

CONFIG: dict[str, Any] = {
    "api_keys": [f"sk-{CANARY}"],
    "data_dir": "/app/data",
    "default_config": "dead-beef",
    "proxy": f"http://me:{CANARY}@127.0.0.1:3128",
    "pool": {"use_cooldown_sec": 20, "min_count": 2, "target_count": 5},
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing of this machine's environment be taken for the old deployment's."""
    for name in ("LISTEN_ADDR", "DATA_DIR", "PROXY", "API_KEY", "CONFIG_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Give a command line with a new home."""
    shell = Shell(tmp_path / "home")
    shell.environ = {"PLUGWAY_HOME": str(shell.home), "PLUGWAY__PLUGINS__ALLOW": "gemini_business"}
    shell("init")
    return shell


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Write the folder of an old deployment, with what gathers there."""
    emulator = GeminiBusinessEmulator(accounts=["first", "second", "third", "fourth"])
    folder = tmp_path / "old"
    (folder / "data").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))

    def write(name: str, account: dict[str, Any] | str) -> None:
        text = account if isinstance(account, str) else json.dumps(account, indent=2)
        (folder / "data" / name).write_text(text)

    first, second, third, fourth = (json.loads(text) for text in emulator.secrets)
    write("first@business.example.json", first)
    # Older than the list of cookies, with a bearer for the number, and without a team.
    claims = "eyJzdWIiOiJjc2VzaWR4Lzc3In0"
    second |= {"cookies": [], "csesidx": "", "configId": "", "authorization": f"h.{claims}.s"}
    write("second@business.example.json", second)
    write("second copy.json", second)
    # The sister project's list, one of whose accounts was taken out of use.
    listed = {"secure_c_ses": f"CSE.{CANARY}", "host_c_oses": "COS.1", "csesidx": "88"}
    off = {**listed, "id": "off@business.example", "config_id": "aa-bb", "disabled": True}
    on = {**listed, "id": "on@business.example", "csesidx": "89", "secure_c_ses": "CSE.x"}
    write("accounts.json", {"accounts": [off, on]})
    write("third.json", {**third, "cookies": [], "cookie_string": ""})
    write("fourth.json", json.dumps(fourth)[:-20])
    write("admin_panel_auth.json", {"password_hash": CANARY})
    write("notes.txt", "no account")
    return folder


def run(shell: Shell, *words: str) -> Any:
    ran = shell("import", "gemini-business", *words, check=False)
    assert CANARY not in ran.out + ran.err
    return ran


def state(shell: Shell) -> tuple[list[Any], list[Any]]:
    channels = shell("channels", "list", "--json").json
    return channels, shell("credentials", "list", "--json").json


def test_a_dry_run_says_everything_and_changes_nothing(shell: Shell, old: Path) -> None:
    before = {one: one.stat().st_mtime_ns for one in old.rglob("*")}
    ran = run(shell, str(old), "--dry-run")
    assert "nothing is changed: 5 accounts would go to the channel business" in ran.out
    assert "pool.use_cooldown_sec: use_cooldown = 20" in ran.out
    assert state(shell) == ([], [])
    assert before == {one: one.stat().st_mtime_ns for one in old.rglob("*")}


def test_an_old_folder_is_taken_over_as_it_is(shell: Shell, old: Path) -> None:
    ran = run(shell, str(old))
    # What cannot be used is named, and stops nothing.
    assert ran.code == 1
    assert "fourth.json: left out: expected the JSON of an account file" in ran.err
    assert "third.json: left out: the account has no cookie __Secure-C_SES" in ran.err
    assert "admin_panel_auth" not in ran.out + ran.err
    assert "api_keys: the key cannot be taken over" in ran.out
    assert "4 added, 0 updated, 1 unchanged, 0 refused" in ran.out
    (channel,), credentials = state(shell)
    assert (channel["name"], channel["provider"]) == ("business", "gemini_business")
    assert channel["base_url"] == "https://biz-discoveryengine.googleapis.com"
    settings = channel["settings"]
    assert (settings["use_cooldown"], settings["min_count"]) == (20, 2)
    assert settings["proxy"] == "http://…@127.0.0.1:3128"
    assert {one["label"]: one["state"] for one in credentials} == {
        "first@business.example": "ready",
        "second@business.example": "ready",
        "off@business.example": "disabled",
        "on@business.example": "ready",
    }
    lines = shell("credentials", "export", "business", "--stdout").out.splitlines()
    secrets = [json.loads(json.loads(line)["secret"]) for line in lines]
    teams = {one["email"]: one["config_id"] for one in secrets}
    assert teams["second@business.example"] == "dead-beef"
    assert teams["off@business.example"] == "aa-bb"
    assert {one["csesidx"] for one in secrets if one["email"].startswith("second")} == {"77"}


def test_taken_over_again_accounts_are_updated_and_nothing_else(shell: Shell, old: Path) -> None:
    run(shell, str(old))
    shell("channels", "set", "business", "--set", "use_cooldown=3")
    off = next(one["id"] for one in state(shell)[1] if one["state"] == "disabled")
    shell("credentials", "enable", str(off))
    accounts = old / "data" / "accounts.json"
    accounts.write_text(accounts.read_text().replace(f"CSE.{CANARY}", "CSE.newer"))
    ran = run(shell, str(old))
    assert "the channel business is there already: its settings stay" in ran.out
    assert "0 added, 1 updated, 4 unchanged, 0 refused" in ran.out
    (channel,), credentials = state(shell)
    assert channel["settings"]["use_cooldown"] == 3
    # What the operator has changed since stays so.
    assert [one["state"] for one in credentials] == ["ready"] * 4
    shell("credentials", "remove", "1", "--yes")
    assert "1 added" in run(shell, str(old)).out


def test_one_file_is_enough(shell: Shell, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFIG_ID", "cafe")
    monkeypatch.setenv("PROXY", "direct")
    ran = run(shell, str(old / "data" / "accounts.json"), "--channel", "list")
    assert (ran.code, "2 added" in ran.out) == (0, True)
    (channel,), _ = state(shell)
    assert (channel["name"], channel["settings"]["proxy"]) == ("list", "direct")


def test_a_data_folder_that_is_named_is_the_one(
    shell: Shell, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = old.parent / "elsewhere"
    elsewhere.mkdir()
    (old / "data" / "first@business.example.json").rename(elsewhere / "one.json")
    monkeypatch.setenv("DATA_DIR", str(elsewhere))
    ran = run(shell, str(old))
    assert (ran.code, "1 added" in ran.out) == (0, True)


@pytest.mark.parametrize("text", ["{", "[]", "nonsense"])
def test_settings_that_cannot_be_read_stop_it(shell: Shell, old: Path, text: str) -> None:
    (old / "config.json").write_text(text)
    ran = run(shell, str(old))
    assert (ran.code, "config.json" in ran.err) == (2, True)
    assert state(shell) == ([], [])


def test_an_empty_folder_is_said_to_be_one(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    ran = run(shell, str(tmp_path / "nowhere"), "--dry-run")
    assert (ran.code, "there is no" in ran.err) == (2, True)
    assert "there is no account in" in run(shell, str(tmp_path / "nothing"), "--dry-run").err


def test_names_of_files_do_not_speak_to_the_terminal(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a\x1b[2Jb.json").write_text("{")
    assert "\x1b" not in run(shell, str(tmp_path / "x"), "--dry-run").err


def test_defect_f_an_address_names_no_file_elsewhere(shell: Shell, tmp_path: Path) -> None:
    account = json.loads(GeminiBusinessEmulator(accounts=["first"]).secret or "")
    file, folder = tmp_path / "account.json", tmp_path / "out" / "export"
    folder.parent.mkdir()
    for number, email in enumerate(["../../evil@x.example", "/etc/cron.d/x@y", "..@x", ".@x"]):
        file.write_text(json.dumps({**account, "email": email, "csesidx": str(number)}))
        run(shell, str(file))
    shell("credentials", "export", "business", str(folder))
    found = list(folder.iterdir())
    assert len(found) == 4
    assert sorted(folder.parent.iterdir()) == [folder]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {one.stat().st_mode & 0o777 for one in found} == {0o600}
    assert not any(one.name.startswith(".") for one in found)
    # And back again, into another channel.
    ran = run(shell, str(folder), "--channel", "again")
    assert (ran.code, "4 added" in ran.out) == (0, True)
