"""Every error has its official code and status."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import plugway
from plugway import (
    AddressRefused,
    BadRequest,
    Conflict,
    CredentialExpired,
    CredentialRestricted,
    InsufficientCredits,
    LedgerUnavailable,
    MethodNotAllowed,
    NoChannel,
    NoPrice,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    PayloadTooLarge,
    PlugwayError,
    QuotaExhausted,
    RateLimited,
    TaskGone,
    Unavailable,
    UnreadableAnswer,
    UpstreamError,
    UpstreamInterrupted,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from plugway_kling import codes
from plugway_kling.errors import official
from plugway_kling.refusal import refused


class NoRoute(NotFound):
    """Stands for a path that nobody serves."""


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotAuthenticated(), 401, 1000),
        (NotAuthenticated(reason="absent"), 401, 1001),
        (NotAuthenticated(reason="malformed"), 401, 1002),
        (NotAuthenticated(reason="early"), 401, 1003),
        (NotAuthenticated(reason="late"), 401, 1004),
        (InsufficientCredits(), 429, 1102),
        (NotPermitted(), 403, 1103),
        (BadRequest("the body is not JSON"), 400, 1200),
        (PayloadTooLarge(), 400, 1200),
        (refused("n", "expected 1 to 9"), 400, 1201),
        (BadRequest("too long", field="prompt"), 400, 1201),
        (Conflict("taken", field="external_id"), 400, 1201),
        (AddressRefused(), 400, 1201),
        (MethodNotAllowed(), 404, 1202),
        (NoRoute(), 404, 1202),
        (NotFound("there is no such task", field="task_id"), 404, 1203),
        (NoPrice(), 404, 1203),
        (NoChannel("no available channel for model x", field="model"), 404, 1203),
        (TaskGone(), 404, 1203),
        (RateLimited(), 429, 1302),
        (QuotaExhausted(), 429, 1303),
        (NoChannel(), 503, 5001),
        (Unavailable(), 503, 5001),
        (LedgerUnavailable(), 503, 5001),
        (UpstreamUnreachable(), 503, 5001),
        (CredentialExpired(), 503, 5001),
        (CredentialRestricted(), 503, 5001),
        (UpstreamTimeout(), 504, 5002),
        (UpstreamInterrupted(), 500, 5000),
        (UnreadableAnswer(), 500, 5000),
        (UpstreamError(), 500, 5000),
        (PlugwayError(), 500, 5000),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, PlugwayError) else str(value),
)
def test_errors(error: PlugwayError, status: int, code: int) -> None:
    body = official(error, "r1")
    assert (body.status, body.content["code"]) == (status, code)
    assert set(body.content) == {"code", "message", "request_id"}
    assert body.content["request_id"] == "r1"
    assert body.content["message"]


def test_the_field_is_named_as_clients_spell_it() -> None:
    conflict = Conflict("another task has it", field="external_id")
    assert official(conflict, "r").content["message"].startswith("external_task_id is invalid: ")
    assert "callback_url" in official(AddressRefused(), "r").content["message"]
    named = refused("image_list[0].image", "expected a URL")
    assert official(named, "r").content["message"] == named.message


def classes() -> Iterator[type[PlugwayError]]:
    for name in plugway.__all__:
        found = getattr(plugway, name)
        if isinstance(found, type) and issubclass(found, PlugwayError):
            yield found


def test_every_error_of_the_contract_has_an_official_code() -> None:
    for kind in classes():
        body = official(kind(), "r1")
        assert codes.STATUS[body.content["code"]] == body.status


def test_only_what_went_well_has_status_200() -> None:
    assert 0 not in codes.STATUS
    assert min(codes.STATUS.values()) == 400
    for status in range(300, 600):
        assert codes.code_of(status) in codes.STATUS
