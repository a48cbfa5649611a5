"""Answers a request with a medium: whole, a part of it, or that the client has it already."""

from __future__ import annotations

import re
from contextlib import aclosing
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from plugway.media.forms import is_shown, served_as
from plugway.media.ranges import Unsatisfiable, range_of

if TYPE_CHECKING:
    from starlette.datastructures import Headers
    from starlette.types import ASGIApp, Send

    from plugway.media.kept import Kept
    from plugway.media.store import MediaStore
    from plugway.request import Request

#: What a browser that is led to a medium may do with it: show it, and run nothing.
_POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"

_TAG = re.compile(r'(?:W/)?"[^"]*"')


async def answer(
    media: MediaStore,
    kept: Kept,
    request: Request,
    *,
    filename: str | None = None,
    seconds: int | None = None,
) -> ASGIApp:
    """Answer a `GET` or `HEAD` with a medium; whoever calls has seen that the client may have it.

    Args:
        media: Where it is.
        kept: What.
        request: The request; its conditions and its range are heeded.
        filename: What it is saved as; None: as its URL says.
        seconds: How long the client may keep it without asking again; None: it always asks.

    Raises:
        NotFound: Its bytes are gone.
        Unavailable: They could not be read.

    Example:
        ```python
        return await answer(gateway.media, kept, request, filename="video.mp4")
        ```
    """
    tag, changed = f'"{kept.id}"', _seconds(kept.created_at)
    headers = {
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache"
        if seconds is None
        else f"private, max-age={seconds}, immutable",
        "content-security-policy": _POLICY,
        "etag": tag,
        "last-modified": format_datetime(changed, usegmt=True),
        "x-content-type-options": "nosniff",
    }
    early = _without_it(request.headers, tag, changed)
    if early is not None:
        return Response(status_code=early, headers=headers)
    headers["content-disposition"] = _disposition(kept, filename)
    start, end, status = 0, kept.size, 200
    if request.method == "GET" and _is_same(request.headers.get("if-range"), tag, changed):
        try:
            part = range_of(request.headers.get("range", ""), kept.size)
        except Unsatisfiable:
            headers["content-range"] = f"bytes */{kept.size}"
            return Response(status_code=416, headers=headers)
        if part is not None:
            start, end = part
            status = 206
            headers["content-range"] = f"bytes {start}-{end - 1}/{kept.size}"
    headers["content-type"] = served_as(kept.mime_type)
    headers["content-length"] = str(end - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    content = await media.stream(kept, start, end)
    return _Stream(content, status, headers)


class _Stream(StreamingResponse):
    """Closes what it reads from when the client leaves."""

    async def stream_response(self, send: Send) -> None:
        async with aclosing(cast("Any", self.body_iterator)):
            await super().stream_response(send)


def _without_it(headers: Headers, tag: str, changed: datetime) -> int | None:
    """Return the status of an answer without the medium, in the order of RFC 9110, 13.2.2."""
    if "if-match" in headers:
        if not _names(headers["if-match"], tag, weakly=False):
            return 412
    elif _is_before(headers.get("if-unmodified-since"), changed):
        return 412
    if "if-none-match" in headers:
        return 304 if _names(headers["if-none-match"], tag, weakly=True) else None
    since = _date(headers.get("if-modified-since"))
    return 304 if since is not None and changed <= since else None


def _names(header: str, tag: str, *, weakly: bool) -> bool:
    if header.strip() == "*":
        return True
    tags = _TAG.findall(header)
    return tag in (one.removeprefix("W/") if weakly else one for one in tags)


def _is_before(header: str | None, changed: datetime) -> bool:
    date = _date(header)
    return date is not None and date < changed


def _is_same(if_range: str | None, tag: str, changed: datetime) -> bool:
    """Say whether a client has a part of this medium and not of another one."""
    if if_range is None:
        return True
    value = if_range.strip()
    return value == tag or (not value.endswith('"') and _date(value) == changed)


def _date(header: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(header or "")
    except ValueError:
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date


def _seconds(micros: int) -> datetime:
    return datetime.fromtimestamp(micros // 1_000_000, UTC)


def _disposition(kept: Kept, filename: str | None) -> str:
    kind = "inline" if is_shown(kept.mime_type) else "attachment"
    if filename is None:
        return kind
    plain = re.sub(r"[^A-Za-z0-9 ._-]", "_", filename)
    if plain == filename:
        return f'{kind}; filename="{plain}"'
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
