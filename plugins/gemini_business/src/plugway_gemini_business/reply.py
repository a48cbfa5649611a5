"""What the elements of an answer mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from plugway import (
    ChatEvent,
    CredentialExpired,
    EmptyAnswer,
    Finish,
    Media,
    PlugwayError,
    Progress,
    SafetyBlocked,
    TextDelta,
    ThoughtDelta,
    ToolCall,
    UnreadableAnswer,
    UpstreamError,
    UpstreamInterrupted,
)
from plugway_gemini_business import refusal
from plugway_gemini_business.citations import citations_of
from plugway_gemini_business.control_text import ControlText
from plugway_gemini_business.refusal import Refusal


class _Inline(msgspec.Struct, frozen=True, rename="camel"):
    data: bytes
    mime_type: str = ""


class _File(msgspec.Struct, frozen=True, rename="camel"):
    file_id: str
    mime_type: str = ""


class _Function(msgspec.Struct, frozen=True):
    name: str
    args: dict[str, Any] = {}


class _Content(msgspec.Struct, frozen=True, rename="camel"):
    text: str = ""
    thought: bool = False
    inline_data: _Inline | None = None
    file: _File | None = None
    function_call: _Function | None = None


class _Grounded(msgspec.Struct, frozen=True, rename="camel"):
    content: _Content = _Content()
    text_grounding_metadata: msgspec.Raw = msgspec.Raw()


class _Reply(msgspec.Struct, frozen=True, rename="camel"):
    grounded_content: _Grounded = _Grounded()


class _Answer(msgspec.Struct, frozen=True, rename="camel"):
    state: str = ""
    replies: tuple[_Reply, ...] = ()
    assist_skipped_reasons: tuple[str, ...] = ()
    customer_policy_enforcement_result: Any = None


class _SessionInfo(msgspec.Struct, frozen=True):
    session: str = ""


class _Response(msgspec.Struct, frozen=True, rename="camel"):
    session_info: _SessionInfo = _SessionInfo()
    answer: _Answer = _Answer()


class _Element(msgspec.Struct, frozen=True, rename="camel"):
    stream_assist_response: _Response | None = None
    error: Any = None
    u_token: Any = None


_DECODER = msgspec.json.Decoder(_Element)


class Reply:
    """Reads one answer, element by element.

    Attributes:
        session: Full name of the session, once the upstream has told it.
        files: Ids of the files that it made, with their types, in their order.
    """

    def __init__(
        self, wanted: frozenset[str], call_id: str, error: Callable[[Refusal], PlugwayError]
    ) -> None:
        """Begin.

        Args:
            wanted: Of these kinds of media one at least must come: text waits until then, so
                that a polite excuse does not rule out another try.
            call_id: Makes ids of functions unique.
            error: Makes the error of a refusal.
        """
        self.session = ""
        self.files: dict[str, str] = {}
        self._wanted = wanted
        self._call_id = call_id
        self._error = error
        self._state = ""
        self._text = ControlText()
        self._thought = ControlText()
        #: Text that waits for the media it belongs to.
        self._waiting: list[TextDelta] = []
        self._said = 0
        self._calls = 0
        self._media = 0

    def read(self, element: bytes) -> Iterator[ChatEvent]:
        """Read one element.

        Args:
            element: Its JSON.

        Yields:
            What it says; media that are files come later.

        Raises:
            PlugwayError: It is an error, or ends the answer without success.
        """
        try:
            found = _DECODER.decode(element)
        except (ValueError, RecursionError):
            raise UnreadableAnswer(
                "An element of the upstream's answer is not understood."
            ) from None
        if found.error is not None:
            raise self._error(refusal.of_json(found.error))
        response = found.stream_assist_response
        if response is None:
            if found.u_token is not None:
                # So it says that the sign-in is lost (reference: "Streaming answer").
                raise CredentialExpired("The upstream has lost the sign-in.", acted=False)
            return
        if response.session_info.session:
            self.session = response.session_info.session
        answer = response.answer
        for reply in answer.replies:
            yield from self._read(reply.grounded_content)
        if answer.state:
            self._state = answer.state
        if answer.state == "SKIPPED":
            raise SafetyBlocked(_skipped(answer))
        if answer.state == "FAILED":
            raise UpstreamError("The upstream failed to answer.")
        if answer.state == "CANCELLED":
            raise UpstreamInterrupted("The upstream cancelled its answer.")

    def ended(self) -> Iterator[ChatEvent]:
        """Say that all elements have come; files are still to be fetched.

        Raises:
            UpstreamInterrupted: The answer has not come to its end.
        """
        if self._state != "SUCCEEDED":
            raise UpstreamInterrupted("The upstream's answer has no end.")
        if rest := self._thought.rest():
            yield ThoughtDelta(rest)
        if rest := self._text.rest():
            yield from self._say(rest)

    def took(self, media: Media) -> Iterator[ChatEvent]:
        """Pass media on, and the text that has waited for them.

        Args:
            media: With its bytes.
        """
        self._media += 1
        if not self._wanted or media.kind in self._wanted:
            self._wanted = frozenset()
            yield from self._waiting
            self._waiting = []
        yield media

    def finish(self) -> Finish:
        """Say that everything has come, files too.

        Raises:
            EmptyAnswer: Nothing was said but thoughts, or what was asked for has not come.
        """
        if self._wanted:
            kinds = " or ".join(sorted(self._wanted))
            said = "".join([one.text for one in self._waiting]).strip()[:500]
            excuse = f"; it said: {said}" if said else ""
            raise EmptyAnswer(f"The upstream made no {kinds}{excuse}")
        if not (self._said or self._calls or self._media):
            raise EmptyAnswer
        return Finish("tool_calls" if self._calls else "stop")

    def _read(self, grounded: _Grounded) -> Iterator[ChatEvent]:
        content = grounded.content
        before, kept = self._said, ""
        if content.text and content.thought:
            if thought := self._thought.push(content.text):
                yield ThoughtDelta(thought)
        elif content.text:
            kept = self._text.push(content.text)
            if kept:
                yield from self._say(kept)
        if content.inline_data is not None:
            if rest := self._text.rest():
                yield from self._say(rest)
            inline = content.inline_data
            yield from self.took(Media(mime_type=inline.mime_type or "image/png", data=inline.data))
        if content.file is not None and content.file.file_id not in self.files:
            self.files[content.file.file_id] = content.file.mime_type
            yield Progress(text=f"made {content.file.mime_type or 'a file'}")
        if content.function_call is not None:
            self._calls += 1
            yield ToolCall(
                id=f"call_{self._call_id}_{self._calls}",
                name=content.function_call.name,
                arguments=msgspec.json.encode(content.function_call.args).decode(),
            )
        if bytes(grounded.text_grounding_metadata):
            # Places are known where nothing was taken out of the text.
            place = before if kept == content.text else None
            yield from citations_of(grounded.text_grounding_metadata, content.text, place)

    def _say(self, text: str) -> Iterator[ChatEvent]:
        self._said += len(text)
        if self._wanted:
            self._waiting.append(TextDelta(text))
        else:
            yield TextDelta(text)


def _skipped(answer: _Answer) -> str:
    reasons = ", ".join(answer.assist_skipped_reasons)[:200] or "no reason given"
    found: list[str] = []
    enforced = answer.customer_policy_enforcement_result
    results = enforced.get("policyResults") if isinstance(enforced, dict) else None
    for result in results if isinstance(results, list) else ():
        armour = result.get("modelArmorEnforcementResult") if isinstance(result, dict) else None
        violation = armour.get("modelArmorViolation") if isinstance(armour, dict) else None
        if isinstance(violation, str) and violation.isprintable():
            found.append(violation[:200])
    return f"The upstream's policy does not allow this: {'; '.join([reasons, *found])}"
