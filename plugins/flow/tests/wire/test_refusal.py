"""What the upstream's refusals mean, and what they do to the account."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway import (
    AccountMigrated,
    BadRequest,
    ChallengeRequired,
    CredentialExpired,
    CredentialRestricted,
    PlugwayError,
    QuotaExhausted,
    SafetyBlocked,
    TierTooLow,
    UpstreamError,
    UpstreamInterrupted,
    UpstreamTimeout,
)
from plugway_flow.wire import refusal
from plugway_flow.wire.redirect import of_redirect
from plugway_flow.wire.refusal import NotThere, ShapeRefused

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def told(code: int, status: str = "", message: str = "", reason: str = "") -> bytes:
    """Return Google's form of an error."""
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}]
    error = {"code": code, "message": message, "status": status}
    return json.dumps({"error": {**error, **({"details": details} if reason else {})}}).encode()


#: Status, status's name, message, reason; the error; whether somebody else may be asked.
TABLE: list[tuple[int, str, str, str, type[PlugwayError], bool | None]] = [
    (401, "UNAUTHENTICATED", "Request had invalid credentials.", "", CredentialExpired, True),
    (
        403,
        "PERMISSION_DENIED",
        "reCAPTCHA evaluation failed",
        "PUBLIC_ERROR_UNUSUAL_ACTIVITY",
        ChallengeRequired,
        True,
    ),
    (403, "PERMISSION_DENIED", "reCAPTCHA evaluation failed", "", ChallengeRequired, True),
    (400, "INVALID_ARGUMENT", "Missing reCAPTCHA token", "", ChallengeRequired, True),
    (
        403,
        "PERMISSION_DENIED",
        "Something went wrong",
        "PUBLIC_ERROR_SOMETHING_WENT_WRONG",
        CredentialRestricted,
        True,
    ),
    (403, "PERMISSION_DENIED", "This needs the Ultra tier.", "", TierTooLow, True),
    (403, "PERMISSION_DENIED", "", "PUBLIC_ERROR_PAYGATE_TIER_NOT_PAID", TierTooLow, True),
    (403, "PERMISSION_DENIED", "", "PUBLIC_ERROR_MODEL_ACCESS_DENIED", TierTooLow, True),
    (
        429,
        "RESOURCE_EXHAUSTED",
        "Too much traffic",
        "PUBLIC_ERROR_UNUSUAL_ACTIVITY_TOO_MUCH_TRAFFIC",
        QuotaExhausted,
        True,
    ),
    (
        403,
        "PERMISSION_DENIED",
        "",
        "PUBLIC_ERROR_INSUFFICIENT_CREDITS",
        QuotaExhausted,
        True,
    ),
    (400, "FAILED_PRECONDITION", "Not enough AI credits", "", QuotaExhausted, True),
    (
        400,
        "INVALID_ARGUMENT",
        "Request contains an invalid argument.",
        "PUBLIC_ERROR_UNSAFE_GENERATION",
        SafetyBlocked,
        False,
    ),
    (400, "INVALID_ARGUMENT", "The prompt violates our policies.", "", SafetyBlocked, False),
    (400, "INVALID_ARGUMENT", "Request contains an invalid argument.", "", ShapeRefused, None),
    (
        400,
        "INVALID_ARGUMENT",
        'Invalid JSON payload received. Unknown name "structuredPrompt": Cannot find field.',
        "",
        ShapeRefused,
        None,
    ),
    (400, "INVALID_ARGUMENT", "Unknown model key veo_9.", "", BadRequest, None),
    (413, "", "", "", BadRequest, None),
    (404, "NOT_FOUND", "Project p was not found.", "", NotThere, True),
    (403, "PERMISSION_DENIED", "This account has been migrated.", "", AccountMigrated, True),
    (401, "UNAUTHENTICATED", "Use https://flow.google.com/ now.", "", AccountMigrated, True),
    (500, "INTERNAL", "Internal error encountered.", "", UpstreamError, True),
    (503, "UNAVAILABLE", "", "", UpstreamError, True),
    (504, "DEADLINE_EXCEEDED", "", "", UpstreamTimeout, False),
]


@pytest.mark.parametrize(("code", "status", "message", "reason", "error", "elsewhere"), TABLE)
def test_refusals_are_typed(
    code: int,
    status: str,
    message: str,
    reason: str,
    error: type[PlugwayError],
    elsewhere: bool | None,
) -> None:
    found = refusal.of_body(told(code, status, message, reason), code).error()
    assert type(found) is error
    if isinstance(found, UpstreamError):
        assert elsewhere is (found.retryable or not found.acted)


@pytest.mark.parametrize("code", [400, 403, 404, 429, 500])
def test_row_17_the_upstreams_reason_is_shown(code: int) -> None:
    body = told(code, "SOME_STATUS", "The reason in words.", "PUBLIC_ERROR_SOME_REASON")
    said = refusal.of_body(body, code).error().message
    for words in ("The reason in words.", "SOME_STATUS", "PUBLIC_ERROR_SOME_REASON"):
        assert words in said


def test_row_22_a_challenge_is_no_traffic_and_traffic_no_challenge() -> None:
    busy = told(429, "RESOURCE_EXHAUSTED", "", "PUBLIC_ERROR_UNUSUAL_ACTIVITY_TOO_MUCH_TRAFFIC")
    found = refusal.of_body(busy, 429, 77.0).error()
    assert isinstance(found, QuotaExhausted)
    assert found.retry_after == 77.0


def test_the_wait_stands_in_the_details_too() -> None:
    error = {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": [{"retryDelay": "12.5s"}]}
    assert refusal.of_json({"error": error}).retry_after == 12.5


@pytest.mark.parametrize(
    ("code", "error"),
    [(502, UpstreamInterrupted), (500, UpstreamError), (403, CredentialRestricted)],
)
def test_a_page_of_something_in_the_way_is_no_word_of_the_upstream(
    code: int, error: type[PlugwayError]
) -> None:
    found = refusal.of_body(b"<html>Error 403 Tier</html>", code).error()
    assert type(found) is error
    assert str(code) in found.message


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("https://flow.google.com/project/1", AccountMigrated),
        ("https://accounts.google.com/v3/signin", CredentialExpired),
        ("https://labs.google/fx/api/auth/signin", CredentialExpired),
        # A query says where somebody else would lead to.
        ("https://wifi.example/?next=https://accounts.google.com/signin", UpstreamError),
        ("http://[", UpstreamError),
    ],
)
def test_row_21_redirects_of_the_api_tell_of_a_move(
    location: str, error: type[PlugwayError]
) -> None:
    assert type(of_redirect(location)) is error


@given(value=JSON, code=st.integers(400, 599))
def test_anything_becomes_an_error(value: Any, code: int) -> None:
    body = json.dumps(value).encode()
    for one in (value, {"error": value}, {"error": {"message": value, "details": [value]}}):
        found = refusal.of_json(one, code).error()
        assert isinstance(found, PlugwayError)
        assert len(found.message) < 1_000
    assert isinstance(refusal.of_body(body, code).error(), PlugwayError)


@given(body=st.binary(max_size=64), code=st.integers(400, 599))
def test_any_bytes_become_an_error(body: bytes, code: int) -> None:
    assert isinstance(refusal.of_body(body, code).error(), PlugwayError)
