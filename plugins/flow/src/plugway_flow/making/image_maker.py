"""Has images made, and made larger."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from plugway import Media, PlugwayError, TaskUpdate
from plugway_flow.making.underway import Piece, Underway, kept_name
from plugway_flow.wire import image_bodies
from plugway_flow.wire.images import Image, larger, made
from plugway_flow.wire.reading import credits_left

if TYPE_CHECKING:
    from plugway import Clock, Usage
    from plugway_flow.accounts import Accounts
    from plugway_flow.making.caller import Caller
    from plugway_flow.making.shapes import Shapes
    from plugway_flow.making.work import Work
    from plugway_flow.wire.client import Client
    from plugway_flow.wire.image_bodies import Shape
    from plugway_flow.wire.reading import Fields

#: Longest answer with images in it, bytes; those of 4K have five million (reference §5.3).
_IMAGE_BYTES = 64 << 20


class ImageMaker:
    """Has images made; the answer brings them, so the task ends with it."""

    def __init__(self, caller: Caller, shapes: Shapes, accounts: Accounts, clock: Clock) -> None:
        """Take what is needed.

        Args:
            caller: Sends.
            shapes: Knows what the upstream takes.
            accounts: Told of credits.
            clock: Says when there is no more time.
        """
        self._caller = caller
        self._clock = clock
        settings = caller.settings
        # A submit that takes longer than the core waits for is given up by it.
        self._seconds = min(settings.image_timeout, settings.total_timeout)
        self._shapes = shapes
        self._accounts = accounts

    async def make(self, work: Work, client: Client, references: tuple[str, ...]) -> TaskUpdate:
        """Have images made.

        Args:
            work: What is to be done.
            client: Who asks.
            references: Names of images that were handed in.

        Raises:
            PlugwayError: None was made, or nobody knows.
        """
        recipe, caller = work.recipe, self._caller
        seeds, batch = work.seeds(recipe.count), work.name()

        async def send(shape: Shape) -> tuple[Shape, Fields]:
            post = image_bodies.generate(
                shape,
                client,
                prompt=work.prompt,
                key=recipe.key,
                aspect=recipe.aspect,
                seeds=seeds,
                references=references,
                batch=batch,
            )
            return shape, await caller.ask(
                post,
                "a request for images",
                acts=True,
                seconds=self._seconds,
                most=_IMAGE_BYTES,
            )

        shape, answer = await self._shapes.tried(caller.turn.channel, "image", send)
        credits_ = credits_left(answer)
        if credits_ is not None and caller.turn.credential_id is not None:
            await self._accounts.note_credits(caller.turn.credential_id, credits_)
        images = made(answer)[: recipe.count]
        media, plain, why = [], 0, ""
        until = self._clock.monotonic() + self._seconds
        for image in images:
            left = until - self._clock.monotonic()
            bigger, failed = await self._larger(client, recipe.upscale, image, left)
            media.append(_media(image, bigger))
            plain += bool(failed)
            why = why or failed
        underway = Underway(
            recipe=recipe,
            project=client.project,
            shape=shape,
            stage="made",
            pieces=tuple([Piece(image.name, image.url) for image in images]),
            # Of what cannot be fetched at once, the plain ones are delivered later.
            usage=_of(work.plain_usage() or work.usage, len(images)),
            larger=why,
        )
        return TaskUpdate(
            state="succeed",
            answer=underway.written(),
            upstream_id=kept_name(images[0].name) if images[0].name else None,
            usages=_usages(work, len(images), plain),
            media=tuple(media),
        )

    async def _larger(
        self, client: Client, size: str, image: Image, seconds: float
    ) -> tuple[bytes | None, str]:
        """Return an image made larger, or why it could not be: the plain one is there."""
        if not size:
            return None, ""
        if seconds <= 0:
            return None, "there was no time left"
        if not image.name:
            return None, "the upstream gave the image no name"
        try:
            body = await self._caller.post(
                image_bodies.upsample(client, image.name, size),
                acts=True,
                seconds=seconds,
                most=_IMAGE_BYTES,
            )
            return larger(body), ""
        except PlugwayError as error:
            return None, error.message


def _media(image: Image, bigger: bytes | None) -> Media:
    name = image.name or None
    if bigger is not None:
        return Media(data=bigger, name=name)
    if image.data is not None:
        return Media(data=image.data, name=name)
    return Media(url=image.url, name=name)


def _usages(work: Work, count: int, plain: int) -> tuple[Usage, ...] | None:
    """Return what was used, where it is not what was quoted: fewer images, or plain ones."""
    cheaper = work.plain_usage()
    if cheaper is None:
        plain = 0
    if count == work.recipe.count and not plain:
        return None
    parts = ((work.usage, count - plain), (cheaper, plain))
    return tuple([_of(usage, number) for usage, number in parts if usage is not None and number])


def _of(usage: Usage, count: int) -> Usage:
    return msgspec.structs.replace(usage, quantity=Decimal(count), images=count)
