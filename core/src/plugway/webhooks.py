"""Signed messages over HTTP, sent and received, as Standard Webhooks has them.

A message has the headers `webhook-id`, `webhook-timestamp` (seconds) and `webhook-signature`:
one or more of `v1,<base64>`, separated by spaces, each an HMAC-SHA256 of
`<id>.<timestamp>.<body>`. The package of that name is not used: it brings an HTTP client
along, and what is needed of it is below.
"""

from __future__ import annotations

import base64
import hmac
import secrets as entropy
from collections.abc import Iterable, Mapping

from plugway.errors import ConfigurationError

#: Seconds that a message's time may differ from ours.
TOLERANCE = 300

#: Characters of the signatures' header that are looked at.
MAX_SIGNATURES = 4096

_PREFIX = "whsec_"
_KEY_BYTES = 32


def new_webhook_secret() -> str:
    """Make a secret: `whsec_` and 32 random bytes in base64."""
    return _PREFIX + base64.b64encode(entropy.token_bytes(_KEY_BYTES)).decode()


def check_webhook_secret(secret: str) -> str:
    """Return a secret that can sign.

    Args:
        secret: `whsec_` and base64, or the base64 alone.

    Raises:
        ConfigurationError: It is none; the message does not hold it.
    """
    _key(secret)
    return secret


def sign_webhook(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a message.

    Args:
        secret: `whsec_` and base64.
        message_id: What `webhook-id` says: the same each time that the message is sent.
        timestamp: What `webhook-timestamp` says: seconds since 1970 at this sending.
        body: As it is sent, byte for byte.

    Returns:
        What `webhook-signature` says.

    Raises:
        ConfigurationError: The secret is none.

    Example:
        >>> sign_webhook("whsec_c2VjcmV0", "msg_1", 1_800_000_000, b"{}")
        'v1,O+nAl75pcWDICUxOtGxAfRQQXT4PwM4Q9Y5NQzdCPag='
    """
    return _signature(_key(secret), message_id, timestamp, body)


def verify_webhook(
    secrets: Iterable[str],
    headers: Mapping[str, str],
    body: bytes,
    now: int,
    tolerance: int = TOLERANCE,
) -> bool:
    """Say whether a message was signed with one of some secrets, and lately.

    Whoever takes messages must bear the same one twice: within the tolerance it can be sent
    again by anybody who saw it. Nothing in the headers makes this raise.

    Args:
        secrets: `whsec_…`; more than one while a secret is being changed. What is no secret
            signs nothing.
        headers: The message's, in any case.
        body: As it came, byte for byte.
        now: Seconds since 1970.
        tolerance: Seconds that `webhook-timestamp` may differ from now, either way.

    Example:
        >>> headers = {"webhook-id": "msg_1", "webhook-timestamp": "1800000000"}
        >>> headers["webhook-signature"] = sign_webhook("whsec_YQ==", "msg_1", 1800000000, b"{}")
        >>> verify_webhook(["whsec_YQ=="], headers, b"{}", now=1800000299)
        True
        >>> verify_webhook(["whsec_YQ=="], headers, b"{}", now=1800000301)
        False
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id = given.get("webhook-id", "")
    timestamp = given.get("webhook-timestamp", "")
    if not (message_id and message_id.isascii()):
        return False
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        return False
    if abs(now - int(timestamp)) > tolerance:
        return False
    # What cannot be encoded becomes a question mark, which no signature holds.
    signatures = given.get("webhook-signature", "")[:MAX_SIGNATURES].encode("ascii", "replace")
    valid = False
    for secret in secrets:
        try:
            key = _key(secret)
        except ConfigurationError:
            continue
        expected = _signature(key, message_id, int(timestamp), body).encode()
        for signature in signatures.split(b" "):
            # All of them, so that the time tells nothing of which one it was.
            valid |= hmac.compare_digest(signature, expected)
    return valid


def _signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    content = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    return "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()


def _key(secret: str) -> bytes:
    text = secret.removeprefix(_PREFIX)
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if not key:
        raise ConfigurationError("a webhook secret is whsec_ followed by base64")
    return key
