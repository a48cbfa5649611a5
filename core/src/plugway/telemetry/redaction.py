"""The last line of defence: secrets that got into a log line by mistake."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: Longest text that a log line carries; the rest is cut.
LIMIT = 16_384

_HEADERS = (
    "authorization|proxy-authorization|cookie|set-cookie|api-key|x-api-key|x-goog-api-key"
    "|x-auth-token|x-access-token|x-amz-security-token"
)
_NAMES = (
    "api[_-]?key|access[_-]?key|secret[_-]?key|private[_-]?key|client[_-]?secret|secret|password"
    "|passwd|pwd|token|access[_-]?token|refresh[_-]?token|id[_-]?token|session[_-]?token"
    "|sessionid|signature|sig|credential"
)
_SECRET_NAME = re.compile(rf"(?:.*[_.-])?(?:{_HEADERS}|{_NAMES}|cookies)", re.IGNORECASE)

#: Cheap to look for, and one of them is in every text that a pattern below matches.
_HINTS: tuple[str, ...] = ("sk-", "ak-", "bearer", "eyj", "aiza", "ya29", "=", "@", "begin ")
_HINTS += (
    "auth",
    "key",
    "cookie",
    "token",
    "secret",
    "pass",
    "pwd",
    "sig",
    "session",
    "credential",
)

_PATTERNS = (
    (
        re.compile(
            r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}-----|\Z)", re.S
        ),
        "-----PRIVATE KEY-----",
    ),
    # Before the others: a header's value goes whole, whatever is in it. Quoted, as in a
    # printed dict or list of pairs, it ends with its quote.
    (
        re.compile(rf"(?i)([\"'](?:{_HEADERS})[\"']\s*[:,]\s*b?)([\"'])(?:\\.|(?!\2).)*\2?"),
        r"\1\2…\2",
    ),
    (re.compile(rf"(?i)\b((?:{_HEADERS})\s*[:=]\s*)[^\s\"'][^\r\n\"']*"), r"\1…"),
    (
        re.compile(rf"(?i)([\"'](?:\w*[_-])?(?:{_NAMES})[\"']\s*:\s*b?)([\"'])(?:\\.|(?!\2).)*\2?"),
        r"\1\2…\2",
    ),
    (re.compile(rf"(?i)\b((?:\w*[_-])?(?:{_NAMES})=)[^\s&;,\"'<>)\]}}]+"), r"\1…"),
    (re.compile(r"(?i)([?&;]\w*key=)[^\s&;\"'#<>)]+"), r"\1…"),
    (re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]{6,}"), r"\1…"),
    (re.compile(r"\b([sa]k-)[\w-]{6,}"), r"\1…"),
    (re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]*){1,4}"), "eyJ…"),
    (re.compile(r"\b(AIza|ya29\.)[\w.-]{16,}"), r"\1…"),
    # The second is the Go driver's form of a database.
    (re.compile(r"(://[^\s:@/\"']{0,64}:)[^\s\"'/?]{1,256}@"), r"\1…@"),
    (re.compile(r"\b([\w.-]{1,64}:)[^\s\"'/]{1,256}@(?=(?:tcp6?|unix)\b)"), r"\1…@"),
)


def redact(text: str) -> str:
    """Return a text without what looks like a secret.

    Args:
        text: A message, a traceback, a value.

    Returns:
        The text, with … in the place of secrets.

    Example:
        >>> redact("GET https://host/v1?key=AIzaSyA-1 refused, Authorization: Bearer abcdef")
        'GET https://host/v1?key=… refused, Authorization: …'
    """
    if len(text) > 16 * LIMIT:
        # Bounds the work. Half a secret at this cut is gone after the second one.
        text = text[: 4 * LIMIT] + text[-12 * LIMIT :]
    lowered = text.lower()
    if any(hint in lowered for hint in _HINTS):
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
    if len(text) > LIMIT:
        # A traceback's end says more than its beginning.
        text = f"{text[: LIMIT // 4]} … {text[-LIMIT * 3 // 4 :]}"
    return text


def clean(value: Any, name: str = "") -> Any:
    """Return a value of a log field in a form that JSON has, without secrets.

    Args:
        value: Anything.
        name: The field's name; one such as `token` hides its value whole.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if name and _SECRET_NAME.fullmatch(name):
        return "…"
    if isinstance(value, Mapping):
        return {redact(str(inner)): clean(one, str(inner)) for inner, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str | bytes):
            # A pair is how headers come.
            return [clean(value[0]), clean(value[1], _text(value[0]))]
        return [clean(one) for one in value]
    return redact(_text(value))


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
