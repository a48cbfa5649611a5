"""Media within the text of a message, as markdown: `content` has no other place for them."""

from __future__ import annotations

import base64
import re
from html import escape

from plugway.chat.data_urls import data_url, media_from
from plugway.contract import Media, Text
from plugway.errors import BadRequest

#: What `Markdown` writes and clients hand back with the conversation.
_WRITTEN = re.compile(
    r"(?:!\[image\]|\[(?:video|audio|file)\])"
    r"\(data:([\w.+-]{1,64}/[\w.+-]{1,64});base64,([A-Za-z0-9+/]++={0,2})\)"
)

_GAP = "\n\n"
_ESCAPES = {" ": "%20", "(": "%28", ")": "%29", "<": "%3C", ">": "%3E"}


class Markdown:
    """Writes text and media into one text, media in paragraphs of their own.

    Example:
        >>> page = Markdown()
        >>> page.text("Look:") + page.media(Media(mime_type="image/png", url="https://a.example/b"))
        'Look:\\n\\n![image](https://a.example/b)'
        >>> page.place(5), page.place(5, end=True)
        (36, 5)
    """

    def __init__(self, *, players: bool = False) -> None:
        """Begin an empty page.

        Args:
            players: Videos that have a URL are HTML that plays them, and no link.
        """
        self._players = players
        self._said = 0
        self._gap = False
        #: Where something was put between the characters of the text, and how much.
        self._between: list[tuple[int, int]] = []

    def text(self, text: str) -> str:
        """Return what a piece of text adds.

        Args:
            text: The next piece.
        """
        gap = _GAP if self._gap else ""
        self._gap = False
        if gap:
            self._between.append((self._said, len(gap)))
        self._said += len(text)
        return gap + text

    def media(self, media: Media) -> str:
        """Return what an image, a video or a file adds.

        Args:
            media: Has its bytes or a URL.
        """
        if media.data is not None:
            url = data_url(media)
        else:
            url = "".join([_ESCAPES.get(sign, sign) for sign in media.url or ""])
        sign = "!" if media.kind == "image" else ""
        gap = _GAP if self._said or self._between else ""
        added = f"{gap}{sign}[{media.kind}]({url})"
        if self._players and media.kind == "video" and media.data is None:
            added = f'{gap}<video src="{escape(url)}" controls></video>'
        self._between.append((self._said, len(added)))
        self._gap = True
        return added

    def place(self, index: int, *, end: bool = False) -> int:
        """Return where a character of the text stands in what was written.

        Args:
            index: Number of the character within the text alone.
            end: It is the one after the last of a passage, which media behind do not move.
        """
        return index + sum(
            [size for at, size in self._between if at < index or (at == index and not end)]
        )


def parted(text: str) -> list[Text | Media]:
    """Take a text that `Markdown` wrote apart again, so that no model reads base64.

    Args:
        text: What an assistant said, as the client hands it back.

    Returns:
        Its parts in order; a text without such media is one part, an empty one none.

    Example:
        >>> parted("Look:\\n\\n![image](data:image/png;base64,iVBORw0KGgo=)")
        [Text(text='Look:\\n\\n'), Media('image/png', 8 bytes, url=False)]
    """
    parts: list[Text | Media] = []
    at = 0
    for found in _WRITTEN.finditer(text):
        try:
            media = media_from(base64.b64decode(found[2], validate=True), found[1], "content")
        except (BadRequest, ValueError):
            # Somebody shortened it, or only writes about such things.
            continue
        if found.start() > at:
            parts.append(Text(text[at : found.start()]))
        parts.append(media)
        at = found.end()
    if at < len(text):
        parts.append(Text(text[at:]))
    return parts
