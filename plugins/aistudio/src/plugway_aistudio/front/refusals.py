"""How these routes refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from plugway import ErrorBody, plain_error

if TYPE_CHECKING:
    from plugway import PlugwayError


def with_detail(error: PlugwayError, request_id: str) -> ErrorBody:
    """Render an error as the earlier system did, in `detail`, besides plugway's own form.

    (reference: "Front features")

    Args:
        error: What went wrong.
        request_id: Of the request.

    Example:
        >>> from plugway import NotFound
        >>> with_detail(NotFound("no such key"), "r1").content["detail"]
        'no such key'
    """
    body = plain_error(error, request_id)
    return msgspec.structs.replace(body, content={"detail": error.message, **body.content})
