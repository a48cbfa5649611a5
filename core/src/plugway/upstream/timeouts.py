"""How long a request to an upstream may take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from aiohttp import ClientTimeout

if TYPE_CHECKING:
    from plugway.contract import ChannelSettings

#: Values kept; an operator has a handful, and a plugin that computes them cannot fill the memory.
KEPT = 1024


class Timeouts(msgspec.Struct, frozen=True):
    """Bounds one exchange with an upstream.

    Attributes:
        total: Seconds for the whole exchange, the body of the answer included: an absolute
            deadline, so that a stream may pause as long as it likes before it.
        connect: Seconds for the name, the connection and its TLS handshake.
        headers: Seconds of silence between the last byte of the request and the headers of
            the answer.

    Example:
        >>> Timeouts(total=30).headers
        60.0
    """

    total: float = 300.0
    connect: float = 60.0
    headers: float = 60.0

    @classmethod
    def of(cls, settings: ChannelSettings) -> Timeouts:
        """Return a channel's timeouts.

        Args:
            settings: The channel's settings.
        """
        return cls(
            total=settings.total_timeout,
            connect=settings.connect_timeout,
            headers=settings.headers_timeout,
        )


class ClientTimeouts(dict[Timeouts, ClientTimeout]):
    """Keeps the client's own form of each value, which is costly to build."""

    def __missing__(self, timeouts: Timeouts) -> ClientTimeout:
        if len(self) >= KEPT:
            self.clear()
        made = self[timeouts] = client_timeout(timeouts)
        return made


def client_timeout(timeouts: Timeouts) -> ClientTimeout:
    """Return the client's own form.

    Args:
        timeouts: What it bounds.
    """
    return ClientTimeout(
        total=timeouts.total,
        connect=timeouts.connect,
        sock_connect=timeouts.connect,
        # Runs from the end of the request; `Answer` switches it off after the headers.
        sock_read=timeouts.headers,
    )
