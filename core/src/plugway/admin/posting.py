"""Hands an administrator's operation to the ledger, and waits within bounds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import msgspec

from plugway.errors import LedgerUnavailable
from plugway.ids import new_id
from plugway.ledger.operations import Adjust, Outcome, Refund
from plugway.money import MAX_CREDITS

if TYPE_CHECKING:
    from plugway.gateway import Gateway

#: Seconds that an operation may take before the caller is told to look again.
WAIT = 15.0

#: An amount that may have either sign.
Change = Annotated[int, msgspec.Meta(ge=-MAX_CREDITS, le=MAX_CREDITS)]

#: An amount above 0.
Amount = Annotated[int, msgspec.Meta(ge=1, le=MAX_CREDITS)]

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"\S")]
IdempotencyKey = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=r"^[!-~]+$")]


def key_or_new(key: str | None) -> str:
    """Return the caller's idempotency key, or one of ours."""
    return new_id() if key is None else key


async def post(gateway: Gateway, operation: Adjust | Refund) -> Outcome:
    """Do an operation, and return what it did once that is durable.

    Args:
        gateway: The gateway.
        operation: What to do.

    Raises:
        LedgerUnavailable: It was not confirmed in time and may still be done: the message
            has the idempotency key with which to ask again.
    """
    try:
        async with asyncio.timeout(WAIT):
            return await gateway.ledger.submit(operation)
    except TimeoutError:
        raise LedgerUnavailable(
            "the ledger did not confirm in time and may still do it: repeat with the "
            f"idempotency_key {operation.idempotency_key}"
        ) from None
