"""The calls that want pooled credentials, handed to plugins as `gateway.queue`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from plugway.calls.standing import Place, Standing

if TYPE_CHECKING:
    from plugway.clock import Clock


class Queue:
    """Knows the calls of this process that wait for a pooled credential, or use one.

    Other processes of the same gateway have queues of their own: a call is seen, and can be
    cancelled, where it is served.
    """

    def __init__(self, clock: Clock, positions: Callable[[], dict[str, int]]) -> None:
        """Begin with no call.

        Args:
            clock: The time.
            positions: Returns the places of calls that wait, by their ids.
        """
        self._clock = clock
        self._positions = positions
        self._standings: dict[str, Standing] = {}

    def __len__(self) -> int:
        """Return how many calls wait or run."""
        return len(self._standings)

    def enter(self, standing: Standing) -> None:
        """Note that a call waits, for the first time or again.

        Args:
            standing: The call's.
        """
        standing.started = None
        if not standing.since:
            standing.since = self._clock.now()
        self._standings[standing.call_id] = standing

    def waits(self, standing: Standing) -> bool:
        """Say whether a call waits for a credential.

        Args:
            standing: The call's.
        """
        return standing.call_id in self._standings and standing.state == "waiting"

    def run(self, standing: Standing) -> None:
        """Note that a call has got a credential.

        Args:
            standing: The call's.
        """
        standing.started = self._clock.now()

    def leave(self, standing: Standing) -> None:
        """Show a call no more; from now on nobody cancels it. A second time does nothing.

        Args:
            standing: The call's.
        """
        self._standings.pop(standing.call_id, None)

    def list(self, provider: str | None = None, *, user: str | None = None) -> tuple[Place, ...]:
        """Return the calls: those that run, oldest first, then those that wait, the next first.

        Args:
            provider: Only calls of this one; None: all.
            user: Only calls of the user with this name; None: of all.
        """
        positions = self._positions()
        places = [one.place(positions) for one in self._chosen(provider, user)]
        places.sort(key=lambda place: (place.position or 0, place.started or 0, place.since))
        return tuple(places)

    def position(self, name: str) -> int | None:
        """Return a waiting call's place, 1 being next; None: no such call waits.

        Args:
            name: Its id, as `cancel` takes.
        """
        positions = self._positions()
        found = [one.place(positions) for one in self._chosen(None, None) if one.goes_by(name)]
        return min([place.position for place in found if place.position], default=None)

    async def cancel(
        self, name: str, *, provider: str | None = None, user: str | None = None
    ) -> bool:
        """Cancel a call, waiting or running: it ends with `Cancelled`, its credential is free.

        What came until then is charged, as when a client leaves; nothing, when nothing came.
        Who cancels in the moment when the answer ends comes too late: then it is whole.

        Args:
            name: The id of the request, of the call, or of the answer as its client sees it.
                Requests may share an id that their clients chose: all of them are cancelled.
            provider: Only a call of this one; None: any.
            user: Only a call of the user with this name; None: anybody's.

        Returns:
            Whether there was such a call, and it ends by that.
        """
        found = [one for one in self._chosen(provider, user) if one.goes_by(name)]
        ended = [one.cancel() for one in found]
        return any(ended)

    def _chosen(self, provider: str | None, user: str | None) -> Iterator[Standing]:
        for one in self._standings.values():
            if provider in (None, one.provider) and user in (None, one.user):
                yield one
