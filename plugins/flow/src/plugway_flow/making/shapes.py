"""Which of the two shapes of requests an upstream takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar, cast

from plugway_flow.wire.refusal import NotThere, ShapeRefused

if TYPE_CHECKING:
    from plugway import Channel, Gateway
    from plugway_flow.provider import FlowChannel
    from plugway_flow.wire.image_bodies import Shape

R = TypeVar("R")

#: Seconds that it is remembered which shape a channel takes.
REMEMBERED = 3_600.0


class Shapes:
    """Remembers what channels take, for a while; made by `gateway.part(Shapes)`."""

    def __init__(self, gateway: Gateway) -> None:
        """Begin with nothing known.

        Args:
            gateway: Its clock says when something is forgotten.
        """
        self._clock = gateway.clock
        self._known: dict[tuple[int, str], tuple[Shape, float]] = {}

    def order(self, channel: Channel, what: str) -> tuple[Shape, ...]:
        """Return the shapes to try with a channel, the likeliest first.

        Args:
            channel: The channel.
            what: What is asked: the upstream may know the shapes of one thing and not another.
        """
        wanted = cast("FlowChannel", channel.settings).shape
        if wanted != "auto":
            return (wanted,)
        shape, until = self._known.get((channel.id, what), ("new", 0.0))
        if shape == "old" and self._clock.monotonic() < until:
            return "old", "new"
        return "new", "old"

    async def tried(
        self,
        channel: Channel,
        what: str,
        work: Callable[[Shape], Awaitable[R]],
        *,
        paths: bool = False,
    ) -> R:
        """Do something in the shape that the upstream takes; that one is tried first from then.

        Args:
            channel: The channel.
            what: As in `order`.
            work: Sends a request of a shape.
            paths: The shapes have paths of their own, so that one may not be there.

        Raises:
            PlugwayError: What the first shape was answered with, where no other was better.
        """
        first: ShapeRefused | NotThere | None = None
        for shape in self.order(channel, what):
            try:
                found = await work(shape)
            except (ShapeRefused, NotThere) as error:
                if isinstance(error, NotThere) and not paths:
                    raise
                # It refused the body, or has no such path: nothing was done.
                first = first or error
            else:
                self._known[channel.id, what] = shape, self._clock.monotonic() + REMEMBERED
                return found
        assert first is not None  # noqa: S101  # there is one shape at least
        raise first
