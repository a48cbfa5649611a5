"""Answers that the guard gives itself, before or instead of the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from plugway.contract import plain_error
from plugway.contract.routes import METHODS
from plugway.errors import ClientError, MethodNotAllowed, PlugwayError

if TYPE_CHECKING:
    from starlette.types import Send


class TargetTooLong(ClientError):
    """The path and query are longer than this gateway accepts."""

    status = 414
    code = "target_too_long"


class HeadersTooLarge(ClientError):
    """The headers are more or larger than this gateway accepts."""

    status = 431
    code = "headers_too_large"


class BodyTimeout(ClientError):
    """The request body did not arrive in time."""

    status = 408
    code = "body_timeout"


class VersionNotServed(ClientError):
    """This version of HTTP is not spoken here."""

    status = 505
    code = "http_version_not_supported"


class DeadlinePassed(PlugwayError):
    """The exchange took longer than this gateway allows."""

    status = 504
    code = "deadline_passed"


_ALLOW = ", ".join(sorted(METHODS)).encode()


async def refuse(send: Send, error: PlugwayError, request_id: str) -> None:
    """Send an error in plugway's own shape.

    Args:
        send: The ASGI send of an exchange in which nothing was sent yet.
        error: What to say.
        request_id: Shown to the client.
    """
    rendered = plain_error(error, request_id)
    body = msgspec.json.encode(rendered.content)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", request_id.encode()),
    ]
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", _ALLOW))
    await send({"type": "http.response.start", "status": rendered.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
