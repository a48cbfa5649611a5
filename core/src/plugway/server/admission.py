"""Which request heads are let in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from plugway.contract.routes import METHODS
from plugway.errors import BadRequest, MethodNotAllowed, PayloadTooLarge
from plugway.server.refusals import HeadersTooLarge, TargetTooLong, VersionNotServed

if TYPE_CHECKING:
    from starlette.types import Scope

    from plugway.settings import ServerSettings

# Control characters, backslash, what could not be decoded, line separators; empty
# segments; segments of dots, also when something further on would decode them again or
# cut them at a `;`.
_FORBIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\\\ufffd\u2028\u2029]|//|/(?:\.|%2[eE]){1,2}(?:[;/]|$)"
)
_HTTP1 = ("1.1", "1.0", "1")  # the last is granian's name for 1.0
_FRAMING = (b"host", b"content-length", b"transfer-encoding")


def admit(
    scope: Scope,
    fields: dict[bytes, bytes],
    limits: ServerSettings,
    *,
    cleartext_http2: bool = False,
) -> int | None:
    """Check a request's head, on exactly what will be routed.

    Args:
        scope: The ASGI scope of an HTTP request.
        fields: The scope's headers, as a dictionary.
        limits: What is accepted.
        cleartext_http2: Whether HTTP/2 without TLS is.

    Returns:
        The length of the body in bytes as declared; None when only its end will tell.

    Raises:
        ClientError: The request must not be routed.
    """
    version = scope["http_version"]
    if version not in _HTTP1 and (
        version != "2" or (scope["scheme"] == "http" and not cleartext_http2)
    ):
        raise VersionNotServed
    if scope["method"] not in METHODS:
        raise MethodNotAllowed("This method is not served here.")
    _check_target(scope, limits)
    _check_headers(scope["headers"], fields, limits)
    return _body_length(version, fields, limits)


def _check_target(scope: Scope, limits: ServerSettings) -> None:
    path: str = scope["path"]
    if path[:1] != "/" or _FORBIDDEN.search(path):
        raise BadRequest("The path is not acceptable.")
    raw: bytes = scope.get("raw_path") or b""
    query: bytes = scope["query_string"]
    if len(raw) + len(query) > limits.max_header_bytes or len(path) > limits.max_header_bytes:
        raise TargetTooLong
    # Routed is the decoded path; whoever looks at the raw one must find the same.
    if b"#" in raw or b"#" in query:
        raise BadRequest("The path is not acceptable.")
    said = raw.decode("latin-1")
    if said and said != path and unquote(said) != path:
        raise BadRequest("The path is not acceptable.")


def _check_headers(
    headers: list[tuple[bytes, bytes]], fields: dict[bytes, bytes], limits: ServerSettings
) -> None:
    if len(headers) > limits.max_headers:
        raise HeadersTooLarge
    size = len(b"".join(fields)) + len(b"".join(fields.values()))
    if len(fields) != len(headers):
        names = [name for name, _ in headers]
        if any(names.count(name) > 1 for name in _FRAMING):
            raise BadRequest("A header that may be there once is there twice.")
        size = sum(len(name) + len(value) for name, value in headers)
    if size > limits.max_header_bytes:
        raise HeadersTooLarge


def _body_length(version: str, fields: dict[bytes, bytes], limits: ServerSettings) -> int | None:
    if version == "1.1" and not fields.get(b"host"):
        raise BadRequest("The Host header is missing.")
    length = fields.get(b"content-length")
    coding = fields.get(b"transfer-encoding")
    if coding is not None:
        if length is not None or version != "1.1" or coding.lower() != b"chunked":
            raise BadRequest("The body's framing is not acceptable.")
        return None
    if length is None:
        return 0 if version in _HTTP1 else None
    if not length.isdigit():
        raise BadRequest("The Content-Length is not a number.")
    # Compared by digits first: converting a million of them would take its time.
    if len(length) > 18 or int(length) > limits.max_body_bytes:
        raise PayloadTooLarge
    return int(length)
