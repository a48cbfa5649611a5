"""Images, videos, sounds and files of a request."""

from __future__ import annotations

from mimetypes import MimeTypes

import msgspec

from plugway.chat.data_urls import decoded, media_from, media_of
from plugway.chat.dialects.openai.said import (
    Document,
    FilePart,
    ImagePart,
    Place,
    Sound,
    SoundPart,
    VideoPart,
)
from plugway.contract import Media
from plugway.errors import BadRequest
from plugway.generations.wanted import EXTENDED, extended

_SOUNDS = {"wav": "audio/wav", "mp3": "audio/mpeg"}


def media_of_part(part: ImagePart | VideoPart | SoundPart | FilePart, field: str) -> Media:
    """Return what a part of a message holds.

    Args:
        part: Not text.
        field: Where it stands, for errors.

    Raises:
        BadRequest: It cannot be read.
    """
    match part:
        case ImagePart():
            return _placed(part.image_url, f"{field}.image_url")
        case VideoPart():
            return _placed(part.video_url, f"{field}.video_url")
        case SoundPart():
            return _sound(part.input_audio, f"{field}.input_audio.data")
        case FilePart():
            return _document(part.file, f"{field}.file")


def _placed(place: Place | str, field: str) -> Media:
    if not isinstance(place, str):
        place, field = place.url, f"{field}.url"
    if place[: len(EXTENDED)].lower() == EXTENDED:
        # Older gateways let clients name a video so that is to be gone on from.
        source = Media(mime_type="video/mp4", url=place)
        if not extended(source):
            raise BadRequest(f"{field}: expected the name of a video", field=field)
        return source
    return media_of(place, field)


def _sound(sound: Sound, field: str) -> Media:
    return media_from(decoded(sound.data, field), _SOUNDS[sound.format], field)


def _document(document: Document, field: str) -> Media:
    if document.file_data is not None:
        return _held(document, document.file_data, f"{field}.file_data")
    if document.url is not None:
        found = media_of(document.url, f"{field}.url")
        mime_type = found.mime_type or (document.mime_type or "").strip().lower()
        return msgspec.structs.replace(found, mime_type=mime_type, name=document.filename)
    if document.file_id is not None:
        place = f"{field}.file_id"
        raise BadRequest(f"{place}: no files are kept here: send its file_data", field=place)
    raise BadRequest(f"{field}: expected file_data or url", field=field)


def _held(document: Document, data: str, field: str) -> Media:
    name = document.filename
    if data[:5].lower() == "data:":
        return msgspec.structs.replace(media_of(data, field), name=name)
    # The tables of Python alone: what a machine has besides would make it differ from others.
    guessed, _ = MimeTypes().guess_type(name or "")
    mime_type = document.mime_type or guessed or ""
    return media_from(decoded(data, field), mime_type, field, name)
