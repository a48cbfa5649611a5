"""How a dialect writes a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from plugway.contract import ChatEvent, ChatModel

if TYPE_CHECKING:
    from plugway.chat.tally import Tally
    from plugway.errors import PlugwayError


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """Names one answer.

    Attributes:
        id: Unique; a dialect puts its own prefix before it.
        model: The model.
        created: Seconds since 1970.
    """

    id: str
    model: ChatModel
    created: int


class Encoder(Protocol):
    """Turns one answer into the bytes of a dialect's stream; there is one for each answer.

    Attributes:
        content_type: Of the whole stream.
        keepalive: Sent in silence; a comment that clients pass over.
    """

    content_type: str
    keepalive: bytes

    def begin(self, heading: Heading) -> bytes:
        """Return what comes before the first event."""

    def event(self, event: ChatEvent) -> bytes:
        """Return an event's bytes; empty: it does not show in this dialect, or not yet."""

    def end(self, tally: Tally) -> bytes:
        """Return what comes last, the answer being whole: `tally.finish` says why it ended."""

    def fail(self, error: PlugwayError, request_id: str) -> bytes:
        """Return what comes last, the answer having broken off."""
