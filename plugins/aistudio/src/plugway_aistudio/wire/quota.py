"""Which quota is used up, and until when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

#: Where the upstream's days begin (reference: "Streamed body format", quota error).
_ZONE = "America/Los_Angeles"

_MINUTE = re.compile(r"/\s*min(?:ute)?\b|per[ _-]?min(?:ute)?|a minute\b|\brpm\b|\btpm\b")
_DAY = re.compile(r"/\s*d(?:ay)?\b|per[ _-]?day|\bdaily\b|\btomorrow\b|\btoday\b|\brpd\b")
_PLAIN = re.compile(r"[^a-z0-9]+")

#: What tells of a quota; the rest of the metadata is about the service.
_KEYS = ("quota_metric", "quota_limit", "quota_unit")


def seconds_left(metadata: Mapping[str, str], words: str, now: float) -> float | None:
    """Return how long the quota stays used up; None: nothing tells.

    A quota of minutes is back 60 seconds after its window began, one of days at the next
    midnight in Los Angeles, whatever that day's length (reference: "Streamed body format").

    Args:
        metadata: Of the error; `quota_unit` is such as `1/min/{project}`, `window_start_time`
            is seconds since 1970 or a time of RFC 3339.
        words: In which the upstream says it; they count where the metadata tells nothing.
        now: Seconds since 1970.

    Example:
        >>> seconds_left({"quota_unit": "1/min/{user}", "window_start_time": "1000"}, "", 1_020.0)
        40.0
        >>> seconds_left({}, "Your daily quota is used up.", 1_794_000_000.0)
        38400.0
    """
    for evidence in (_evidence(metadata), words.lower()):
        if _MINUTE.search(evidence):
            began = _time(metadata.get("window_start_time", ""))
            left = 60.0 if began is None else began + 60.0 - now
            # A window that is over, or far ahead, says that clocks differ.
            return left if 1.0 <= left <= 120.0 else 60.0
        if _DAY.search(evidence):
            return _midnight(now) - now
    return None


def quota_of(metadata: Mapping[str, str], words: str, model: str) -> str:
    """Return the quota that is used up, as credentials name it.

    Args:
        metadata: Of the error.
        words: In which the upstream says it.
        model: Id of the model that was asked.

    Returns:
        The model's id, or `text`, which is the whole account: only where a limit is named, and
        neither it nor the words speak of a model. A limit of the account that was taken for one
        of the model is noticed with the next model; the other way round nobody would notice.

    Example:
        >>> quota_of({"quota_limit": "RequestsPerMinutePerProjectPerUser"}, "", "m-1")
        'text'
        >>> quota_of({"quota_limit": "RequestsPerDayPerProjectPerModel"}, "", "m-1")
        'm-1'
    """
    evidence = _evidence(metadata)
    if not model or "_global" in evidence:
        return "text"
    if metadata.get("model") or not metadata.get("quota_limit"):
        return model
    plain = _PLAIN.sub("", evidence)
    named = "permodel" in plain or "permodel" in _PLAIN.sub("", words.lower())
    return model if named or _PLAIN.sub("", model.lower()) in plain else "text"


def _evidence(metadata: Mapping[str, str]) -> str:
    return " ".join([metadata.get(key, "") for key in _KEYS]).lower()


def _time(text: str) -> float | None:
    text = text.strip()
    try:
        return float(text) if text.isdigit() else datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _midnight(now: float) -> float:
    zone = ZoneInfo(_ZONE)
    tomorrow = datetime.fromtimestamp(now, zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone).timestamp()
