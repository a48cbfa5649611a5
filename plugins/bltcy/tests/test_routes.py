"""Which requests are passed through, and which of them are polls."""

from __future__ import annotations

import pytest

from plugway import (
    InsufficientCredits,
    NoChannel,
    Request,
    UpstreamInterrupted,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from plugway.errors import PlugwayError
from plugway_bltcy.routes import is_poll, request_failed


def asked(
    method: str, path: str, query: str = "", headers: tuple[tuple[bytes, bytes], ...] = ()
) -> Request:
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": list(headers),
    }

    async def nothing(*message: object) -> None:
        raise AssertionError("nothing is read or sent here")

    return Request(
        scope,
        nothing,  # type: ignore[arg-type]  # never called
        nothing,
        request_id="r1",
        started=0,
        task=None,  # type: ignore[arg-type]  # never looked at
        client_ip="192.0.2.1",
    )


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("GET", "/runwayml/v1/tasks/1", ""),
        ("HEAD", "/pika", ""),
        ("OPTIONS", "/kling/x", ""),
        ("POST", "/suno/fetch", ""),
        ("POST", "/jimeng", "Action=CVSync2AsyncGetResult&Version=2022-08-31"),
        ("POST", "/jimeng/", "Version=2022-08-31&Action=CVSync2AsyncGetResult"),
    ],
)
def test_polls(method: str, path: str, query: str) -> None:
    assert is_poll(asked(method, path, query))


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("POST", "/runwayml/v1/image_to_video", ""),
        ("DELETE", "/runwayml/v1/tasks/1", ""),
        ("PUT", "/suno/fetch", ""),
        ("POST", "/suno/fetch/", ""),
        ("POST", "/suno/submit/fetch", ""),
        ("POST", "/pika/fetch", ""),
        ("POST", "/jimeng", ""),
        ("POST", "/jimeng", "Action=CVSync2AsyncSubmitTask"),
        # One of the two decides upstream, and nobody here knows which.
        ("POST", "/jimeng", "Action=CVSync2AsyncGetResult&Action=CVSync2AsyncSubmitTask"),
        ("POST", "/jimeng", "Action=CVSync2AsyncSubmitTask&action=CVSync2AsyncGetResult"),
        ("POST", "/jimeng", "Action=CVSync2AsyncGetResult;Action=CVSync2AsyncSubmitTask"),
        ("POST", "/jimeng/x", "Action=CVSync2AsyncGetResult"),
        ("POST", "/runwayml/v1/image_to_video", "Action=CVSync2AsyncGetResult"),
    ],
)
def test_what_is_no_poll(method: str, path: str, query: str) -> None:
    assert not is_poll(asked(method, path, query))


@pytest.mark.parametrize("name", [b"x-http-method-override", b"x-http-method"])
def test_a_get_that_means_a_post_is_no_poll(name: bytes) -> None:
    assert not is_poll(asked("GET", "/runway/x", headers=((name, b"POST"),)))


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (UpstreamUnreachable("The upstream could not be reached: x.", acted=False), 502, None),
        (UpstreamTimeout(), 504, None),
        (UpstreamInterrupted(), 502, None),
        (NoChannel(), 503, "no_available_channel"),
        (InsufficientCredits(), 402, "insufficient_credits"),
    ],
)
def test_errors_have_the_old_shape(error: PlugwayError, status: int, code: str | None) -> None:
    body = request_failed(error, "r1")
    assert body.status == status
    assert body.content == {"code": code or "request_failed", "message": error.message}
