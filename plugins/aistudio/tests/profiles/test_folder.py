"""The folder of profiles: who may read it, what is never half there, and what leads nowhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from aistudio_profiles import CANARY, text

from plugway import BadRequest
from plugway_aistudio.profiles import private_file
from plugway_aistudio.profiles.folder import Folder
from plugway_aistudio.profiles.profile import Profile
from plugway_aistudio.profiles.profile_file import profile_of

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")


def profile(name: str = "work", *, renewed: int = 0) -> Profile:
    return profile_of(text(renewed=renewed), name)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_is_kept_is_its_owners_only(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "auth_profiles")
    before = os.umask(0)
    try:
        saved = folder.save(profile())
        # In the place of a file that others could read.
        saved.chmod(0o644)
        folder.save(profile(renewed=1))
        active = folder.activate("work")
        folder.update(profile(renewed=2))
    finally:
        os.umask(before)
    assert [mode(active), mode(active.parent), mode(folder.path)] == [0o600, 0o700, 0o700]
    assert mode(folder.path / "saved") == 0o700
    (file,) = folder.active()
    assert folder.read(file) == profile(renewed=2)
    # Playwright reads the file as it is.
    assert {"cookies", "origins"} <= json.loads(active.read_text()).keys()
    assert list((folder.path / "saved").iterdir()) == []


def test_only_active_profiles_are_in_use(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.save(profile("a"))
    folder.save(profile("b"))
    assert folder.active() == []
    folder.activate("b")
    assert [file.name for file in folder.active()] == ["b"]
    with pytest.raises(OSError, match="No such file"):
        folder.activate("c")


@pytest.mark.parametrize("name", ["../up", "..", "a/b", "/etc/x", ".hidden", "a\x00"])
def test_a_name_does_not_lead_elsewhere(tmp_path: Path, name: str) -> None:
    folder = Folder(tmp_path / "folder")
    (tmp_path / "up.json").write_text("mine")
    with pytest.raises(BadRequest):
        folder.save(Profile(name=name, cookies=()))
    with pytest.raises(BadRequest):
        folder.update(Profile(name=name, cookies=()))
    with pytest.raises(BadRequest):
        folder.activate(name)
    assert (tmp_path / "up.json").read_text() == "mine"
    assert not (tmp_path / "folder").exists()


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "folder")
    inside = folder.save(profile("inside"))
    (folder.path / "active").mkdir()
    (tmp_path / "outside.json").write_text(text())
    (folder.path / "active" / "out.json").symlink_to(tmp_path / "outside.json")
    (folder.path / "active" / "in.json").symlink_to(inside)
    (folder.path / "active" / "gone.json").symlink_to(tmp_path / "nowhere.json")
    os.mkfifo(folder.path / "active" / "pipe.json")
    (folder.path / "active" / "dir.json").mkdir()
    told = {}
    for file in folder.active():
        try:
            told[file.name] = folder.read(file).name
        except BadRequest as error:
            told[file.name] = error.message
    assert told["in"] == "in"
    assert told["out"] == "it leads out of the folder of profiles"
    assert "cannot be read" in told["gone"]
    assert told["pipe"] == "it is no file"
    assert "cannot be read" in told["dir"]
    # What is written takes the link's place, and not that of what it leads to.
    folder.update(profile("out", renewed=1))
    assert (tmp_path / "outside.json").read_text() == text()


def test_a_whole_folder_that_is_a_link_elsewhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.json").write_text(text())
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "active").symlink_to(tmp_path / "outside")
    folder = Folder(tmp_path / "folder")
    (file,) = folder.active()
    with pytest.raises(BadRequest, match="leads out"):
        folder.read(file)
    with pytest.raises(BadRequest, match="leads out"):
        folder.update(profile("b"))
    assert [one.name for one in (tmp_path / "outside").iterdir()] == ["a.json"]


def test_files_that_cannot_be_one_are_named_without_what_they_hold(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    active = tmp_path / "active"
    active.mkdir()
    (active / "half.json").write_text(text()[:-30])
    (active / "huge.json").write_bytes(b" " * (5 << 20))
    (active / "bytes.json").write_bytes(b"\xff" + CANARY.encode())
    (active / "bad name.json").write_text(text())
    (active / ".hidden.json").write_text(text())
    (active / "notes.txt").write_text(text())
    told = {}
    for file in folder.active():
        with pytest.raises(BadRequest) as caught:
            folder.read(file)
        told[file.name] = caught.value.message
        assert CANARY not in caught.value.message
    assert told.keys() == {"half", "huge", "bytes", "bad name"}
    assert "expected JSON" in told["half"]
    assert "bytes" in told["huge"]
    assert "UTF-8" in told["bytes"]
    assert "letters, digits" in told["bad name"]


#: Writes the same file again and again, and says when it has begun.
_WRITER = """
import sys
from pathlib import Path
from plugway_aistudio.profiles import private_file

path = Path(sys.argv[1])
texts = ["a" * 400_000, "b" * 400_000]
private_file.write(path, texts[0])
print("begun", flush=True)
while True:
    for text in texts:
        private_file.write(path, text)
"""


def test_a_writer_that_is_killed_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "work.json"
    for _ in range(5):
        with subprocess.Popen(  # noqa: S603  # our own program, no shell
            [sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE
        ) as writer:
            try:
                assert writer.stdout is not None
                assert writer.stdout.readline() == b"begun\n"
                for _ in range(20):
                    found = path.read_text()
                    assert len(found) == 400_000
                    assert len(set(found)) == 1
            finally:
                writer.send_signal(signal.SIGKILL)
        found = path.read_text()
        assert (len(found), len(set(found))) == (400_000, 1)
        assert mode(path) == 0o600
    # What it has left is nobody's profile, is readable by nobody else, and goes in the end.
    left = [one for one in tmp_path.iterdir() if one != path]
    assert all(one.name.startswith(".") and one.suffix == ".tmp" for one in left)
    assert {mode(one) for one in left} <= {0o600}
    for one in (*left, tmp_path / ".old.json.x.tmp"):
        one.touch()
        os.utime(one, (1, 1))
    private_file.write(path, "new")
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "work.json"
    private_file.write(path, "before")

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        private_file.write(path, "after")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
