"""Hands images in that something is made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from plugway import BadRequest, Media, UnreadableAnswer
from plugway_flow.wire import image_bodies
from plugway_flow.wire.images import uploaded

if TYPE_CHECKING:
    from plugway import ChatRequest
    from plugway_flow.making.caller import Caller
    from plugway_flow.making.shapes import Shapes
    from plugway_flow.wire.client import Client
    from plugway_flow.wire.image_bodies import Shape

#: Other spellings of a type.
_ALIASES = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-png": "image/png"}

#: Images that pass; others would have to be converted.
_ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


def accepted_type(media: Media) -> str:
    """Return the type under which an image is handed in.

    Args:
        media: With its bytes.

    Raises:
        BadRequest: The upstream takes no such image.

    Example:
        >>> accepted_type(Media(mime_type="image/jpg", data=b"..."))
        'image/jpeg'
    """
    stated = media.mime_type.partition(";")[0].strip().lower()
    mime_type = _ALIASES.get(stated, stated)
    if mime_type not in _ENDINGS:
        named = stated[:100] or "what has no type"
        raise BadRequest(f"images must be PNG, JPEG or WebP, and not {named}", field="messages")
    return mime_type


class Uploads:
    """Hands in the images of one request."""

    def __init__(self, caller: Caller, shapes: Shapes) -> None:
        """Take what is needed.

        Args:
            caller: Sends.
            shapes: Knows what the upstream takes.
        """
        self._caller = caller
        self._shapes = shapes

    async def hand_in(self, request: ChatRequest, client: Client, aspect: str) -> tuple[str, ...]:
        """Hand in all images of a request, one at a time so that one at a time is in memory.

        Args:
            request: What is asked.
            client: Who asks.
            aspect: As in `Recipe`.

        Returns:
            The upstream's names for them.

        Raises:
            BadRequest: One of them is none that the upstream takes.
            UpstreamError: They could not be handed in; nothing was made.
        """
        try:
            return await self._all(request.media(), client, aspect)
        except BadRequest as error:
            field = request.spelt("media")
            said = error.message.removeprefix("messages: ")
            raise BadRequest(f"{field}: {said}", field=field) from None

    async def _all(self, images: Iterable[Media], client: Client, aspect: str) -> tuple[str, ...]:
        return tuple(
            [
                await self._one(media, number, client, aspect)
                for number, media in enumerate(images, start=1)
            ]
        )

    async def _one(self, given: Media, number: int, client: Client, aspect: str) -> str:
        turn, caller = self._caller.turn, self._caller
        media = await turn.load(given)
        mime_type = accepted_type(media)
        name = f"image-{number}.{_ENDINGS[mime_type]}"
        data = media.data or b""

        async def send(shape: Shape) -> str:
            post = image_bodies.upload(shape, client, data, mime_type, name=name, aspect=aspect)
            answer = await caller.ask(post, "an upload")
            try:
                return uploaded(answer)
            except UnreadableAnswer as error:
                error.acted = False
                raise

        return await self._shapes.tried(turn.channel, "upload", send, paths=True)
