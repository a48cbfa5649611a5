"""Names for what the emulated service makes."""

from __future__ import annotations

import random
from uuid import UUID


class Ids:
    """Makes ids: without a seed never those of another process, with one always the same."""

    def __init__(self, seed: int | None = None) -> None:
        """Prepare.

        Args:
            seed: Makes the same ids in every process; None: nobody's.
        """
        # S311: told apart, not kept secret.
        self._random = random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311

    def uuid(self) -> str:
        """Return a random UUID."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def hex(self) -> str:
        """Return 32 digits, as operations of the old shape are called."""
        return f"{self._random.getrandbits(128):032x}"
