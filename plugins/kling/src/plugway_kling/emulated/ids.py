"""Names for what the emulated service makes."""

from __future__ import annotations

import hashlib
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

    def number(self) -> str:
        """Return 18 digits: more than a float can hold, as the official ids are."""
        return str(self._random.randrange(10**17, 10**18))

    def uuid(self) -> str:
        """Return a random UUID."""
        return str(UUID(int=self._random.getrandbits(128), version=4))


def draw(seed: int, *parts: object) -> float:
    """Return a number from 0 to below 1 that depends on nothing but what is given.

    Concurrent requests come in any order. What happens to each must not depend on it, if a
    run is to be had again.

    Example:
        >>> draw(1, "a", 2) == draw(1, "a", 2) != draw(2, "a", 2)
        True
    """
    text = "\x1f".join((str(seed), *(str(part) for part in parts)))
    # 53 bits: more would round up to 1.
    return (int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 11) / (1 << 53)
