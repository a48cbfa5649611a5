"""Media stores that share a home, each with settings of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plugway.credentials.vault import Vault
from plugway.media.store import MediaStore
from plugway.settings import MediaSettings
from plugway.storage.database import Database
from plugway.testing.clock import ManualClock


class Gallery:
    """Makes stores.

    Attributes:
        home: Where they keep files.
        clock: Their time.
    """

    def __init__(self, home: Path, clock: ManualClock) -> None:
        self.home = home
        self.clock = clock

    def store(self, database: Database, **settings: Any) -> MediaStore:
        """Make a store, which sets the table `media` as given."""
        its = MediaSettings(**settings)
        return MediaStore(
            home=self.home,
            database=database,
            vault=Vault([bytes(32)]),
            clock=self.clock,
            settings=lambda: its,
        )

    def files(self) -> list[Path]:
        """Return the files that stores have written."""
        return sorted(path for path in (self.home / "media").rglob("*") if path.is_file())
