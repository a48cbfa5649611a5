"""Credentials: accounts, of whose cookies bearers are made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import urlsplit

from plugway import (
    CredentialExpired,
    CredentialKind,
    Grant,
    Secret,
    UpstreamError,
)
from plugway_gemini_business import account_file, bearer, refusal
from plugway_gemini_business.account import read, written
from plugway_gemini_business.provider import ACCOUNT, GeminiBusinessChannel, auth_base

if TYPE_CHECKING:
    from plugway import Answer, Channel, Upstream
    from plugway_gemini_business.renewing import Renewing

#: Seconds before its end that a grant is no longer handed out.
_MARGIN = 60.0

_ANSWER_BYTES = 1 << 16

#: Hosts whose pages ask a person to sign in.
_SIGN_IN = (".google.com", ".gemini.google")


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> int:
        """Return microseconds since 1970."""


class GeminiBusinessAccount(CredentialKind):
    """Makes bearers of an account's cookies; they live five minutes."""

    name = ACCOUNT

    def __init__(self, clock: Clock, renewing: Renewing | None = None) -> None:
        """Take the time.

        Args:
            clock: Dates the bearers.
            renewing: Renews cookies in this process; None: nothing does.
        """
        self._clock = clock
        self._renewing = renewing
        self.renews = renewing is not None

    def parse(self, text: str) -> Secret:
        """Check an account file.

        Args:
            text: JSON, of this gateway or of earlier ones.

        Returns:
            One line of JSON that holds what is needed and no more.

        Raises:
            BadRequest: Something is missing; the message names it and repeats nothing.
        """
        return Secret(written(account_file.account_of(text)))

    def split(self, text: str) -> Iterable[str]:
        """Take a file of many accounts apart.

        Args:
            text: One account, a list, an object with `accounts`, or JSON lines.
        """
        return account_file.split(text)

    def label(self, secret: Secret) -> str | None:
        """Return the e-mail address, or the number of the sign-in."""
        return read(secret).label

    def expires(self, secret: Secret) -> float | None:
        """Return when the cookies end, as the account's file said."""
        return read(secret).expires_at

    async def mint(self, secret: Secret, channel: Channel, upstream: Upstream) -> Grant:
        """Ask for a key and sign a bearer with it.

        Raises:
            CredentialExpired: The cookies have ended.
            CredentialRestricted: The account may not sign in.
            QuotaExhausted: It was asked for too often.
            UpstreamError: The upstream could not be asked; that says nothing of the account.
        """
        from plugway import Timeouts

        account = read(secret)
        settings = cast("GeminiBusinessChannel", channel.settings)
        answer = await upstream.send(
            "GET",
            f"{auth_base(channel.base_url, settings)}/auth/getoxsrf?csesidx={account.csesidx}",
            headers=(
                ("Accept", "*/*"),
                ("Accept-Encoding", "identity"),
                ("User-Agent", settings.user_agent),
                ("Referer", f"{bearer.ISSUER}/"),
                ("Cookie", account.cookie_header),
            ),
            timeouts=Timeouts.of(settings),
            proxy=settings.proxy,
        )
        try:
            if answer.status != 200:
                raise await _refused(answer)
            key = bearer.signing_key(await answer.read(_ANSWER_BYTES))
        finally:
            await answer.close()
        now = self._clock.now() // 1_000_000
        token = bearer.signed(key, account.csesidx, now)
        lifetime = min(settings.refresh_cooldown + _MARGIN, bearer.LIFETIME)
        return Grant((("Authorization", f"Bearer {token}"),), expires_at=now + lifetime)

    async def renew(self, secret: Secret, channel: Channel, upstream: Upstream) -> Secret:
        """Visit the upstream's page with the account's cookies, and take those it gives out.

        Raises:
            PlugwayError: As `plugway_gemini_business.renewing.renewed`.
        """
        if self._renewing is None:
            return await super().renew(secret, channel, upstream)
        now = self._clock.now() / 1_000_000
        fresh = await self._renewing.renew(read(secret), channel, upstream, now=now)
        return Secret(written(fresh))

    async def check(self, grant: Grant, channel: Channel, upstream: Upstream) -> None:
        """Be content with a grant: it could not be made without the upstream's consent."""


async def _refused(answer: Answer) -> UpstreamError:
    """Return what an answer to the question for a key means."""
    if 300 <= answer.status < 400:
        place = next(
            (value for name, value in answer.raw_headers if name.lower() == b"location"), b""
        )
        host = f".{urlsplit(place.decode('latin-1')).hostname or ''}"
        if host.endswith(_SIGN_IN):
            return CredentialExpired("The upstream wants somebody to sign in.", acted=False)
        return UpstreamError("The upstream redirects to a strange place.", acted=False)
    try:
        body = await answer.read(_ANSWER_BYTES)
    except UpstreamError:
        body = b""
    error = refusal.of_body(body, answer.status, refusal.retry_after(answer.raw_headers)).error()
    if isinstance(error, UpstreamError):
        error.acted = False
        return error
    return UpstreamError(f"The upstream answered with status {answer.status}.", acted=False)
