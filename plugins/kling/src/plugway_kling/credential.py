"""Credentials: a pair that signs tokens, or an API key as it is."""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING, Protocol

import msgspec

from plugway import (
    BadRequest,
    CredentialExpired,
    CredentialKind,
    CredentialRestricted,
    Grant,
    QuotaExhausted,
    Secret,
    UpstreamError,
)
from plugway_kling import codes, envelope, reading
from plugway_kling.provider import NAME

if TYPE_CHECKING:
    from plugway import Channel, Upstream

#: Seconds that a token lives, and by which it is valid before its time (reference: official
#: docs, "Authentication").
LIFETIME = 1800
EARLIER = 5

#: Seconds until an account without units is tried again: somebody has to buy some.
SPENT_SECONDS = 1800.0

#: A query that costs nothing, for `plugway channels test`.
_FREE = "/v1/videos/text2video?pageNum=1&pageSize=1"

_ANSWER_BYTES = 1 << 20


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> int:
        """Return microseconds since 1970."""


class KlingKey(CredentialKind):
    """Signs a token with `accessKey|secretKey`, or sends a key without `|` as it is."""

    name = NAME

    def __init__(self, clock: Clock) -> None:
        """Take the time.

        Args:
            clock: Dates the tokens.
        """
        self._clock = clock

    def parse(self, text: str) -> Secret:
        """Check a secret.

        Args:
            text: `accessKey|secretKey`, or an API key.

        Raises:
            BadRequest: It is neither.
        """
        plain = super().parse(text).reveal()
        parts = [part.strip() for part in plain.split("|")]
        if len(parts) > 2 or not all(parts) or any(" " in part for part in parts):
            raise BadRequest("expected accessKey|secretKey, or an API key", field="secret")
        return Secret("|".join(parts))

    async def mint(self, secret: Secret, channel: Channel, upstream: Upstream) -> Grant:
        """Return the header; a token's is made anew before it ends."""
        if not is_pair(secret):
            return Grant((("Authorization", f"Bearer {secret.reveal()}"),))
        access_key, _, secret_key = secret.reveal().partition("|")
        now = self._clock.now() // 1_000_000
        token = signed(access_key, secret_key, now)
        return Grant((("Authorization", f"Bearer {token}"),), expires_at=now + LIFETIME)

    def rest(self, body: bytes) -> float | None:
        """Let an account rest that is out of order or out of units: trying again cures neither.

        Args:
            body: What the upstream said (reference: official docs, "Error codes").
        """
        told = envelope.read(body)
        return SPENT_SECONDS if told is not None and told.code in codes.EMPTY else None

    async def check(self, grant: Grant, channel: Channel, upstream: Upstream) -> None:
        """Ask for a page of tasks, which costs nothing.

        Raises:
            UpstreamError: The grant does not work; the message says why.
        """
        from plugway import Timeouts

        answer = await upstream.send(
            "GET",
            channel.base_url + _FREE,
            headers=(("Accept", "application/json"), *grant.headers),
            timeouts=Timeouts.of(channel.settings),
            proxy=channel.settings.proxy,
        )
        try:
            told = envelope.read(await answer.read(_ANSWER_BYTES))
        finally:
            await answer.close()
        if told is None or told.code is None:
            raise _by_status(answer.status)
        if told.code != 0:
            error = reading.refusal(told)
            raise type(error)(f"{error.message}: {told.message}", acted=False)


def is_pair(secret: Secret) -> bool:
    """Say whether a secret signs tokens; the newer generation takes no such token."""
    return "|" in secret.reveal()


def signed(access_key: str, secret_key: str, now: int) -> str:
    """Return a token as the official samples make it: HS256, `iss`, `exp`, `nbf`.

    Args:
        access_key: Who signs.
        secret_key: With what.
        now: Seconds since 1970.

    Example:
        >>> signed("ak", "sk", 1_700_000_000).count(".")
        2
    """
    claims = {"iss": access_key, "exp": now + LIFETIME, "nbf": now - EARLIER}
    header = _encoded(msgspec.json.encode({"alg": "HS256", "typ": "JWT"}))
    content = header + b"." + _encoded(msgspec.json.encode(claims))
    signature = hmac.digest(secret_key.encode(), content, "sha256")
    return (content + b"." + _encoded(signature)).decode()


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _by_status(status: int) -> UpstreamError:
    said = f"The upstream answered with status {status}, and not as the API does."
    if status == 401:
        return CredentialExpired(said, acted=False)
    if status == 403:
        return CredentialRestricted(said, acted=False)
    if status == 429:
        return QuotaExhausted(said, acted=False)
    return UpstreamError(said, acted=False)
