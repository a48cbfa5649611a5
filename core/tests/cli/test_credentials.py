"""`plugway credentials`, with accounts: many at once, and in files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from command_line import Ran, Shell
from plugway_bank import account

ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Give a command line with a home, the bank plugin and an empty channel."""
    monkeypatch.syspath_prepend(Path(__file__).with_name("bank_packages"))
    shell = Shell(tmp_path / "home")
    shell.environ["PLUGWAY__PLUGINS__ALLOW"] = "bank"
    shell("init")
    shell(
        *("channels", "add", "--provider", "bank", "--name", "main"),
        *("--base-url", "http://127.0.0.1:1", "--model", "money"),
    )
    return shell


@pytest.fixture
def three(shell: Shell) -> Shell:
    """Give a command line whose channel has three accounts."""
    text = f"[{account(ANN, 'one')}, {account(BOB, 'two')}, {account(None, 'plain')}]"
    shell("credentials", "import", "main", "-", stdin=text)
    return shell


def states(shell: Shell) -> list[str]:
    return [one["state"] for one in shell("credentials", "list", "--json").json]


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_an_account_is_added_updated_and_replaced(shell: Shell) -> None:
    secret = ("credentials", "add", "--channel", "main", "--json", "--secret")
    assert shell(*secret, account(ANN, "one")).json["outcome"] == "added"
    assert shell(*secret, account(ANN, "two")).json["outcome"] == "updated"
    replace = ("credentials", "replace", "1", "--json", "--secret", "-")
    assert shell(*replace, stdin=account(ANN, "three")).json["outcome"] == "updated"
    ran = shell(*replace, stdin=account(BOB, "four"), check=False)
    assert (ran.code, "another account" in ran.err) == (1, True)
    assert "three" not in shell("credentials", "list").out


def test_files_and_directories_are_imported(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "accounts"
    folder.mkdir()
    (folder / "a.json").write_text(account(ANN, "one"))
    (folder / "b.json").write_bytes(b"\xef\xbb\xbf" + account(BOB, "two").encode())
    (folder / "c.json").write_text("no json")
    (folder / "d.json").write_bytes(b"\xff\xfe")
    (folder / "notes.txt").write_text("not looked at")
    single = tmp_path / "single.txt"
    single.write_text(f"[{account(ANN, 'three')}, {account('eve@example.com', 'x')}, {{}}]")
    ran = shell("credentials", "import", "main", str(folder), str(single), "--json", check=False)
    assert ran.code == 1
    assert [(Path(one["file"]).name, one["number"], one["outcome"]) for one in ran.json] == [
        ("a.json", 1, "added"),
        ("b.json", 1, "added"),
        ("c.json", None, "refused"),
        ("d.json", None, "refused"),
        ("single.txt", 1, "updated"),
        ("single.txt", 2, "added"),
        ("single.txt", 3, "refused"),
    ]
    table = shell("credentials", "import", "main", str(single), check=False).out
    assert "unchanged" in table
    assert "no account of the bank" in table
    assert "three" not in table
    stdin = shell("credentials", "import", "main", "-", "--json", stdin=account(ANN, "four"))
    assert [(one["file"], one["outcome"]) for one in stdin.json] == [("-", "updated")]


def test_what_cannot_be_imported_says_why(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path, code, said in (
        (tmp_path / "missing.json", 2, "no file"),
        (tmp_path / "empty", 2, "no *.json"),
    ):
        ran = shell("credentials", "import", "main", str(path), check=False)
        assert (ran.code, said in ran.err) == (code, True), ran.err
    ran = shell("credentials", "import", "other", "-", stdin=account(ANN, "x"), check=False)
    assert (ran.code, "no channel named other" in ran.err) == (1, True)


def test_an_export_is_private_and_can_be_imported(three: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    ran = three("credentials", "export", "main", str(folder))
    assert (ran.out, "3 credentials" in ran.err) == ("", True)
    assert mode(folder) == 0o700
    files = sorted(folder.iterdir())
    assert [path.name for path in files] == [f"{ANN}.json", f"{BOB}.json", "credential-3.json"]
    assert {mode(path) for path in files} == {0o600}
    assert json.loads(files[0].read_text()) == {"email": ANN, "token": "one"}
    again = three("credentials", "export", "main", str(folder), check=False)
    assert (again.code, "is not empty" in again.err) == (1, True)
    three("credentials", "remove", "1", "2", "3", "--yes")
    done = three("credentials", "import", "main", str(folder), "--json").json
    assert [one["outcome"] for one in done] == ["added"] * 3
    table = three("credentials", "list", "--search", "BOB").out.splitlines()
    assert len(table) == 2


def test_an_export_is_one_file_or_stdout_when_asked(three: Shell, tmp_path: Path) -> None:
    file = tmp_path / "all.jsonl"
    ran = three("credentials", "export", "main", "--lines", str(file))
    assert ran.out == ""
    assert mode(file) == 0o600
    assert len(file.read_text().splitlines()) == 3
    assert three("credentials", "export", "main", "--stdout").out == file.read_text()
    one = three("credentials", "export", "main", "--stdout", "--search", "ann").out
    assert json.loads(one)["label"] == ANN
    assert (
        three("credentials", "export", "main", "--lines", str(file), check=False).code,
        three("credentials", "export", "main", check=False).code,
        three("credentials", "export", "main", str(tmp_path), "--stdout", check=False).code,
    ) == (1, 2, 2)
    three("credentials", "remove", "--channel", "main", "--yes")
    three("credentials", "import", "main", str(file))
    assert states(three) == ["ready"] * 3


def test_no_account_names_a_file_elsewhere(shell: Shell, tmp_path: Path) -> None:
    labels = ["../../evil", "/etc/passwd", ".hidden", "a/b", "A@x", "a@x", "x" * 150, "böse"]
    text = ", ".join(account(label, f"token-{number}") for number, label in enumerate(labels))
    shell("credentials", "import", "main", "-", stdin=f"[{text}]")
    folder = tmp_path / "out"
    shell("credentials", "export", "main", str(folder))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "out"]
    names = [path.name for path in folder.iterdir()]
    assert len(names) == len(labels)
    assert not [name for name in names if name.startswith(".") or len(name) > 120]


def test_a_directory_that_others_reach_is_not_written_to(three: Shell, tmp_path: Path) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o755)
    ran = three("credentials", "export", "main", str(open_to_all), check=False)
    assert (ran.code, "chmod 700" in ran.err) == (1, True)
    link = tmp_path / "link"
    os.symlink(tmp_path / "elsewhere", link)
    ran = three("credentials", "export", "main", "--lines", str(link), check=False)
    assert ran.code == 1
    assert not (tmp_path / "elsewhere").exists()


def test_several_are_changed_at_once(three: Shell) -> None:
    three("credentials", "disable", "1", "3")
    assert states(three) == ["disabled", "ready", "disabled"]
    three("credentials", "enable", "1", "3", "3")
    ran = three("credentials", "disable", "2", "99", "3", check=False)
    assert (ran.code, ran.err) == (1, "plugway: credential 99: no credential 99\n")
    assert states(three) == ["ready", "disabled", "disabled"]
    assert three("credentials", "clear", "1", "2", check=False).code == 1
    three("credentials", "renew", "1")
    shown = three("credentials", "list", "--json").json
    assert shown[0]["renewal"]["state"] == "due"
    assert "due" in three("credentials", "list").out
    tested = three("credentials", "test", "1", "2", "--json", check=False)
    assert (tested.code, [one["ok"] for one in tested.json]) == (1, [False, False])


def test_a_choice_is_shown_before_anything_happens(three: Shell) -> None:
    three("credentials", "disable", "1", "3")
    choice = ("credentials", "enable", "--channel", "main", "--state", "disabled")
    ran = three(*choice, "--dry-run")
    assert ANN in ran.out
    assert BOB not in ran.out
    assert states(three) == ["disabled", "ready", "disabled"]
    assert three("credentials", "remove", "1", "--dry-run").out.count(ANN) == 1
    three(*choice, "--yes")
    assert states(three) == ["ready"] * 3
    assert "none" in three(*choice).err
    three("credentials", "remove", "--search", "example", "--yes")
    assert len(states(three)) == 1
    for words in ((), ("1", "--channel", "main")):
        ran = three("credentials", "clear", *words, check=False)
        assert (ran.code, "IDs" in ran.err) == (2, True)


def test_a_person_is_asked(three: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "click.testing._NamedTextIOWrapper.isatty", lambda self: True, raising=False
    )

    def answer(said: str, *words: str) -> Ran:
        return three("credentials", *words, stdin=said, check=False)

    refused = answer("n\n", "disable", "--channel", "main")
    assert (refused.code, "Disable 3 credentials?" in refused.err) == (1, True)
    assert ANN in refused.out
    assert states(three) == ["ready"] * 3
    assert answer("", "disable", "1").code == 0
    assert answer("n\n", "remove", "1").code == 1
    assert answer("y\n", "remove", "--state", "disabled").code == 0
    assert states(three) == ["ready"] * 2
