"""Videos made here that new ones go on from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from plugway.bindings import Binding
from plugway.contract import Media, Task
from plugway.errors import BadRequest, NotFound
from plugway.generations.naming import call_of, name_of

if TYPE_CHECKING:
    from plugway.identity.principal import Principal
    from plugway.media.store import MediaStore
    from plugway.tasks.tasks import Tasks


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Is a video of an earlier task.

    Attributes:
        task: The task.
        media: The video, by the upstream's name for it.
        pin: The credential that made it, which alone can go on from it.
    """

    task: Task
    media: Media
    pin: Binding

    @property
    def name(self) -> str:
        """Return what clients call the task."""
        return name_of("video", self.task.call_id)


async def find_source(
    tasks: Tasks, media: MediaStore, principal: Principal, name: str, field: str
) -> Source:
    """Return a caller's own video.

    Args:
        tasks: Where tasks are.
        media: What they made.
        principal: Whose it must be.
        name: The name of its task, or that of its call.
        field: Where the name stands, for errors.

    Raises:
        NotFound: The caller has no such video.
        BadRequest: It is not made, or cannot be gone on from.
    """
    try:
        task = await tasks.own(principal, call_of("video", name) or name, kinds=("video",))
    except NotFound:
        raise NotFound(f"{field}: there is no video {name[:128]!r}", field=field) from None
    if task.state != "succeed":
        raise BadRequest(f"{field}: {name} is not completed", field=field)
    kept = [one for one in await media.of(task.call_id) if one.kind == "video"]
    if not kept:
        raise NotFound(f"{field}: {name} is not kept any more", field=field)
    if not kept[0].name or task.channel_id is None:
        raise BadRequest(f"{field}: {name} cannot be gone on from", field=field)
    return Source(
        task=task,
        media=Media(mime_type=kept[0].mime_type, name=kept[0].name),
        pin=Binding(
            provider=task.provider,
            kind=task.kind,
            name=kept[0].name,
            user_id=task.user_id,
            channel_id=task.channel_id,
            credential_id=task.credential_id,
        ),
    )
