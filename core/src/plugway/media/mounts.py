"""`/media/…`: where clients fetch what was made for them, by URLs that are signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from plugway.contract import Mount, Operation
from plugway.errors import Gone, NotFound
from plugway.media.answer import answer
from plugway.media.forms import end_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway.gateway import Gateway
    from plugway.request import Request


def media_mounts(gateway: Gateway) -> list[Mount]:
    """Return the mount.

    Args:
        gateway: The gateway; its parts are used when a request comes, not now.
    """

    async def endpoint(request: Request) -> ASGIApp:
        media, name = gateway.media, request.path_params["name"]
        query = _query(request.scope)
        now = gateway.clock.now() // 1_000_000
        until = media.links.check(name, query.get("until", ""), query.get("signature", ""), now)
        media_id, _, end = name.partition(".")
        kept = await media.get(media_id)
        # Only what there was has been signed.
        if kept is None or end != end_of(kept.mime_type):
            raise Gone
        try:
            return await answer(media, kept, request, seconds=until - now)
        except NotFound:
            raise Gone from None

    return [
        Mount(
            path="/media/{name}",
            endpoint=endpoint,
            methods=frozenset({"GET", "HEAD"}),
            # The signature is what lets a client in: it is shown in pages and in players.
            public=True,
            operation=Operation(summary="Fetch what was made, by a signed URL", tags=("media",)),
        )
    ]


def _query(scope: Any) -> dict[str, str]:
    try:
        return dict(parse_qsl(scope["query_string"].decode("ascii"), max_num_fields=16))
    except ValueError:
        return {}
