"""The official table of codes and their HTTP statuses."""

from __future__ import annotations

from collections.abc import Mapping

#: Message of an answer that went well; clients are told to look at the code.
SUCCEED = "SUCCEED"

FAILED = 1000
ABSENT = 1001
MALFORMED = 1002
EARLY = 1003
LATE = 1004
ARREARS = 1101
USED_UP = 1102
FORBIDDEN = 1103
UNREADABLE = 1200
INVALID = 1201
NO_METHOD = 1202
NO_RESOURCE = 1203
TOO_FAST = 1302
TOO_MANY = 1303
NOT_LISTED = 1304
INTERNAL = 5000
UNAVAILABLE = 5001
TIMEOUT = 5002

#: HTTP status by code (reference: official docs, "Error Code").
STATUS: Mapping[int, int] = {
    1000: 401,
    1001: 401,
    1002: 401,
    1003: 401,
    1004: 401,
    1100: 429,
    1101: 429,
    1102: 429,
    1103: 403,
    1200: 400,
    1201: 400,
    1202: 404,
    1203: 404,
    1300: 400,
    1301: 400,
    1302: 429,
    1303: 429,
    1304: 429,
    5000: 500,
    5001: 503,
    5002: 504,
}

#: What the upstream says of the gateway's own credential: no client can mend that.
OURS = frozenset({FAILED, ABSENT, MALFORMED, EARLY, LATE, NOT_LISTED})

#: The upstream's account has no resources, however often it is asked.
EMPTY = frozenset({1100, ARREARS, USED_UP})

#: Said in the middle of the work as well as before it: what became of the request is open.
VAGUE = frozenset({INTERNAL, TIMEOUT})

#: Code that says most nearly what an HTTP status alone does.
_BY_STATUS: Mapping[int, int] = {
    401: FAILED,
    403: FORBIDDEN,
    404: NO_RESOURCE,
    410: NO_RESOURCE,
    429: TOO_FAST,
    503: UNAVAILABLE,
    504: TIMEOUT,
}


def code_of(status: int) -> int:
    """Return the code for an HTTP status that came without one.

    Args:
        status: 300 to 599.

    Example:
        >>> code_of(429), code_of(413), code_of(502)
        (1302, 1200, 5000)
    """
    return _BY_STATUS.get(status, UNREADABLE if 400 <= status < 500 else INTERNAL)
