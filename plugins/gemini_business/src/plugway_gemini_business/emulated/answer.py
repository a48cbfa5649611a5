"""What the emulated service answers (reference §1.8): it tells what has arrived.

The text of an answer has these lines:

```text
You said: Draw a cat
Asked of gemini-2.5-flash in de-DE, Europe/Berlin, turn 1, with search, registry, image.
1 file: image/png 16×16 of 84 bytes
```

Who says "think" gets thoughts before it, "search" sources behind it if `webGroundingSpec` is
there, "draw" an image if `imageGenerationSpec` is there ("draw 3": three, "draw 64x32": of
that size), "film" a video if `videoGenerationSpec` is there. Where one of these two is all
that is there, whatever is said makes one.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

from plugway_gemini_business.emulated.behaviour import Behaviour
from plugway_gemini_business.emulated.mishaps import Mishap
from plugway_gemini_business.emulated.question import Question
from plugway_gemini_business.emulated.refusals import Refusal
from plugway_gemini_business.emulated.sessions import StoredFile

#: Control text that has been seen to leak (reference §1.8, §6 no. 9).
LEAKED = "<ctrl46>Image size: 1024x1024\n<ctrl95>"

#: Words in one element.
_WORDS = 3

_THOUGHTS = ("**Reading the question**\n\n", "It has ", "{count} words, and I shall tell so.\n")

#: What was found; the segment begins at its é, so that bytes are no characters.
_FOUND = "\nÜber two sources: é is where they agree."

_REFERENCES = (
    ("https://example.com/lighthouses?a=1&b=2", "Lighthouses – an overview", "example.com"),
    ("https://example.org/ships", "Ships & storms", "example.org"),
)


def text_of(question: Question) -> str:
    """Return the text of an answer.

    Args:
        question: What was asked.
    """
    tools = f"with {', '.join(question.tools)}" if question.tools else "without tools"
    lines = [
        f"You said: {question.words}",
        f"Asked of {question.model or 'any model'} in {question.language or 'any language'}, "
        f"{question.time_zone or 'any time zone'}, turn {question.session.turns}, {tools}.",
    ]
    if question.files:
        count = len(question.files)
        told = "; ".join(_described(file) for file in question.files)
        lines.append(f"{count} file{'s' * (count > 1)}: {told}")
    if question.wanting:
        lines.append(f"I may not make any {question.wanting}.")
    return "\n".join(lines)


def elements(
    question: Question, made: list[StoredFile], mishap: Mishap | None, behaviour: Behaviour
) -> Iterator[dict[str, Any]]:
    """Make the elements of an answer, in order.

    Args:
        question: What was asked.
        made: Media made for it.
        mishap: What goes wrong.
        behaviour: How it behaves.
    """
    kind = "" if mishap is None else mishap.kind
    spoken = mishap.text if mishap is not None and kind == "says" else text_of(question)
    for number, element in enumerate(_elements(question, spoken, made, kind, behaviour)):
        if mishap is not None and kind == "limited" and number == mishap.after:
            yield _error(mishap)
            return
        yield {**element, **behaviour.extras}
    if mishap is not None and kind == "limited":
        yield _error(mishap)


def _elements(
    question: Question, spoken: str, made: list[StoredFile], kind: str, behaviour: Behaviour
) -> Iterator[dict[str, Any]]:
    if kind == "skipped":
        yield _ended(question, "SKIPPED", **_skipped())
        return
    if kind == "failed":
        yield _ended(question, "FAILED")
        return
    yield _replied(question, {"role": "model", "text": ""})
    if question.thinks or kind == "only_thoughts":
        count = str(len(question.words.split()))
        for thought in _THOUGHTS:
            told = thought.replace("{count}", count)
            yield _replied(question, {"role": "model", "text": told, "thought": True})
    if kind == "only_thoughts":
        yield _ended(question, "SUCCEEDED")
        return
    if kind == "control_text":
        # Not at the edges of elements: a client sees it in parts.
        yield _replied(question, {"role": "model", "text": LEAKED[:5]})
        yield _replied(question, {"role": "model", "text": LEAKED[5:]})
    for piece in _pieces(spoken):
        yield _replied(question, {"role": "model", "text": piece})
        if kind == "cancelled":
            yield _ended(question, "CANCELLED")
            return
    if question.searches:
        yield _grounded(question)
    for file in made:
        yield _replied(question, {"role": "model", **_medium(file, behaviour)})
    yield _ended(question, "SUCCEEDED")


def _pieces(text: str) -> Iterator[str]:
    """Cut a text behind every few words; joined, they are the text."""
    found = re.findall(r"\s*\S+|\s+$", text)
    for begin in range(0, len(found), _WORDS):
        yield "".join(found[begin : begin + _WORDS])


def _replied(question: Question, content: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = {
        "name": f"{question.session.full}/assistAnswers/{question.session.turns}",
        "state": "IN_PROGRESS",
        "replies": [{"groundedContent": {"content": content, **more}}],
    }
    return {"streamAssistResponse": {"answer": answer, "assistToken": _token(question)}}


def _grounded(question: Question) -> dict[str, Any]:
    references = [
        {
            "content": f"What {domain} says.",
            "documentMetadata": {"uri": uri, "title": title, "domain": domain},
        }
        for uri, title, domain in _REFERENCES
    ]
    before, _, after = _FOUND.partition("é")
    segments = [
        {
            # Indices are int64, which the JSON form of protobuf writes as strings, and of bytes.
            "startIndex": str(len(before.encode())),
            "endIndex": str(len(_FOUND.encode())),
            "text": f"é{after}",
            "groundingScore": 0.9,
            "referenceIndices": [0, 1],
        }
    ]
    metadata = {"segments": segments, "references": references}
    return _replied(question, {"role": "model", "text": _FOUND}, textGroundingMetadata=metadata)


def _ended(question: Question, state: str, **more: Any) -> dict[str, Any]:
    name = f"{question.session.full}/assistAnswers/{question.session.turns}"
    return {
        "streamAssistResponse": {
            "answer": {"name": name, "state": state, **more},
            "sessionInfo": {
                "session": question.session.full,
                "queryId": f"{question.session.full}/queries/{question.session.turns}",
            },
            "assistToken": _token(question),
        }
    }


def _skipped() -> dict[str, Any]:
    verdict = {"modelArmorViolation": "The prompt violated Responsible AI settings."}
    return {
        "assistSkippedReasons": ["CUSTOMER_POLICY_VIOLATION"],
        "customerPolicyEnforcementResult": {
            "verdict": "BLOCK",
            "policyResults": [{"modelArmorEnforcementResult": verdict}],
        },
    }


def _medium(file: StoredFile, behaviour: Behaviour) -> dict[str, Any]:
    if behaviour.media_as == "inline":
        data = base64.b64encode(file.content).decode()
        return {"inlineData": {"mimeType": file.mime_type, "data": data}}
    return {"file": {"fileId": file.id, "mimeType": file.mime_type}}


def _described(file: StoredFile) -> str:
    about = f" {file.about}" if file.about else ""
    return f"{file.mime_type}{about} of {len(file.content)} bytes"


def _error(mishap: Mishap) -> dict[str, Any]:
    return Refusal(mishap.code, mishap.message).public()


def _token(question: Question) -> str:
    return f"token-{question.session.number}-{question.session.turns}"
