from __future__ import annotations

import base64
import logging
import os
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway.credentials.vault import Vault, VaultError
from plugway.errors import ConfigurationError

PLACE = {"table": "plugway_key", "column": "sealed", "row": "1"}
KEY = b"k" * 32
CANARY = "canary-4c1d0c6e"


def text_of(key: bytes) -> str:
    return base64.b64encode(key).decode()


@given(st.text(), st.text(), st.text(), st.text())
def test_round_trip(text: str, table: str, column: str, row: str) -> None:
    vault = Vault([KEY])
    sealed = vault.seal(text, table=table, column=column, row=row)
    assert vault.open(sealed, table=table, column=column, row=row) == text


@given(st.text(min_size=4))
def test_what_is_sealed_shows_nothing_of_the_text(text: str) -> None:
    sealed = Vault([KEY]).seal(text, **PLACE)
    assert text not in sealed
    assert text.encode() not in base64.urlsafe_b64decode(sealed.split(".")[2])


@given(
    st.tuples(st.text(), st.text(), st.text()),
    st.tuples(st.text(), st.text(), st.text()),
)
def test_opens_in_its_own_place_only(
    place: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    vault = Vault([KEY])
    sealed = vault.seal("s", table=place[0], column=place[1], row=place[2])
    if place == other:
        return
    with pytest.raises(VaultError):
        vault.open(sealed, table=other[0], column=other[1], row=other[2])


@pytest.mark.parametrize("part", ["table", "column", "row"])
def test_moved_to_another_table_column_or_row_it_fails(part: str) -> None:
    vault = Vault([KEY])
    sealed = vault.seal("secret", **PLACE)
    with pytest.raises(VaultError):
        vault.open(sealed, **{**PLACE, part: "elsewhere"})


def test_places_do_not_run_into_each_other() -> None:
    vault = Vault([KEY])
    sealed = vault.seal("s", table="a", column="bc", row='d","e')
    for table, column, row in (("ab", "c", 'd","e'), ("a", "bc", "d"), ('a","bc', "d", "e")):
        with pytest.raises(VaultError):
            vault.open(sealed, table=table, column=column, row=row)


def test_a_nonce_is_never_used_twice() -> None:
    vault = Vault([KEY])
    nonces = {
        base64.urlsafe_b64decode(vault.seal("same", **PLACE).split(".")[2])[:12]
        for _ in range(1000)
    }
    assert len(nonces) == 1000


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_every_changed_byte_is_noticed(position: int, change: int) -> None:
    vault = Vault([KEY])
    version, key_id, payload = vault.seal("secret", **PLACE).split(".")
    box = bytearray(base64.urlsafe_b64decode(payload))
    box[position % len(box)] ^= change
    changed = f"{version}.{key_id}.{base64.urlsafe_b64encode(box).decode()}"
    with pytest.raises(VaultError):
        vault.open(changed, **PLACE)


@given(st.text())
def test_garbage_does_not_open(sealed: str) -> None:
    with pytest.raises(VaultError):
        Vault([KEY]).open(sealed, **PLACE)


def test_garbage_behind_a_known_key_id_does_not_open() -> None:
    vault = Vault([KEY])
    for payload in ("", "!", "AAAA", "A" * 5, "é", base64.urlsafe_b64encode(bytes(28)).decode()):
        with pytest.raises(VaultError):
            vault.open(f"v1.{vault.key_ids[0]}.{payload}", **PLACE)


def test_another_version_does_not_open() -> None:
    vault = Vault([KEY])
    sealed = vault.seal("secret", **PLACE)
    with pytest.raises(VaultError):
        vault.open(sealed.replace("v1.", "v2.", 1), **PLACE)


def test_a_wrong_key_fails_and_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sealed = Vault([KEY]).seal(CANARY, **PLACE)
    stranger = Vault([b"x" * 32])
    with pytest.raises(VaultError) as caught:
        stranger.open(sealed, **PLACE)
    # The same key id does not help: the stranger's key gets the value and must refuse it.
    own_id = sealed.replace(Vault([KEY]).key_ids[0], stranger.key_ids[0])
    with pytest.raises(VaultError) as forced:
        stranger.open(own_id, **PLACE)
    for error in (caught.value, forced.value):
        shown = f"{error!r} {error} {error.message} {error.__cause__!r}"
        for hidden in (CANARY, sealed, sealed.split(".")[2], text_of(KEY)):
            assert hidden not in shown
    assert caplog.text == ""


def test_a_text_that_is_no_unicode_is_refused_without_showing_it() -> None:
    with pytest.raises(VaultError) as caught:
        Vault([KEY]).seal(f"{CANARY}\udc80", **PLACE)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert CANARY not in caught.value.message


def test_no_key_shows_in_any_form_of_the_vault() -> None:
    vault = Vault([KEY, b"o" * 32])
    for shown in (repr(vault), str(vault), f"{vault}", repr(vars(vault))):
        assert "kkkk" not in shown
        assert text_of(KEY) not in shown
        assert KEY.hex() not in shown
    with pytest.raises(TypeError):
        pickle.dumps(vault)


@pytest.mark.parametrize("keys", [[], [b"short"], [bytes(16)], [KEY, bytes(24)]])
def test_keys_have_32_bytes_and_there_is_one(keys: list[bytes]) -> None:
    with pytest.raises(ConfigurationError):
        Vault(keys)


# The key file.


def test_create_makes_a_file_for_its_owner_only(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    old = os.umask(0)
    try:
        vault = Vault.create(home)
    finally:
        os.umask(old)
    assert (home / "vault.key").stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o777 == 0o700
    sealed = vault.seal("secret", **PLACE)
    assert Vault.load(home, {}).open(sealed, **PLACE) == "secret"


def test_two_homes_have_two_keys(tmp_path: Path) -> None:
    sealed = Vault.create(tmp_path / "a").seal("secret", **PLACE)
    with pytest.raises(VaultError):
        Vault.create(tmp_path / "b").open(sealed, **PLACE)


def test_create_never_replaces_a_key(tmp_path: Path) -> None:
    Vault.create(tmp_path)
    before = (tmp_path / "vault.key").read_bytes()
    with pytest.raises(ConfigurationError, match="exists already"):
        Vault.create(tmp_path)
    assert (tmp_path / "vault.key").read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o622, 0o777])
def test_a_file_that_others_can_reach_is_refused_by_its_mode(tmp_path: Path, mode: int) -> None:
    Vault.create(tmp_path)
    (tmp_path / "vault.key").chmod(mode)
    with pytest.raises(ConfigurationError, match=f"mode {mode:04o}") as caught:
        Vault.load(tmp_path, {})
    assert (tmp_path / "vault.key").read_text().strip() not in caught.value.message


def test_a_read_only_file_is_fine(tmp_path: Path) -> None:
    Vault.create(tmp_path)
    (tmp_path / "vault.key").chmod(0o400)
    Vault.load(tmp_path, {})


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="missing"):
        Vault.load(tmp_path, {})


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vault.key").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Vault.load(tmp_path, {})


@pytest.mark.parametrize("text", ["", "\n \n", "hunter2-canary", text_of(b"short"), "kéy"])
def test_a_file_without_a_proper_key_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "vault.key"
    path.touch(mode=0o600)
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        Vault.load(tmp_path, {})
    assert "hunter2-canary" not in caught.value.message


def test_the_same_key_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="twice"):
        Vault.load(tmp_path, {"PLUGWAY_VAULT_KEY": f"{text_of(KEY)},{text_of(KEY)}"})


# The environment.


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    Vault.create(tmp_path)
    vault = Vault.load(tmp_path, {"PLUGWAY_VAULT_KEY": text_of(KEY)})
    assert vault.key_ids == Vault([KEY]).key_ids


def test_the_first_key_of_the_environment_seals_and_all_open(tmp_path: Path) -> None:
    old = Vault([b"o" * 32]).seal("secret", **PLACE)
    text = f"{text_of(KEY)}, {text_of(b'o' * 32)}"
    vault = Vault.load(tmp_path, {"PLUGWAY_VAULT_KEY": text})
    assert vault.open(old, **PLACE) == "secret"
    assert vault.is_current(vault.seal("secret", **PLACE))
    assert not vault.is_current(old)


def test_both_alphabets_of_base64_are_read(tmp_path: Path) -> None:
    key = b"\xfb\xff" * 16
    urlsafe = base64.urlsafe_b64encode(key).decode()
    assert urlsafe != text_of(key)
    one = Vault.load(tmp_path, {"PLUGWAY_VAULT_KEY": urlsafe})
    assert one.key_ids == Vault.load(tmp_path, {"PLUGWAY_VAULT_KEY": text_of(key)}).key_ids


def test_an_empty_variable_is_not_a_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="missing"):
        Vault.load(tmp_path, {"PLUGWAY_VAULT_KEY": " "})


def test_a_malformed_variable_is_refused_without_showing_it(tmp_path: Path) -> None:
    Vault.create(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        Vault.load(tmp_path, {"PLUGWAY_VAULT_KEY": CANARY})
    assert "PLUGWAY_VAULT_KEY" in caught.value.message
    assert CANARY not in caught.value.message


# Rotation.


def test_rotation_seals_with_the_new_key_and_opens_with_both(tmp_path: Path) -> None:
    vault = Vault.create(tmp_path)
    old = vault.seal("secret", **PLACE)
    first = vault.key_ids[0]
    fresh = vault.rotate()
    assert vault.key_ids == (fresh, first)
    assert vault.is_current(vault.seal("secret", **PLACE))
    assert vault.open(old, **PLACE) == "secret"
    assert Vault.load(tmp_path, {}).key_ids == (fresh, first)
    assert (tmp_path / "vault.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["vault.key"]


def test_another_process_follows_a_rotation(tmp_path: Path) -> None:
    vault = Vault.create(tmp_path)
    other = Vault.load(tmp_path, {})
    vault.rotate()
    # Opening finds the new key, and sealing uses it.
    assert other.open(vault.seal("secret", **PLACE), **PLACE) == "secret"
    third = Vault.load(tmp_path, {})
    vault.rotate()
    assert vault.is_current(third.seal("secret", **PLACE))


def test_rotations_of_two_processes_lose_no_key(tmp_path: Path) -> None:
    vault = Vault.create(tmp_path)
    other = Vault.load(tmp_path, {})
    ids = {vault.key_ids[0], vault.rotate(), other.rotate(), vault.rotate()}
    assert set(Vault.load(tmp_path, {}).key_ids) == ids
    assert len(ids) == 4


def test_a_rotation_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = Vault.create(tmp_path)
    before = (tmp_path / "vault.key").read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigurationError, match="No space left"):
        vault.rotate()
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["vault.key"]
    assert (tmp_path / "vault.key").read_bytes() == before
    assert len(vault.key_ids) == 1


def test_nothing_is_sealed_once_the_file_has_gone(tmp_path: Path) -> None:
    vault = Vault.create(tmp_path)
    sealed = vault.seal("secret", **PLACE)
    (tmp_path / "vault.key").unlink()
    with pytest.raises(ConfigurationError, match="missing"):
        vault.seal("secret", **PLACE)
    assert vault.open(sealed, **PLACE) == "secret"


def test_keys_of_the_environment_are_not_rotated_here(tmp_path: Path) -> None:
    vault = Vault.load(tmp_path, {"PLUGWAY_VAULT_KEY": text_of(KEY)})
    for change in (vault.rotate, vault.drop_old):
        with pytest.raises(ConfigurationError, match="PLUGWAY_VAULT_KEY"):
            change()
    assert list(tmp_path.iterdir()) == []


def test_dropping_old_keys_leaves_the_current_one(tmp_path: Path) -> None:
    vault = Vault.create(tmp_path)
    old = vault.seal("secret", **PLACE)
    vault.rotate()
    new = vault.seal("secret", **PLACE)
    assert vault.drop_old() == 1
    assert vault.drop_old() == 0
    for one in (vault, Vault.load(tmp_path, {})):
        assert one.open(new, **PLACE) == "secret"
        with pytest.raises(VaultError):
            one.open(old, **PLACE)
