"""What a question asks for, as somebody who reads it would say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from plugway_gemini_business.emulated.behaviour import Behaviour
from plugway_gemini_business.emulated.models import DEFAULT
from plugway_gemini_business.emulated.refusals import Refusal, invalid
from plugway_gemini_business.emulated.sessions import Session, StoredFile

#: Tools by the field that allows them.
TOOLS = {
    "webGroundingSpec": "search",
    "toolRegistry": "registry",
    "imageGenerationSpec": "image",
    "videoGenerationSpec": "video",
    "vertexAiSearchSpec": "documents",
}

#: Where a speaker's words begin in a conversation written as one text: `Human: …`, `<user>…`.
_SPEAKER = re.compile(
    r"(?im)^[ \t]*(?:(human|user)|assistant|system|tool result[^:\n]*):[ \t]*"
    r"|<(/?)(?:(user|human)|assistant|model|system|tool)\b[^>]*>"
)

_DRAW = re.compile(r"(?i)\bdraw\b(?:\s+(\d{1,2})\b(?![x×]))?")
_FILM = re.compile(r"(?i)\bfilm\b")
_SIZE = re.compile(r"\b(\d{1,4})[x×](\d{1,4})\b")
_THINK = re.compile(r"(?i)\bthink\b")
_SEARCH = re.compile(r"(?i)\bsearch\b")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_ZONE = re.compile(r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*")


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Is one question.

    Attributes:
        session: Its session.
        text: All of its text.
        model: Who is to answer; empty: none was named.
        language: The `languageCode`.
        time_zone: The user's.
        tools: Values of `TOOLS` that may be used.
        files: Files with it.
    """

    session: Session
    text: str
    model: str
    language: str
    time_zone: str
    tools: tuple[str, ...]
    files: tuple[StoredFile, ...]

    @property
    def words(self) -> str:
        """Return what the user said last."""
        return last_words(self.text)

    @property
    def images(self) -> int:
        """Return how many images are asked for, and may be made."""
        if "image" not in self.tools:
            return 0
        found = _DRAW.search(self.words)
        if found is not None:
            return max(1, min(int(found[1] or 1), 10))
        # Who may do nothing but draw draws whatever is asked.
        return int(not set(self.tools) - {"image", "video"} and not self.films)

    @property
    def films(self) -> int:
        """Return how many videos are asked for, and may be made."""
        asked = _FILM.search(self.words) is not None or self.tools == ("video",)
        return int("video" in self.tools and asked)

    @property
    def wanting(self) -> str:
        """Return what is asked for and may not be made; empty: nothing."""
        if _DRAW.search(self.words) and "image" not in self.tools:
            return "image"
        return "video" if _FILM.search(self.words) and "video" not in self.tools else ""

    @property
    def thinks(self) -> bool:
        """Say whether thoughts are asked for."""
        return _THINK.search(self.words) is not None

    @property
    def searches(self) -> bool:
        """Say whether the web is to be searched, and may be."""
        return "search" in self.tools and _SEARCH.search(self.words) is not None

    def side(self, usual: int) -> tuple[int, int]:
        """Return width and height of the images in pixels.

        Args:
            usual: Of both, if the question does not say.
        """
        found = _SIZE.search(self.words)
        return (int(found[1]), int(found[2])) if found is not None else (usual, usual)


def last_words(text: str) -> str:
    """Return what the user said last in a conversation that is written as one text.

    Example:
        >>> last_words("Human: One?\\n\\nAssistant: Two.\\n\\nHuman: Three?\\n\\nAssistant:")
        'Three?'
        >>> last_words("<user>One?</user><model>Two.</model><user>Three?</user>")
        'Three?'
        >>> last_words(" Hello: you ")
        'Hello: you'
    """
    end = len(text)
    for mark in reversed(list(_SPEAKER.finditer(text))):
        words = text[mark.end() : end].strip()
        # A name, or a tag that opens and does not close.
        if words and (mark[1] or (mark[3] and not mark[2])):
            return words
        end = mark.start()
    return text.strip()


def read(asked: Mapping[str, Any], session: Session, behaviour: Behaviour) -> Question:
    """Read a question that has the right fields.

    Args:
        asked: The `streamAssistRequest`.
        session: Its session.
        behaviour: Knows the models.

    Raises:
        Refusal: What it asks for cannot be.
    """
    parts = asked["query"].get("parts") or []
    text = "".join(part.get("text") or "" for part in parts)
    ids = asked.get("fileIds") or []
    if not text.strip() and not ids:
        raise invalid("stream_assist_request.query", "Query cannot be empty.")
    for each in ids:
        if each not in session.files:
            raise Refusal(404, f"File '{each}' was not found in the session.")
    return Question(
        session=session,
        text=text,
        model=_model((asked.get("assistGenerationConfig") or {}).get("modelId") or "", behaviour),
        language=_shaped(asked.get("languageCode") or "", _LANGUAGE, "language_code"),
        time_zone=_shaped(
            (asked.get("userMetadata") or {}).get("timeZone") or "", _ZONE, "time_zone"
        ),
        tools=tuple(TOOLS[name] for name in TOOLS if name in (asked.get("toolsSpec") or {})),
        files=tuple(session.files[each] for each in ids),
    )


def _model(name: str, behaviour: Behaviour) -> str:
    if not name or name in behaviour.models:
        return name
    if behaviour.unknown_models == "default":
        return DEFAULT
    path = "stream_assist_request.assist_generation_config.model_id"
    raise invalid(path, f"Model '{name}' is not supported.")


def _shaped(value: str, shape: re.Pattern[str], name: str) -> str:
    if value and shape.fullmatch(value) is None:
        raise invalid(f"stream_assist_request.{name}", f"Invalid {name} '{value}'.")
    return value
