"""What the frames of an answer mean."""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from typing import Any

from plugway import (
    ChatEvent,
    Finish,
    Media,
    TextDelta,
    ThoughtDelta,
    TokenCount,
    ToolCall,
    UpstreamInterrupted,
)
from plugway_aistudio.wire.code_block import code_of, result_of
from plugway_aistudio.wire.ending import blocked, reason_of
from plugway_aistudio.wire.positions import at, flag_at, list_at, number_at, text_at, unreadable
from plugway_aistudio.wire.sources import Sources
from plugway_aistudio.wire.struct_value import arguments
from plugway_aistudio.wire.usage import tokens_of


class Reply:
    """Reads one answer, frame by frame, by position (reference: "Streamed body format").

    Positions that are not known are passed over, since the format grows. Something of another
    type at one that is known is an error. No error here is charged, since the upstream charges
    nothing, but for an answer that the model itself has ended before its time.

    Attributes:
        finished: The upstream has said why the answer ends; there may be more to read all the
            same, such as the tokens.
    """

    def __init__(self, calls: str) -> None:
        """Begin.

        Args:
            calls: Begins the ids of calls to which the upstream gives none; unique.
        """
        self._calls = calls
        self._ids: set[str] = set()
        self._made = 0
        self._code = 0
        self._message = ""
        #: The answer's text so far, which sources count in.
        self._text: list[str] = []
        self._media = False
        self._sources = Sources()
        #: A count that lacks the answer so far; it is told if no better one comes.
        self._count: TokenCount | None = None

    @property
    def finished(self) -> bool:
        return self._code != 0

    def read(self, frame: list[Any]) -> Iterator[ChatEvent]:
        """Read one frame.

        Args:
            frame: As `Frames` gives it.

        Yields:
            What it says.

        Raises:
            SafetyBlocked: The question is not answered.
            UnreadableAnswer: It has another form.
        """
        candidates = list_at(frame, 0, "the candidates")
        candidate = list_at(candidates, 0, "a candidate")
        if candidate:
            content = list_at(candidate, 0, "the content")
            for part in list_at(content, 0, "the parts"):
                if part is None:
                    continue
                if not isinstance(part, list):
                    raise unreadable("a part")
                yield from self._part(part)
            if len(candidate) > 6:
                yield from self._sources.read(candidate, self._text)
            if code := number_at(candidate, 1, "the finish code"):
                self._code = code
                self._message = text_at(candidate, 3, "the finish message")
        else:
            feedback = list_at(frame, 1, "the feedback")
            if code := number_at(feedback, 0, "the block code"):
                raise blocked(code, text_at(feedback, 2, "the feedback's message"))
        if len(frame) > 2 and (count := tokens_of(frame)) is not None:
            if count.output > count.thought or not self._text:
                self._count = None
                yield count
            else:
                self._count = count

    def ended(self) -> Iterator[ChatEvent]:
        """Say that all frames have come.

        Yields:
            The end.

        Raises:
            UpstreamInterrupted: There was no finish code, or it ends the answer before its time.
            EmptyAnswer: Nothing was said but thoughts.
            BadRequest: The upstream does not know the language.
        """
        if not self._code:
            raise UpstreamInterrupted(
                "The upstream's answer ended without saying why.", charged=False
            )
        if self._count is not None:
            yield self._count
        said = bool(self._text or self._media or self._ids)
        yield Finish(reason_of(self._code, self._message, said=said, calls=bool(self._ids)))

    def _part(self, part: list[Any]) -> Iterator[ChatEvent]:
        text = text_at(part, 1, "a text")
        signature = text_at(part, 14, "a signature") or None
        calls = at(part, 10) is not None
        if flag_at(part, 12, "the flag of a thought"):
            # Media of a thought are drafts, and no part of the answer.
            text += "".join(self._blocks(part, text))
            own = None if calls else signature
            if text or own:
                yield ThoughtDelta(text, own)
        else:
            own = None if calls else signature
            if own and not self._text:
                yield ThoughtDelta("", own)
                own = None
            if text:
                yield self._say(text)
            if inline := list_at(part, 2, "media"):
                yield from self._inline(inline)
            for block in self._blocks(part, None):
                yield self._say(block)
            if own:
                yield ThoughtDelta("", own)
        if calls:
            # A signature beside a call is the call's.
            yield self._call(part, signature)

    def _say(self, text: str) -> TextDelta:
        self._text.append(text)
        return TextDelta(text)

    def _blocks(self, part: list[Any], before: str | None) -> Iterator[str]:
        """Give code and its result, each on lines of its own.

        Args:
            part: May have them.
            before: Goes before it in a thought; None: the answer's text does.
        """
        for index, read in ((7, code_of), (8, result_of)):
            if at(part, index) is None:
                continue
            block = read(list_at(part, index, "code or its result"))
            last = before if before is not None else self._text[-1] if self._text else ""
            yield block if not last or last.endswith("\n") else "\n" + block
            if before is not None:
                before = block

    def _inline(self, inline: list[Any]) -> Iterator[Media]:
        kind = text_at(inline, 0, "the type of media")
        coded = text_at(inline, 1, "media")
        if not coded:
            return
        if "-" in coded or "_" in coded:
            coded = coded.translate(_URL_SAFE)
        if len(coded) % 4:
            coded += "=" * (-len(coded) % 4)
        try:
            data = binascii.a2b_base64(coded, strict_mode=True)
        except ValueError:
            raise unreadable("media") from None
        self._media = True
        yield Media(mime_type=kind or "application/octet-stream", data=data)

    def _call(self, part: list[Any], signature: str | None) -> ToolCall:
        call = list_at(part, 10, "a call")
        name = text_at(call, 0, "the name of a call")
        if not name:
            raise unreadable("the name of a call")
        call_id = text_at(call, 2, "the id of a call")
        while not call_id or call_id in self._ids:
            self._made += 1
            call_id = f"{self._calls}_{self._made}"
        self._ids.add(call_id)
        return ToolCall(
            id=call_id, name=name, arguments=arguments(at(call, 1)), signature=signature
        )


#: Bytes are written in either alphabet.
_URL_SAFE = str.maketrans("-_", "+/")
