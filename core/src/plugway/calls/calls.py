"""The door to metered calls, handed to plugins as `gateway.calls`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from plugway.calls.call import Call
from plugway.contract import Usage

if TYPE_CHECKING:
    from plugway.bindings import Binding
    from plugway.calls.parts import Parts
    from plugway.request import Request


class Calls:
    """Opens calls; one per gateway."""

    def __init__(self, parts: Parts) -> None:
        """Take what calls go through."""
        self._parts = parts

    def open(
        self,
        request: Request,
        *,
        provider: str,
        model: str,
        usage: Usage | Sequence[Usage],
        pin: Binding | None = None,
        listed: str | None = None,
    ) -> Call:
        """Open a metered call, as `async with gateway.calls.open(…) as call:`.

        On entering, the caller's rights are checked, channels looked up and the credits
        held; on leaving, a call that nothing settled is released.

        Args:
            request: The client's request.
            provider: Which provider serves it.
            model: Which model; the key and a channel must have it.
            usage: The most it may use; `call.observe` replaces it by what it did use.
            pin: What `gateway.bindings.find` returned, where the call concerns something that
                one credential made: only that one is asked.
            listed: What channels and keys list for the model; None: the model itself.

        Returns:
            The call, to be entered.

        Raises:
            NotPermitted: The key or the group may not use the model, or not from here.
            RateLimited: Too many calls.
            NoChannel: No channel serves the model.
            NoPrice: The tariff has no row for the usage.
            InsufficientCredits: The balance or the key's quota does not cover it.
            LedgerUnavailable: The hold could not be made durable.
        """
        usages = (usage,) if isinstance(usage, Usage) else tuple(usage)
        chosen = self._parts.providers[provider]
        return Call(self._parts, request, chosen, model, usages, pin, listed)
