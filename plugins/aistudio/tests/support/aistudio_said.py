"""What a client gets of an answer, whole or as a stream, in one form to look at."""

from __future__ import annotations

import io
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec
from aistudio_gateway import CHATS, MODEL, AIStudioGateway, Answer, body

JSON = {"Content-Type": "application/json"}

#: Of one currency unit; the default of the settings.
CREDITS_PER_UNIT = 500_000

#: What PRICES.md says of a million tokens asked and answered, by a part of the model's name.
PRICES = {
    "gemma": ("0.10", "0.40"),
    "flash": ("0.50", "3.00"),
    "pro": ("2.00", "12.00"),
}
IMAGE = Decimal("0.067")


class Said(msgspec.Struct, kw_only=True):
    """Is an answer.

    Attributes:
        text: All of it.
        thoughts: All of them; empty: there are none.
        calls: As whole answers have them.
        finish: Why it ended.
        usage: None: it was not told.
        annotations: As whole answers have them.
        headers: Of the response.
    """

    text: str = ""
    thoughts: str = ""
    calls: list[dict[str, Any]] = msgspec.field(default_factory=list)
    finish: str = ""
    usage: dict[str, Any] | None = None
    annotations: list[dict[str, Any]] = msgspec.field(default_factory=list)
    headers: dict[str, str] = msgspec.field(default_factory=dict)


async def say(
    studio: AIStudioGateway,
    said: Any = "Hello",
    model: str = MODEL,
    *,
    streams: bool,
    **fields: Any,
) -> Said:
    """Ask, and put together what comes.

    Args:
        studio: Whom.
        said: A text, or messages.
        model: Which.
        streams: As a stream, with what it used; else whole.
        fields: Others of the request.
    """
    if not streams:
        asked = body(said, model, **fields)
        async with studio.client.post(CHATS, data=sent(asked), headers=JSON) as response:
            answer = Answer(response.status, response.headers, await response.read())
        message, choice = answer.message, answer.json["choices"][0]
        assert (message["role"], choice["index"], len(answer.json["choices"])) == (
            "assistant",
            0,
            1,
        )
        return Said(
            text=message["content"] or "",
            thoughts=message.get("reasoning_content", ""),
            calls=message.get("tool_calls", []),
            finish=choice["finish_reason"],
            usage=answer.json["usage"],
            annotations=message.get("annotations", []),
            headers=dict(answer.headers),
        )
    asked = body(said, model, stream=True, **{"stream_options": {"include_usage": True}, **fields})
    async with studio.client.post(CHATS, data=sent(asked), headers=JSON) as response:
        raw = await response.read()
        assert response.status == 200, raw[:1000]
        assert response.headers["content-type"].startswith("text/event-stream")
        return _put_together(raw, Said(headers=dict(response.headers)))


def sent(asked: dict[str, Any]) -> io.BytesIO:
    """Return a request's body in a form that may be large."""
    return io.BytesIO(msgspec.json.encode(asked))


def chunks(raw: bytes) -> list[dict[str, Any]]:
    """Return the chunks of a whole stream, which ends as the official API ends it."""
    events = [part for part in raw.split(b"\n\n") if part and not part.startswith(b":")]
    assert events[-1] == b"data: [DONE]", raw[-500:]
    return [msgspec.json.decode(one.removeprefix(b"data: ")) for one in events[:-1]]


def _put_together(raw: bytes, said: Said) -> Said:
    found = chunks(raw)
    assert len({one["id"] for one in found}) == 1
    assert found[0]["choices"][0]["delta"]["role"] == "assistant"
    for one in found:
        assert one["object"] == "chat.completion.chunk"
        if not one["choices"]:
            # What it used comes in a chunk of its own, once, after the end.
            assert said.finish
            assert said.usage is None
            said.usage = one["usage"]
            continue
        assert not said.finish
        (choice,) = one["choices"]
        delta = choice["delta"]
        said.text += delta.get("content") or ""
        said.thoughts += delta.get("reasoning_content") or ""
        said.annotations += delta.get("annotations") or []
        for call in delta.get("tool_calls") or []:
            assert call.pop("index") == len(said.calls)
            said.calls.append(call)
        said.finish = choice["finish_reason"] or ""
    assert said.finish
    return said


def price(model: str, asked: int, answered: int, images: int = 0) -> int:
    """Return what an answer costs, reckoned from the published prices."""
    per_asked, per_answered = next(each for name, each in PRICES.items() if name in model)
    tokens = (asked * Decimal(per_asked) + answered * Decimal(per_answered)) / 1_000_000
    units = tokens + images * IMAGE
    return int((units * CREDITS_PER_UNIT).quantize(Decimal(1), ROUND_HALF_UP))


def settings_of(text: str) -> dict[str, Any]:
    """Return what the emulator says that it was asked with, in an answer that says it again."""
    found: dict[str, Any] = msgspec.json.decode(text.rpartition("\n")[2])
    return found
