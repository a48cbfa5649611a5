"""The API's answer, read while it arrives: server-sent events with JSON."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Iterator
from typing import Any

import msgspec

from plugway import (
    ChatEvent,
    Citation,
    Finish,
    Media,
    TextDelta,
    ThoughtDelta,
    TokenCount,
    ToolCall,
    UnreadableAnswer,
    UpstreamInterrupted,
)
from plugway_aistudio.wire.ending import blocked, reason_of

#: The API's reasons by their numbers (source: the Gemini API's `FinishReason`).
_REASONS = {
    "STOP": 1,
    "MAX_TOKENS": 2,
    "SAFETY": 3,
    "RECITATION": 4,
    "OTHER": 5,
    "LANGUAGE": 6,
    "BLOCKLIST": 7,
    "PROHIBITED_CONTENT": 8,
    "SPII": 9,
    "MALFORMED_FUNCTION_CALL": 10,
    "IMAGE_SAFETY": 11,
    "UNEXPECTED_TOOL_CALL": 12,
    "TOO_MANY_TOOL_CALLS": 13,
    "IMAGE_PROHIBITED_CONTENT": 14,
    "IMAGE_OTHER": 15,
    "NO_IMAGE": 16,
    "IMAGE_RECITATION": 17,
    "MISSING_THOUGHT_SIGNATURE": 18,
}

#: Why it answers nothing (source: the Gemini API's `BlockReason`).
_BLOCKS = {"SAFETY": 1, "OTHER": 2, "BLOCKLIST": 3, "PROHIBITED_CONTENT": 4, "IMAGE_SAFETY": 5}

#: Stands for a reason that is new.
_UNKNOWN = 99

#: Most characters of one event.
_MOST = 64 << 20

_END = re.compile(r"\r?\n\r?\n")

#: Other signs that end lines elsewhere, such as U+2028, may stand in the JSON.
_LINE = re.compile(r"\r\n|\n|\r")


class Answer:
    """Reads one answer."""

    def __init__(self, calls: str) -> None:
        """Begin.

        Args:
            calls: Begins the ids of calls to which the API gives none; unique.
        """
        self._calls = calls
        self._rest: list[str] = []
        self._held = 0
        self._made = 0
        self._ids: set[str] = set()
        self._said = False
        self._reason = ""
        self._message = ""
        self._cited: set[str] = set()
        #: A count that lacks the answer so far; it is told if no better one comes.
        self._count: TokenCount | None = None

    def read(self, text: str) -> Iterator[ChatEvent]:
        """Take what has come.

        Args:
            text: The next piece; events may be cut anywhere.

        Raises:
            UnreadableAnswer: It is not what is known.
            SafetyBlocked: The API does not answer this.
        """
        for event in self._events(text):
            lines = _LINE.split(event)
            data = "\n".join([one[5:].lstrip() for one in lines if one.startswith("data:")])
            if data:
                yield from self._frame(_object(data))

    def ended(self) -> Iterator[ChatEvent]:
        """End the answer.

        Raises:
            UpstreamInterrupted: It has no end of its own, or one before its time.
            EmptyAnswer: It says nothing.
            BadRequest: The API does not know the language.
        """
        if not self._reason:
            raise UpstreamInterrupted("The answer ended without a reason.", charged=False)
        if self._count is not None:
            yield self._count
        code = _REASONS.get(self._reason, _UNKNOWN)
        calls = bool(self._ids)
        yield Finish(reason_of(code, self._message, said=self._said or calls, calls=calls))

    def _events(self, text: str) -> list[str]:
        """Return the events that are whole now; what was looked through is not looked at again."""
        tail = "".join(self._rest[-2:])[-3:]
        self._rest.append(text)
        self._held += len(text)
        if _END.search(tail + text) is None:
            if self._held > _MOST:
                raise _unreadable("has an event without an end")
            return []
        *events, rest = _END.split("".join(self._rest))
        self._rest, self._held = [rest], len(rest)
        return events

    def _frame(self, frame: dict[str, Any]) -> Iterator[ChatEvent]:
        for candidate in _list(frame, "candidates")[:1]:
            yield from self._candidate(candidate)
        feedback = frame.get("promptFeedback")
        if isinstance(feedback, dict) and feedback.get("blockReason"):
            code = _BLOCKS.get(str(feedback["blockReason"]), _UNKNOWN)
            raise blocked(code, str(feedback.get("blockReasonMessage") or ""))
        usage = frame.get("usageMetadata")
        if isinstance(usage, dict):
            yield from self._counted(usage)

    def _counted(self, usage: dict[str, Any]) -> Iterator[ChatEvent]:
        thought, said = _number(usage, "thoughtsTokenCount"), _number(usage, "candidatesTokenCount")
        given = _number(usage, "promptTokenCount") + _number(usage, "toolUsePromptTokenCount")
        # The API counts thoughts beside the answer.
        count = TokenCount(
            input=given,
            output=said + thought,
            thought=thought,
            cached=_number(usage, "cachedContentTokenCount"),
        )
        if said or not (self._said or self._ids):
            self._count = None
            yield count
        else:
            self._count = count

    def _candidate(self, candidate: Any) -> Iterator[ChatEvent]:
        if not isinstance(candidate, dict):
            raise _unreadable("has a candidate that is none")
        content = candidate.get("content")
        for part in _list(content if isinstance(content, dict) else {}, "parts"):
            if isinstance(part, dict):
                yield from self._part(part)
        grounding = candidate.get("groundingMetadata")
        for chunk in _list(grounding if isinstance(grounding, dict) else {}, "groundingChunks"):
            web = chunk.get("web") if isinstance(chunk, dict) else None
            if not isinstance(web, dict):
                continue
            url = web.get("uri")
            if not isinstance(url, str) or not url.startswith(("http://", "https://")):
                continue
            if url not in self._cited:
                self._cited.add(url)
                yield Citation(url=url, title=str(web.get("title") or ""))
        if isinstance(reason := candidate.get("finishReason"), str):
            self._reason = reason
            self._message = str(candidate.get("finishMessage") or "")

    def _part(self, part: dict[str, Any]) -> Iterator[ChatEvent]:
        signature = part.get("thoughtSignature")
        signature = signature if isinstance(signature, str) else None
        call, inline, text = part.get("functionCall"), part.get("inlineData"), part.get("text")
        if isinstance(call, dict):
            yield self._call(call, signature)
        elif part.get("thought"):
            # Media of a thought are drafts, and no part of the answer.
            text = text if isinstance(text, str) else ""
            if text or signature:
                yield ThoughtDelta(text, signature)
        else:
            if signature:
                yield ThoughtDelta("", signature)
            if isinstance(inline, dict):
                self._said = True
                yield _media(inline)
            if isinstance(text, str) and text:
                self._said = True
                yield TextDelta(text)

    def _call(self, call: dict[str, Any], signature: str | None) -> ToolCall:
        name, given = call.get("name"), call.get("args")
        if not isinstance(name, str) or not name or not isinstance(given or {}, dict):
            raise _unreadable("has a call that is none")
        call_id = call.get("id")
        while not isinstance(call_id, str) or not call_id or call_id in self._ids:
            self._made += 1
            call_id = f"{self._calls}_{self._made}"
        self._ids.add(call_id)
        arguments = msgspec.json.encode(given or {}).decode()
        return ToolCall(id=call_id, name=name, arguments=arguments, signature=signature)


def _object(text: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _unreadable("holds an event that is no object")
    return found


def _media(inline: dict[str, Any]) -> Media:
    try:
        data = b64decode(str(inline.get("data") or ""), validate=True)
    except (BadBase64, ValueError):
        raise _unreadable("holds media that cannot be read") from None
    return Media(mime_type=str(inline.get("mimeType") or "application/octet-stream"), data=data)


def _list(of: dict[str, Any], name: str) -> list[Any]:
    found = of.get(name)
    return found if isinstance(found, list) else []


def _number(of: dict[str, Any], name: str) -> int:
    found = of.get(name)
    return found if type(found) is int and found >= 0 else 0


def _unreadable(what: str) -> UnreadableAnswer:
    return UnreadableAnswer(f"The relay's answer {what}.", charged=False)
