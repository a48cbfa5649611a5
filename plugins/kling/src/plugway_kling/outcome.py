"""What an answer to a submit means: taken, refused, or nobody knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import msgspec
from starlette.responses import Response

from plugway import Unavailable, UnreadableAnswer, UpstreamError, UpstreamTimeout
from plugway_kling import codes, envelope, identifiers
from plugway_kling.envelope import Fields, Told

if TYPE_CHECKING:
    from plugway import Answer

JSON = "application/json"

#: Said of the answers that leave open what became of the request.
LOST = "the upstream's answer was lost: the task may be running; ask for it by external_task_id"

#: Statuses of balancers and of failures in the middle of the work.
_OPEN = 500
_BUSY = 503


class Outcome(msgspec.Struct, frozen=True):
    """Is what an answer means.

    Attributes:
        said: `taken`; `refused`: certainly not taken; `open`: it may have been.
        told: The answer, if it is one of the API.
        data: What it tells of the task.
        reason: Why it was refused; no secret.
    """

    said: Literal["taken", "refused", "open"]
    told: Told | None = None
    data: Fields | None = None
    reason: str = ""


def outcome(status: int, body: bytes) -> Outcome:
    """Say what an answer to a submit means.

    Args:
        status: HTTP status.
        body: As it came, whole.

    Example:
        >>> outcome(200, b'{"code": 1303, "message": "over resource pack limit"}').said
        'refused'
        >>> outcome(502, b"<html>").said, outcome(200, b'{"code": 0, "da').said
        ('open', 'open')
    """
    told = envelope.read(body)
    code = None if told is None else told.code
    if told is None or code is None or (code == 0 and status >= 400):
        # No word of the API: only the status speaks.
        vague = status < 300 or (status >= _OPEN and status != _BUSY)
        reason = f"the upstream answered {status}"
        return Outcome("open" if vague else "refused", reason=reason)
    if code == 0:
        data = envelope.object_of(told.data)
        return Outcome("taken" if data is not None else "open", told, data)
    vague = code in codes.VAGUE or (code not in codes.STATUS and status >= _OPEN)
    return Outcome("open" if vague else "refused", told, reason=f"code {code}: {told.message}")


def lost(status: int, told: Told | None) -> UpstreamError:
    """Return the error for an answer that leaves open what became of the request.

    Args:
        status: HTTP status.
        told: The answer, if it is one of the API.
    """
    late = status == 504 or (told is not None and told.code == codes.TIMEOUT)
    return UpstreamTimeout(LOST) if late else UnreadableAnswer(LOST)


def refusal(request_id: str, answer: Answer, body: bytes, found: Outcome) -> Response:
    """Return what a client is told of a refusal: the upstream's own words, if it has any.

    Args:
        request_id: Of the client's request.
        answer: The upstream's answer.
        body: Its body, with the client's own ids.
        found: What it means.

    Raises:
        Unavailable: It speaks of the gateway's own credential, which no client can mend.
    """
    told, status = found.told, answer.status
    if status == 401 or (told is not None and told.code in codes.OURS):
        raise Unavailable("the upstream refused the gateway's credential; try again later")
    headers = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in answer.raw_headers
        if name.lower() == b"retry-after"
    }
    if told is None or told.code is None or (told.code == 0 and status >= 400):
        code = codes.code_of(status)
        message = f"the upstream answered with status {status}"
        body = msgspec.json.encode({"code": code, "message": message, "request_id": request_id})
        status = codes.STATUS[code]
    return Response(body, status, headers, media_type=JSON)


def task_id(data: Fields | None) -> str:
    """Return the upstream's name of a task that it took; empty: it gave none."""
    return "" if data is None else identifiers.told_id(data)


def without_encodings(
    headers: Iterable[tuple[bytes, bytes]],
) -> tuple[tuple[bytes, bytes], ...]:
    """Return a client's headers without those that would have the answer packed.

    Args:
        headers: As ASGI gives them.
    """
    return tuple(pair for pair in headers if pair[0] != b"accept-encoding")
