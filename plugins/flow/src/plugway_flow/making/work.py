"""What one try has to do, and with what."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from plugway import ChatRequest, Usage
from plugway_flow.account import Account
from plugway_flow.recipe import Recipe
from plugway_flow.wire.client import Client, session_id

if TYPE_CHECKING:
    from plugway_flow.provider import FlowChannel

#: The largest seed that videos take (reference §5.4).
MOST_SEED = 99_999


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """Is what one try has to do.

    Attributes:
        request: What is asked.
        recipe: How it is made with this account.
        account: Whose.
        usage: What it uses if it succeeds.
        random: Chooses seeds and names.
    """

    request: ChatRequest
    recipe: Recipe
    account: Account
    usage: Usage
    random: Random

    @property
    def prompt(self) -> str:
        """Return what is to be seen: the text of the last message."""
        messages = self.request.messages
        return messages[-1].text if messages else ""

    def client(self, settings: FlowChannel, now_us: int) -> Client:
        """Return who asks.

        Args:
            settings: The channel's.
            now_us: Microseconds since 1970.
        """
        return Client(
            session=session_id(now_us),
            project=self.account.project_id,
            tool=settings.tool,
            tier=self.account.tier,
        )

    def seeds(self, count: int) -> list[int]:
        """Return seeds: the request's and those that follow it, or any.

        Args:
            count: How many.
        """
        return seeds(self.request.seed, count, self.random)

    def name(self) -> str:
        """Return a name that nothing else has."""
        return unique_name(self.random)

    def plain_usage(self) -> Usage | None:
        """Return what it uses where it could not be made larger; None: what it does anyway."""
        price = self.recipe.plain_price
        return msgspec.structs.replace(self.usage, key=price) if price else None


def seeds(seed: int | None, count: int, random: Random) -> list[int]:
    """Return seeds that the upstream takes.

    Args:
        seed: As asked for; None: any.
        count: How many.
        random: Chooses.

    Example:
        >>> seeds(99_999, 2, Random(1)), seeds(0, 1, Random(1)), seeds(7, 1, Random(1))
        ([99999, 1], [99999], [7])
    """
    if seed is None:
        return [random.randint(1, MOST_SEED) for _ in range(count)]
    return [(seed - 1 + number) % MOST_SEED + 1 for number in range(count)]


def unique_name(random: Random) -> str:
    """Return a name as scenes and batches have them.

    Args:
        random: Chooses.
    """
    return str(UUID(int=random.getrandbits(128), version=4))
