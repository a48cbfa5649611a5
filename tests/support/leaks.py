"""Looks for secrets in what a system says, as they are and as they may be written."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path
from urllib.parse import quote

#: Characters of a secret's middle that may not turn up: masks show no more than the ends.
LENGTH = 16


class Leaks:
    """Knows secrets by name, and finds them."""

    def __init__(self) -> None:
        self._needles: list[tuple[str, bytes]] = []

    def add(self, name: str, secret: str) -> str:
        """Take a secret that must not be found anywhere, and return it.

        Args:
            name: What it is, for the message.
            secret: At least 24 characters.
        """
        assert len(secret) >= LENGTH + 8, f"{name} is too short to be told from chance"
        start = (len(secret) - LENGTH) // 2
        middle = secret[start : start + LENGTH]
        found = {middle.encode(), quote(middle, safe="").encode(), middle.encode().hex().encode()}
        for offset in range(3):
            # Of base64, what does not depend on the neighbours.
            coded = base64.b64encode(bytes(offset) + middle.encode()).rstrip(b"=")
            found.add(coded[(0, 2, 3)[offset] : -1])
        self._needles += [(name, needle) for needle in found]
        return secret

    def new(self, name: str, prefix: str = "") -> str:
        """Make a secret that must not be found anywhere, unlike any other.

        Args:
            name: What it is, for the message.
            prefix: What it begins with.
        """
        return self.add(name, f"{prefix}{secrets.token_hex(20)}")

    def found(self, said: str | bytes) -> set[str]:
        """Return the names of the secrets that a text holds."""
        content = said.encode() if isinstance(said, str) else said
        return {name for name, needle in self._needles if needle in content}

    def found_below(self, folder: Path, *, but: tuple[str, ...] = ()) -> set[tuple[str, str]]:
        """Return file names and secrets of all files below a folder.

        Args:
            folder: Where to look.
            but: Names of files that are meant to hold secrets.
        """
        return {
            (path.name, name)
            for path in folder.rglob("*")
            if path.is_file() and path.name not in but
            for name in self.found(path.read_bytes())
        }
