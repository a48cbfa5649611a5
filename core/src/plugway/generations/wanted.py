"""What a chat wants of a model that makes images or videos."""

from __future__ import annotations

import msgspec

from plugway.contract import ChatModel, ChatRequest, Media, Message, Text
from plugway.errors import BadRequest

#: Scheme of what stands where a client hands media in and means a video made here.
EXTENDED = "extend://"

#: Images that are made at once.
MOST = 10


def wanted(asked: ChatRequest, model: ChatModel, kind: str) -> tuple[ChatRequest, str]:
    """Return a request of one message, and the name of the video that it goes on from.

    The prompt is the text of the last message that the user said, behind the instructions of
    the system if there are any; references are the media of that message. What was said
    earlier is left out: a prompt says all of what is to be seen.

    Args:
        asked: The request as it came.
        model: The model.
        kind: What the model makes: `image` or `video`.

    Returns:
        The request, and a name; empty: it goes on from none.

    Raises:
        BadRequest: Nothing is wanted, or too much; the field is named.

    Example:
        >>> said = (Message("system", (Text("In oil."),)), Message("user", (Text("A cat"),)))
        >>> reduced, _ = wanted(ChatRequest(model="m", messages=said), ChatModel(id="m"), "image")
        >>> reduced.messages[0].text
        'In oil.\\n\\nA cat'
    """
    field = asked.spelt("messages")
    last = next((one for one in reversed(asked.messages) if one.role == "user"), None)
    parts = () if last is None else last.parts
    text = "" if last is None else last.text.strip()
    media = [part for part in parts if isinstance(part, Media)]
    sources = [extended(one) for one in media if extended(one)]
    if not text and not sources:
        raise BadRequest(f"{field}: the last message has no text to make something of", field=field)
    told = [one.text.strip() for one in asked.messages if one.role == "system"]
    prompt = "\n\n".join([one for one in (*told, text) if one])
    if len(sources) > 1:
        raise BadRequest(f"{field}: only one video can be gone on from", field=field)
    if not 1 <= asked.count <= MOST:
        field = asked.spelt("count")
        raise BadRequest(f"{field}: expected 1 to {MOST}", field=field)
    if kind == "video" and asked.count > 1:
        field = asked.spelt("count")
        raise BadRequest(f"{field}: one video is made at a time", field=field)
    references = tuple([one for one in media if not extended(one)])
    reduced = msgspec.structs.replace(
        asked,
        messages=(Message("user", (Text(prompt), *references)),),
        resolution=_resolution(asked, kind),
    )
    return reduced, sources[0] if sources else ""


def extended(media: Media) -> str:
    """Return the name of the video made here that media stand for; empty: they are others.

    Args:
        media: As a client handed them in.
    """
    url = media.url or ""
    return url[len(EXTENDED) :].strip("/") if url.lower().startswith(EXTENDED) else ""


def _resolution(asked: ChatRequest, kind: str) -> str | None:
    """Return the size in one word, where it was not only worked out of width and height."""
    worked_out = asked.spelt("resolution") == "size"
    strange = "1080p" if kind == "image" else "2k"
    return None if worked_out and asked.resolution == strange else asked.resolution
