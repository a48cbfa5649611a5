"""What the upstream refuses with is the error that the pool acts on."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aistudio_frames import sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from plugway import (
    BadRequest,
    ChallengeRequired,
    CredentialExpired,
    CredentialRestricted,
    NotFound,
    PlugwayError,
    QuotaExhausted,
    SafetyBlocked,
    UpstreamError,
    UpstreamInterrupted,
    UpstreamTimeout,
)
from plugway_aistudio.wire.refusal import of_text, refusal

_ANGELES = ZoneInfo("America/Los_Angeles")
_NOON = datetime(2026, 11, 21, 12, tzinfo=_ANGELES).timestamp()


def refused(status: int, body: bytes, now: float = _NOON) -> PlugwayError:
    return refusal(status, body, model="poet-1.5-pro", now=now)


def quota(
    metadata: dict[str, str] | None = None, *, now: float = _NOON, message: str = "Quota"
) -> QuotaExhausted:
    pairs = [[key, value] for key, value in (metadata or {}).items()]
    info = ["RATE_LIMIT_EXCEEDED", "googleapis.com", pairs]
    details = [["type.googleapis.com/google.rpc.ErrorInfo", info]]
    error = refused(429, sparse([None, [8, message, details]]).encode(), now)
    assert isinstance(error, QuotaExhausted)
    return error


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 3, BadRequest),
        (400, 9, BadRequest),
        (413, 3, BadRequest),
        (401, 16, CredentialExpired),
        (403, 7, CredentialRestricted),
        (404, 5, NotFound),
        (429, 8, QuotaExhausted),
        (499, 1, UpstreamInterrupted),
        (504, 4, UpstreamTimeout),
        (500, 13, UpstreamError),
        (501, 12, UpstreamError),
        (503, 14, UpstreamError),
        (418, 2, UpstreamError),
    ],
)
def test_statuses_are_errors_in_each_of_their_forms(
    status: int, code: int, kind: type[PlugwayError]
) -> None:
    bodies = [
        sparse([None, [code, "Words"]]).encode(),
        b")]}'\n" + sparse([None, [code, "Words", []], 5]).encode(),
        sparse([code, "Words"]).encode(),
        json.dumps({"error": {"code": status, "message": "Words"}}).encode(),
        json.dumps([{"error": {"code": status, "message": "Words"}}]).encode(),
    ]
    for body in bodies:
        error = refused(status, body)
        assert type(error) is kind
        assert error.message.endswith(": Words")
    for body in (b"", b"<html>Sorry</html>", b"[,[", b"x" * 1_000_000, b"[[1,[2]],[99]]"):
        assert type(refused(status, body)) is kind


def test_the_code_counts_where_the_status_is_another() -> None:
    assert type(refused(500, b'[,[16,"x"]]')) is CredentialExpired
    body = {"error": {"code": 400, "status": "RESOURCE_EXHAUSTED", "message": "x"}}
    assert type(refused(400, json.dumps(body).encode())) is QuotaExhausted


def test_a_wrong_place_is_the_account_s_and_not_the_request_s() -> None:
    error = refused(400, b'[,[9,"User location is not supported for the API use."]]')
    assert type(error) is CredentialRestricted


def test_a_missing_model_is_named() -> None:
    error = refused(404, b'[,[5,"Requested entity was not found."]]')
    assert "'poet-1.5-pro'" in error.message
    assert error.field == "model"


def test_what_is_refused_is_not_charged_and_mostly_did_not_act() -> None:
    for status in (401, 403, 429, 500, 503):
        error = refused(status, b"")
        assert isinstance(error, UpstreamError)
        assert (error.acted, error.charged) == (False, False)


@pytest.mark.parametrize(
    ("metadata", "seconds"),
    [
        ({"quota_unit": "1/min/{project}/{user}", "window_start_time": str(int(_NOON) - 20)}, 40),
        ({"quota_unit": "1/min/{project}", "window_start_time": "2026-11-21T19:59:30Z"}, 30),
        ({"quota_unit": "1/min/{project}", "window_start_time": str(int(_NOON) - 500)}, 60),
        ({"quota_unit": "1/min/{project}", "window_start_time": str(int(_NOON) + 500)}, 60),
        ({"quota_unit": "1/min/{project}", "window_start_time": "soon"}, 60),
        ({"quota_unit": "1/min/{project}", "window_start_time": "9" * 400}, 60),
        ({"quota_limit": "RequestsPerMinutePerProject"}, 60),
        ({"quota_metric": "generate_requests_per_minute"}, 60),
        ({"quota_unit": "1/d/{project}/{user}"}, 12 * 3_600),
        ({"quota_limit": "RequestsPerDayPerProjectPerModel"}, 12 * 3_600),
        ({"quota_unit": "1/{project}"}, None),
        ({"service": "per-minute.example"}, None),
        ({}, None),
    ],
)
def test_a_quota_tells_when_it_is_back(metadata: dict[str, str], seconds: float | None) -> None:
    assert quota(metadata).retry_after == seconds


@pytest.mark.parametrize(
    ("at", "hours"),
    [
        # A day of 23 hours, one of 25, and the last moments of one.
        (datetime(2026, 3, 8, 0, 30, tzinfo=_ANGELES), 22.5),
        (datetime(2026, 11, 1, 0, 30, tzinfo=_ANGELES), 24.5),
        (datetime(2026, 11, 1, 1, 30, tzinfo=_ANGELES, fold=1), 22.5),
        (datetime(2026, 12, 31, 23, 59, tzinfo=_ANGELES), 1 / 60),
        (datetime(2026, 7, 1, 0, 0, tzinfo=_ANGELES), 24),
    ],
)
def test_a_quota_of_days_is_back_at_midnight_in_los_angeles(at: datetime, hours: float) -> None:
    error = quota({"quota_unit": "1/d/{project}"}, now=at.timestamp())
    assert error.retry_after == pytest.approx(hours * 3_600)


def test_the_words_tell_where_the_metadata_does_not() -> None:
    assert quota(message="Only 5 requests per minute").retry_after == 60
    assert quota(message="Come back tomorrow.").retry_after == 12 * 3_600
    assert quota({"quota_unit": "1/d/{p}"}, message="5 per minute").retry_after == 12 * 3_600


@pytest.mark.parametrize(
    ("metadata", "kind"),
    [
        ({"quota_limit": "RequestsPerDayPerProjectPerModel"}, "poet-1.5-pro"),
        ({"quota_limit": "generate_requests_per_model_per_user"}, "poet-1.5-pro"),
        ({"quota_limit": "Requests", "quota_metric": "x/poet_1_5_pro_requests"}, "poet-1.5-pro"),
        ({"quota_limit": "Requests", "model": "poet-1.5-pro"}, "poet-1.5-pro"),
        ({"quota_limit": "RequestsPerMinutePerProjectPerUser"}, "text"),
        ({"quota_limit": "per_model_global"}, "text"),
        ({"quota_unit": "1/d/{project}"}, "poet-1.5-pro"),
        ({}, "poet-1.5-pro"),
    ],
)
def test_a_quota_is_the_model_s_or_the_account_s(metadata: dict[str, str], kind: str) -> None:
    assert quota(metadata).quota == kind


def test_the_upstream_s_wait_counts_where_nothing_else_tells() -> None:
    retry = ["type.googleapis.com/google.rpc.RetryInfo", [["12", 5]]]
    error = refused(429, sparse([None, [8, "Quota", [retry]]]).encode())
    assert error.retry_after == 12
    detail = {"retryDelay": "7.5s", "metadata": {"quota_limit": "PerProject", "n": 5}}
    body = {"error": {"status": "RESOURCE_EXHAUSTED", "details": [detail, 5]}}
    error = refused(429, json.dumps(body).encode())
    assert isinstance(error, QuotaExhausted)
    assert (error.retry_after, error.quota) == (7.5, "text")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Failed to generate content: user has exceeded quota. Please try again later.", "quota"),
        ("You are out of free generations for this model.", "quota"),
        ("You’ve reached your rate limit. Please try again later.", "rate"),
        ("Too many requests", "rate"),
        ("Resource has been exhausted (e.g. check quota).", "quota"),
        ("Our systems have detected unusual traffic", ChallengeRequired),
        ("Please sign in again", CredentialExpired),
        ("The caller does not have permission", CredentialRestricted),
        ("Gemini is not available in your country", CredentialRestricted),
        ("Content blocked: prohibited use", SafetyBlocked),
        ("The input is too long: maximum number of tokens is 5", BadRequest),
        ("An internal error has occurred.", UpstreamError),
        ("Something new", UpstreamError),
        ("", UpstreamError),
    ],
)
def test_words_of_the_page_are_errors(text: str, kind: Any) -> None:
    error = of_text(f"\n  {text} \n", model="poet", now=_NOON)
    if isinstance(kind, str):
        assert isinstance(error, QuotaExhausted)
        assert (error.quota, error.retry_after) == {
            "quota": ("poet", None),
            "rate": ("text", 60.0),
        }[kind]
    else:
        assert type(error) is kind
    assert " ".join(text.split())[:20] in error.message


def test_words_of_the_page_tell_when_a_quota_is_back() -> None:
    error = of_text("Daily quota exceeded", model="poet", now=_NOON)
    assert error.retry_after == 12 * 3_600


@settings(deadline=None)
@given(
    status=st.integers(0, 700),
    body=st.binary(max_size=200) | st.text('[]{}",:7 x', max_size=60).map(str.encode),
)
def test_whatever_is_refused_with_there_is_an_error(status: int, body: bytes) -> None:
    for one in (body, b"[," + body + b"]", b"[,[8,," + body + b"]]"):
        error = refused(status, one)
        assert isinstance(error, PlugwayError)
        assert len(error.message) < 500


@settings(deadline=None)
@given(text=st.text(max_size=400))
def test_whatever_the_page_says_there_is_an_error(text: str) -> None:
    assert len(of_text(text, model="poet", now=_NOON).message) < 500
