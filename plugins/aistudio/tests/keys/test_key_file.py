"""The file with old keys, as it is read and written."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from plugway import BadRequest, Conflict
from plugway_aistudio.keys.key_file import MAX_BYTES, MAX_KEYS, KeyFile


def check(key: str, what: str) -> None:
    """Take what has 8 characters and no spaces."""
    if len(key) < 8 or " " in key:
        raise BadRequest(f"{what} must be 8 characters at least")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the file is."""
    return tmp_path / "key.txt"


@pytest.fixture
def file(path: Path) -> KeyFile:
    """Return the file, which is not there yet."""
    return KeyFile(path, check)


def test_one_key_a_line(path: Path, file: KeyFile) -> None:
    path.write_bytes(b"\xef\xbb\xbffirst-key\r\n\r\n   \n  second-key  \nthird#key")
    lines = file.read()
    assert lines.keys == ("first-key", "second-key", "third#key")
    assert lines.numbers == (1, 4, 5)
    assert lines.problems == ()


def test_comments_are_no_keys(path: Path, file: KeyFile) -> None:
    path.write_text("# the keys of last year\n  #commented-out-key\nfirst-key\n#\n")
    assert file.read().keys == ("first-key",)
    with pytest.raises(BadRequest, match="comment") as caught:
        file.add("#a-comment")
    assert caught.value.field == "key"


def test_bad_lines_are_named_by_their_number(path: Path, file: KeyFile) -> None:
    path.write_text("first-key\ntest1\n\nfirst-key\nof two words\nlast-key\n")
    lines = file.read()
    assert lines.keys == ("first-key", "last-key")
    assert lines.problems == (
        "line 2 must be 8 characters at least",
        "line 4 has the key of line 1 again",
        "line 5 must be 8 characters at least",
    )
    assert not any(text in "".join(lines.problems) for text in ("test1", "first-key", "words"))


@pytest.mark.parametrize("content", [None, b"", b"\n\n", b"# nothing\n"])
def test_a_file_that_is_missing_or_empty_has_no_keys(
    path: Path, file: KeyFile, content: bytes | None
) -> None:
    if content is not None:
        path.write_bytes(content)
    assert file.read().keys == ()
    assert bool(file.signature()) == (content is not None)


def test_what_cannot_be_read_is_told_without_its_text(path: Path, file: KeyFile) -> None:
    path.write_bytes(b"first-key\n\xff\xfe")
    with pytest.raises(Conflict, match=r"key\.txt is not UTF-8"):
        file.read()
    path.write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(Conflict, match="larger"):
        file.read()
    path.unlink()
    path.mkdir()
    with pytest.raises(Conflict, match=r"key\.txt cannot be read"):
        file.read()


def test_too_many_keys_are_not_read(path: Path, file: KeyFile) -> None:
    path.write_text("".join(f"key-{number:08}\n" for number in range(MAX_KEYS + 5)))
    lines = file.read()
    assert len(lines.keys) == MAX_KEYS
    assert lines.problems == (f"line {MAX_KEYS + 1} and those after it are one key too many",)


def test_a_key_is_added_and_taken_out(path: Path, file: KeyFile) -> None:
    file.add("first-key")
    assert path.read_text() == "first-key\n"
    path.write_text("# mine\nfirst-key\n\n  second-key")
    path.chmod(0o644)
    file.add("third-key")
    assert path.read_text() == "# mine\nfirst-key\n\n  second-key\nthird-key\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert file.remove("second-key")
    assert path.read_text() == "# mine\nfirst-key\n\nthird-key\n"
    assert not file.remove("second-key")
    assert not file.remove("# mine-too")
    for key in ("first-key", "third-key"):
        with pytest.raises(BadRequest, match="exists") as caught:
            file.add(key)
        assert caught.value.field == "key"
        assert key not in caught.value.message
    with pytest.raises(BadRequest):
        file.add("short77")


def test_a_key_is_taken_out_wherever_it_stands(path: Path, file: KeyFile) -> None:
    path.write_text("first-key\nother-key\n first-key \r\n")
    assert file.remove("first-key")
    assert path.read_text() == "other-key\n"


def test_every_change_is_seen(path: Path, file: KeyFile) -> None:
    seen = {file.signature()}
    for key in ("first-key", "other-key"):
        file.add(key)
        seen.add(file.signature())
    file.remove("first-key")
    assert len({*seen, file.signature()}) == 4


def test_a_link_stays_a_link(tmp_path: Path, path: Path, file: KeyFile) -> None:
    place = tmp_path / "elsewhere.txt"
    place.write_text("first-key\n")
    path.symlink_to(place)
    file.add("other-key")
    assert path.is_symlink()
    assert place.read_text() == "first-key\nother-key\n"


def test_nothing_is_left_behind_when_it_cannot_be_written(
    path: Path, file: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text("first-key\n")

    def busy(self: Path, target: Path) -> Path:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(Path, "replace", busy)
    with pytest.raises(Conflict, match="cannot be replaced in its folder: Device"):
        file.add("other-key")
    monkeypatch.undo()
    assert path.read_text() == "first-key\n"
    assert {each.name for each in path.parent.iterdir()} == {"key.txt", ".key.txt.lock"}
    assert os.stat(path.parent / ".key.txt.lock").st_mode & 0o777 == 0o600


def test_many_writers_lose_nothing(path: Path) -> None:
    def add(writer: int) -> None:
        for number in range(10):
            KeyFile(path, check).add(f"key-{writer}-{number:04}")

    threads = [threading.Thread(target=add, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(KeyFile(path, check).read().keys) == 40
