"""The models that the page lists, as far as this gateway has seen its list."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from plugway import ChatModel, UnreadableAnswer
from plugway_aistudio.asking import thinks
from plugway_aistudio.settings import AIStudioSettings
from plugway_aistudio.tariff import family
from plugway_aistudio.wire.listing import Listed, listed

if TYPE_CHECKING:
    from plugway import Clock

log = logging.getLogger(__name__)

#: Where the list is kept between two starts, in the gateway's home.
FILE = "aistudio-models.json"

#: Seconds between two looks at that file.
_LOOK = 1.0

#: Method of those that answer chats.
_METHOD = "generateContent"

#: Parts of the names of those that answer with sound, or not to chats.
_OTHERS = ("-tts", "-audio", "-live", "embedding", "veo-", "imagen-", "lyria-")

#: What is believed before any page has shown its list: models of November 2026, which take
#: what all of them take.
BUILTIN = tuple(
    Listed(id=name, title=title, thinking=off, budget=True, functions=True, search=True)
    for name, title, off in (
        ("gemini-flash-latest", "Gemini Flash Latest", True),
        ("gemini-flash-lite-latest", "Gemini Flash-Lite Latest", True),
        ("gemini-2.5-flash", "Gemini 2.5 Flash", True),
        ("gemini-2.5-flash-lite", "Gemini 2.5 Flash-Lite", True),
        ("gemini-2.5-pro", "Gemini 2.5 Pro", False),
    )
)


class Models:
    """Keeps the page's list, and describes its models to clients.

    Attributes:
        seen: A page has shown its list, now or before an earlier stop.
        titles: How the page calls its models, by id; empty until it was seen.
    """

    def __init__(self, home: Path, settings: Callable[[], AIStudioSettings], clock: Clock) -> None:
        """Prepare; what an earlier process has kept is read when models are asked for.

        Args:
            home: The gateway's home.
            settings: Returns the plugin's settings as they are now.
            clock: The gateway's.
        """
        self._file = home / FILE
        self._settings = settings
        self._listed: Mapping[str, Listed] = {one.id: one for one in BUILTIN}
        self._read_from: AIStudioSettings | None = None
        self._chats: tuple[ChatModel, ...] = ()
        self._stamp = 0
        self.seen = False
        self.titles: dict[str, str] = {}
        self._clock = clock
        self._looked: float | None = None

    def learn(self, body: bytes, read: Callable[[bytes], Iterable[Listed]] = listed) -> None:
        """Take the list that a page was answered with; a list of nothing teaches nothing.

        Args:
            body: Of the answer, as the page got it.
            read: Reads it.
        """
        try:
            found = read(body)
        except UnreadableAnswer as error:
            log.warning("AI Studio's list of models is not understood: %s", error.message)
            return
        kept = {one.id: one for one in found if _chats(one)}
        if not kept or (self.seen and kept == self._listed):
            return
        self._take(kept)
        self._keep(tuple(kept.values()))

    def get(self, name: str) -> Listed | None:
        """Return a model as the page lists it.

        Args:
            name: Its id.
        """
        return self._listed.get(name)

    def settings(self) -> AIStudioSettings:
        """Return the plugin's settings as they are now."""
        return self._settings()

    def chats(self) -> Iterable[ChatModel]:
        """Return the models that are served now."""
        self._look()
        settings = self._settings()
        if settings is not self._read_from:
            self._read_from = settings
            excluded = set(settings.excluded_models)
            self._chats = tuple(
                [
                    _described(one, settings)
                    for one in self._listed.values()
                    if one.id not in excluded
                ]
            )
        return self._chats

    def _take(self, found: Mapping[str, Listed]) -> None:
        self._listed, self.seen, self._read_from = found, True, None
        # In place: open pages hold on to it.
        self.titles.clear()
        self.titles.update({one.id: one.title or one.id for one in found.values()})

    def _look(self) -> None:
        """Read the file again if another process has written it; requests ask often."""
        now = self._clock.monotonic()
        if self._looked is not None and now - self._looked < _LOOK:
            return
        self._looked = now
        try:
            stamp = self._file.stat().st_mtime_ns
        except OSError:
            return
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            kept = msgspec.json.decode(self._file.read_bytes(), type=tuple[Listed, ...])
        except (OSError, msgspec.DecodeError) as error:
            log.warning("%s cannot be read: %s", self._file.name, error)
            return
        if kept:
            self._take({one.id: one for one in kept})

    def _keep(self, found: tuple[Listed, ...]) -> None:
        handle, name = tempfile.mkstemp(dir=self._file.parent, prefix=f".{FILE}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(found)))
            Path(name).replace(self._file)
            self._stamp = self._file.stat().st_mtime_ns
        except OSError as error:
            Path(name).unlink(missing_ok=True)
            log.warning("the list of models is not kept: %s", error)


def _chats(one: Listed) -> bool:
    if one.paid or (one.methods and _METHOD not in one.methods):
        return False
    return not any(part in one.id for part in _OTHERS)


def _described(one: Listed, settings: AIStudioSettings) -> ChatModel:
    draws = "-image" in one.id
    return ChatModel(
        id=one.id,
        tariff=settings.tariffs.get(one.id) or family(one.id),
        title=one.title or one.id,
        description=one.description,
        owner="ai_studio",
        input_limit=one.input_limit or 1_048_576,
        output_limit=one.output_limit or 65_536,
        takes=frozenset({"text", "image", "video", "audio", "file"}),
        gives=frozenset({"text", "image"} if draws else {"text"}),
        honours=frozenset(_honours(one, relayed=settings.driver == "relay")),
        # The account's quota is kept by model, and its calls wait in a queue of their own.
        quotas=(one.id,),
        shown=_shown(one),
    )


def _honours(one: Listed, *, relayed: bool) -> Iterator[str]:
    """Yield what is followed: the API takes more than the page."""
    yield from ("temperature", "top_p", "max_tokens")
    if relayed:
        yield from ("top_k", "seed", "json_schema", "stop")
    if thinks(one):
        yield "reasoning"
    if one.functions:
        yield "tools"
    if one.search:
        yield "search"


def _shown(one: Listed) -> dict[str, Any]:
    """Return the fields of the earlier system's list (reference: "Shapes")."""
    return {
        "display_name": one.title or one.id,
        "description": one.description,
        "raw_model_path": f"models/{one.id}",
        "default_temperature": one.temperature,
        "default_max_output_tokens": one.output_limit,
        "supported_max_output_tokens": one.output_limit,
        "default_top_p": one.top_p,
    }
