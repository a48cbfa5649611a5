"""One answer, from the bytes of its body to what is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from plugway import ChatEvent
from plugway_aistudio.wire.frames import Frames
from plugway_aistudio.wire.refusal import of_status
from plugway_aistudio.wire.reply import Reply


class Answer:
    """Reads the body of one answer while it comes.

    Example:
        >>> answer = Answer(model="m", calls="call", now=lambda: 0.0)
        >>> list(answer.push(b'[[[[[[[[,"Hi"]],"model"],1]]]'))
        [TextDelta(text='Hi')]
        >>> list(answer.push(b"]")), list(answer.ended())
        ([], [Finish(reason='stop', stop=None)])
    """

    def __init__(self, *, model: str, calls: str, now: Callable[[], float]) -> None:
        """Begin.

        Args:
            model: Id of the model, whose quota may end.
            calls: Begins the ids of calls to which the upstream gives none; unique.
            now: Tells the time, in seconds since 1970.
        """
        self._model = model
        self._now = now
        self._frames = Frames()
        self._reply = Reply(calls)

    @property
    def finished(self) -> bool:
        """Return whether the upstream has said why the answer ends."""
        return self._reply.finished

    def push(self, chunk: bytes) -> Iterator[ChatEvent]:
        """Take a chunk.

        Args:
            chunk: Bytes, cut anywhere.

        Yields:
            What it says.

        Raises:
            PlugwayError: As `Frames.push` and `Reply.read` raise.
        """
        for frame in self._frames.push(chunk):
            yield from self._reply.read(frame)

    def ended(self) -> Iterator[ChatEvent]:
        """Say that nothing more comes.

        An answer whose finish code has come is whole, even if the last brackets are lost.

        Yields:
            The end.

        Raises:
            PlugwayError: As `Reply.ended` raises, or what the upstream said in place of an end.
            UpstreamInterrupted: The answer was cut.
        """
        if not self.finished:
            if self._frames.status is not None:
                raise of_status(self._frames.status, model=self._model, now=self._now())
            self._frames.finish()
        yield from self._reply.ended()
