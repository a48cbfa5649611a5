"""Images that a request brings along, where they are no parts of a message."""

from __future__ import annotations

from typing import Any

from plugway.chat.data_urls import media_of
from plugway.contract import Media
from plugway.errors import BadRequest


def references(value: Any, field: str) -> list[Media]:
    """Return the images of a field: URLs, objects that hold one, or a list of these.

    Args:
        value: As decoded; None: there are none.
        field: Where it stands, for errors.

    Raises:
        BadRequest: One is none, or names a file.

    Example:
        >>> references({"image_url": "https://example.com/a.png"}, "input_reference")
        [Media('', None bytes, url=True)]
    """
    match value:
        case None:
            return []
        case list():
            found = [references(one, f"{field}[{at}]") for at, one in enumerate(value)]
            return [media for some in found for media in some]
        case {"file_id": str()}:
            place = f"{field}.file_id"
            raise BadRequest(f"{place}: no files are kept here: send an image_url", field=place)
        case {"image_url": {"url": str(url)}}:
            return [media_of(url, f"{field}.image_url.url")]
        case {"image_url": str(url)}:
            return [media_of(url, f"{field}.image_url")]
        case str():
            return [media_of(value, field)]
    raise BadRequest(f"{field}: expected an image_url", field=field)
