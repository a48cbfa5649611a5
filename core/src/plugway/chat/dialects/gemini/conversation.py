"""What has been said so far: `contents` and `systemInstruction`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec

from plugway.chat.data_urls import decoded, media_from
from plugway.chat.dialects.gemini.fields import Fields, wrong
from plugway.chat.dialects.gemini.signatures import read
from plugway.contract import Media, Message, Part, Text, Thought, ToolCall, ToolResult
from plugway.contract.conversation import Role

_ROLES: dict[str, Role] = {"user": "user", "function": "user", "model": "assistant"}

#: What a part can be, one at a time.
_KINDS = (
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
)

#: What Google's own tools leave in a conversation; there are none of them here.
_FOREIGN = ("toolCall", "toolResponse", "audioTranscription")


def read_conversation(asked: Fields) -> tuple[Message, ...]:
    """Return the messages of a request, the system's first.

    What a model says in several contents in a row is one message: that is how clients keep
    an answer that came in pieces.

    Args:
        asked: The body.

    Raises:
        BadRequest: It is not a conversation.
    """
    messages = [*_system(asked)]
    contents = asked.each("contents")
    if not contents:
        raise wrong(asked.spelt("contents"), "is required")
    calls = _Calls(contents)
    for content in contents:
        role = content.text("role") or "user"
        if role not in _ROLES:
            raise wrong(content.spelt("role"), "must be user or model")
        parts = content.each("parts")
        if not parts:
            raise wrong(content.spelt("parts"), "must not be empty")
        said: list[Part] = []
        for part in parts:
            said.extend(_parts(part, calls))
        if _ROLES[role] == "user":
            messages.append(Message("user", tuple(said)))
            continue
        said = [part for part in said if part != Text("")]
        if messages and messages[-1].role == "assistant":
            messages[-1] = Message("assistant", (*messages[-1].parts, *said))
        elif said:
            messages.append(Message("assistant", tuple(said)))
    if not any(message.role != "system" for message in messages):
        raise wrong(asked.spelt("contents"), "say nothing")
    return tuple(messages)


def _system(asked: Fields) -> Iterator[Message]:
    content = asked.inner("systemInstruction")
    if content is None:
        return
    texts = []
    for part in content.each("parts"):
        text = part.text("text")
        if text is None:
            raise wrong(part.place, "must be text")
        texts.append(Text(text))
    if texts:
        yield Message("system", tuple(texts))


def _parts(part: Fields, calls: _Calls) -> Iterator[Part]:
    kinds = [kind for kind in _KINDS if part.raw(kind) is not None]
    if len(kinds) > 1:
        raise wrong(part.place, f"has both {kinds[0]} and {kinds[1]}")
    for foreign in _FOREIGN:
        if part.raw(foreign) is not None:
            raise wrong(part.spelt(foreign), "is not supported here")
    given = part.text("thoughtSignature")
    signature = None if given is None else read(given)
    kind = kinds[0] if kinds else None
    if kind is None:
        if signature is None:
            raise wrong(part.place, f"must have one of {', '.join(_KINDS)}")
        yield Thought("", signature)
    elif kind == "text" and part.flag("thought"):
        yield Thought(part.text("text") or "", signature)
    elif kind == "functionCall":
        yield calls.call(part.inner(kind) or part, signature)
    else:
        if signature is not None:
            yield Thought("", signature)
        yield _part(part, kind, calls)


def _part(part: Fields, kind: str, calls: _Calls) -> Part:
    inner = part if kind == "text" else part.inner(kind) or part
    match kind:
        case "text":
            return Text(part.text("text") or "")
        case "inlineData":
            return _inline(inner)
        case "fileData":
            return _file(inner)
        case "functionResponse":
            return calls.result(inner)
        case "executableCode":
            return Text(f"```{(inner.text('language') or '').lower()}\n{inner.needed('code')}\n```")
        case _:
            return Text(inner.text("output") or "")


def _inline(blob: Fields) -> Media:
    place = blob.spelt("data")
    data = decoded(blob.needed("data"), place)
    return media_from(data, blob.needed("mimeType"), place, blob.text("displayName"))


def _file(file: Fields) -> Media:
    url = file.needed("fileUri")
    if not url.lower().startswith(("http://", "https://")):
        raise wrong(file.spelt("fileUri"), "must be an http or https URL: no files are kept here")
    mime_type = (file.text("mimeType") or "").strip().lower()
    return Media(mime_type=mime_type, url=url, name=file.text("displayName"))


class _Calls:
    """Gives calls of functions ids where the client has none, and finds them again by name."""

    def __init__(self, contents: list[Fields]) -> None:
        self._taken = {
            inner.text("id") or ""
            for content in contents
            for part in content.each("parts")
            for kind in ("functionCall", "functionResponse")
            if (inner := part.inner(kind)) is not None
        }
        self._made = 0
        self._open: dict[str, deque[str]] = {}

    def call(self, fields: Fields, signature: str | None) -> ToolCall:
        name = fields.needed("name")
        call_id = fields.text("id") or self._new()
        self._open.setdefault(name, deque()).append(call_id)
        arguments = msgspec.json.encode(fields.anything("args") or {}).decode()
        return ToolCall(id=call_id, name=name, arguments=arguments, signature=signature)

    def result(self, fields: Fields) -> ToolResult:
        name = fields.needed("name")
        waiting = self._open.get(name, deque())
        call_id = fields.text("id")
        if call_id is None:
            # Without ids functions answer in the order in which they were asked.
            call_id = waiting.popleft() if waiting else self._new()
        elif call_id in waiting:
            waiting.remove(call_id)
        response = fields.anything("response") or {}
        # As Google documents it: `output` and `error` say what they hold, all else is output.
        failed = set(response) == {"error"}
        said = next(iter(response.values())) if failed or set(response) == {"output"} else response
        text = said if isinstance(said, str) else msgspec.json.encode(said).decode()
        parts: list[Text | Media] = [Text(text)]
        for part in fields.each("parts"):
            blob, file = part.inner("inlineData"), part.inner("fileData")
            if blob is not None:
                parts.append(_inline(blob))
            elif file is not None:
                parts.append(_file(file))
            else:
                raise wrong(part.place, "must have inlineData or fileData")
        return ToolResult(id=call_id, name=name, parts=tuple(parts), failed=failed)

    def _new(self) -> str:
        while True:
            self._made += 1
            call_id = f"call_{self._made}"
            if call_id not in self._taken:
                return call_id
