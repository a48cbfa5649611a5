"""What is under way through one proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from plugway.upstream.answer import Answer


class Traffic:
    """Counts the requests that a proxy carries.

    Attributes:
        sending: Requests without an answer yet.
        answers: Answers that may still be read; they fall out when nobody holds them.
    """

    __slots__ = ("answers", "sending")

    def __init__(self) -> None:
        self.sending = 0
        self.answers: WeakSet[Answer] = WeakSet()

    @property
    def count(self) -> int:
        """Return how many requests are under way."""
        return self.sending + sum(not answer.released for answer in self.answers)

    @property
    def busy(self) -> bool:
        """Return whether to end it would cut a call short."""
        return self.sending > 0 or any(not answer.released for answer in self.answers)
