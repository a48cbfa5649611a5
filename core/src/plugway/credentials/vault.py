"""Secrets at rest: AES-256-GCM, each sealed for one place in the database.

A sealed value is `v1.<key id>.<base64url of nonce and ciphertext>`. Version, table, column
and row are authenticated with it, so that it opens nowhere else.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plugway.credentials import key_file
from plugway.errors import ConfigurationError

#: The key file in the home directory.
FILE = "vault.key"

#: Holds the keys instead of the file: base64, comma separated, the current one first.
VARIABLE = "PLUGWAY_VAULT_KEY"

_VERSION = "v1"
_NONCE_BYTES = 12


class VaultError(ConfigurationError):
    """A sealed value cannot be opened: another key sealed it, or it was changed or moved."""

    code = "vault_error"


class Vault:
    """Seals secrets with the current key and opens what any of its keys sealed.

    Processes that share a key file follow its rotation by themselves.

    Example:
        >>> vault = Vault([bytes(32)])
        >>> sealed = vault.seal("sk-1", table="t", column="c", row="1")
        >>> vault.open(sealed, table="t", column="c", row="1")
        'sk-1'
        >>> vault
        Vault(key_ids=('45bdb00f',))
    """

    def __init__(self, keys: Sequence[bytes], *, path: Path | None = None) -> None:
        """Take keys; `load` and `create` are the usual ways in.

        Args:
            keys: 32 bytes each, at least one; the first is current.
            path: The file they came from, if it is to be followed.

        Raises:
            ConfigurationError: No key, or one of another length.
        """
        self._path = path
        # Unknown until the vault reads the file itself.
        self._stamp: key_file.Stamp | None = None
        self._take(keys)

    @classmethod
    def load(cls, home: Path, environ: Mapping[str, str]) -> Vault:
        """Read the keys: from `PLUGWAY_VAULT_KEY` when it is set, else from `vault.key`.

        Args:
            home: plugway's home directory.
            environ: The environment.

        Raises:
            ConfigurationError: There is no key, a malformed one, or others can read the file.
        """
        text = environ.get(VARIABLE, "")
        if text.strip():
            return cls(key_file.decode(text, VARIABLE))
        path = home / FILE
        return cls(key_file.read(path)[0], path=path)

    @classmethod
    def create(cls, home: Path) -> Vault:
        """Make `vault.key`, mode 0600, in the home directory, which is made 0700 if missing.

        Raises:
            ConfigurationError: There is a key file already, or it cannot be written.
        """
        key_file.create(home / FILE)
        return cls.load(home, {})

    def __repr__(self) -> str:
        return f"Vault(key_ids={self.key_ids!r})"

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Return the ids of the keys, the current one first; an id gives nothing away."""
        return tuple(self._ciphers)

    def seal(self, text: str, *, table: str, column: str, row: str) -> str:
        """Encrypt a secret for one place.

        Args:
            text: The secret.
            table: Table it is stored in.
            column: Column it is stored in.
            row: What identifies its row for good.

        Returns:
            Text to store; another one each time.

        Raises:
            ConfigurationError: The key file has gone or is no longer usable, so that what
                is sealed now might never be opened again.
            VaultError: The text is not valid Unicode.
        """
        self._follow()
        current = next(iter(self._ciphers))
        nonce = os.urandom(_NONCE_BYTES)
        try:
            plain = text.encode()
        except UnicodeEncodeError:
            # That error carries the text.
            raise VaultError("a text that is not valid Unicode cannot be sealed") from None
        box = nonce + self._ciphers[current].encrypt(nonce, plain, _place(table, column, row))
        return f"{_VERSION}.{current}.{base64.urlsafe_b64encode(box).decode()}"

    def open(self, sealed: str, *, table: str, column: str, row: str) -> str:
        """Decrypt what `seal` made for the same place.

        Raises:
            VaultError: It does not open: another key, another place, or it was changed.
        """
        version, _, rest = sealed.partition(".")
        key_id, _, payload = rest.partition(".")
        if key_id not in self._ciphers:
            self._follow()
        cipher = self._ciphers.get(key_id)
        if version != _VERSION or cipher is None:
            raise VaultError
        try:
            box = base64.b64decode(payload, altchars=b"-_", validate=True)
            plain = cipher.decrypt(
                box[:_NONCE_BYTES], box[_NONCE_BYTES:], _place(table, column, row)
            )
            return plain.decode()
        except (InvalidTag, binascii.Error, ValueError):
            raise VaultError from None

    def derived(self, purpose: str) -> tuple[bytes, ...]:
        """Return a key for something else than sealing, of each of the keys, the current first.

        Args:
            purpose: What it is for; another one has other keys.
        """
        with suppress(ConfigurationError):
            # Unlike what is sealed, nothing is lost by a key that will not be there again.
            self._follow()
        derived = []
        for begun in self._derivers:
            one = begun.copy()
            one.update(purpose.encode())
            derived.append(one.digest())
        return tuple(derived)

    def is_current(self, sealed: str) -> bool:
        """Tell whether the current key sealed a value."""
        return sealed.startswith(f"{_VERSION}.{self.key_ids[0]}.")

    def rotate(self) -> str:
        """Add a new current key to the key file; the old ones still open.

        `plugway.credentials.rotation` then seals everything anew and retires them.

        Returns:
            The new key's id.

        Raises:
            ConfigurationError: The keys come from the environment, or the file cannot be
                written; nothing has changed then.
        """
        path = self._own_file()
        key_file.rewrite(path, lambda keys: (key_file.new_key(), *keys))
        self._read(path)
        return self.key_ids[0]

    def drop_old(self) -> int:
        """Forget all keys but the current one, for good; see `rotation.retire`.

        Returns:
            How many were dropped.

        Raises:
            ConfigurationError: As `rotate`, or another process rotated meanwhile.
        """
        path = self._own_file()
        current, before = self.key_ids[0], len(self.key_ids)

        def keep(keys: tuple[bytes, ...]) -> tuple[bytes, ...]:
            if _key_id(keys[0]) != current:
                raise ConfigurationError(f"{path} was rotated meanwhile; try again")
            return keys[:1]

        key_file.rewrite(path, keep)
        self._read(path)
        return before - 1

    def _own_file(self) -> Path:
        if self._path is None:
            raise ConfigurationError(
                f"the keys come from {VARIABLE}: put a new one before the others there, "
                "restart, and take the old ones out once everything is sealed anew"
            )
        self._follow()
        return self._path

    def _follow(self) -> None:
        if self._path is not None and key_file.stamp(self._path) != self._stamp:
            self._read(self._path)

    def _read(self, path: Path) -> None:
        keys, self._stamp = key_file.read(path)
        self._take(keys)

    def _take(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != key_file.KEY_BYTES for key in keys):
            raise ConfigurationError(f"a vault needs keys of {key_file.KEY_BYTES} bytes")
        self._derivers = [hmac.new(key, b"plugway derived key\0", "sha256") for key in keys]
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}


def _key_id(key: bytes) -> str:
    return sha256(b"plugway vault key id\0" + key).hexdigest()[:8]


def _place(table: str, column: str, row: str) -> bytes:
    # An array in JSON: no two places have the same text.
    return msgspec.json.encode([_VERSION, table, column, row])
