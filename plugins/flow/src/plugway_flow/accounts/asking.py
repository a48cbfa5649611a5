"""The questions that cost nothing: who is signed in, with which token, and what is left."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any, cast

import msgspec

from plugway import (
    CredentialExpired,
    CredentialRestricted,
    QuotaExhausted,
    UnreadableAnswer,
    UpstreamError,
)
from plugway_flow.accounts.session import COOKIE, VALUE, Session, address
from plugway_flow.provider import FlowChannel, labs_base
from plugway_flow.wire.client import TIERS
from plugway_flow.wire.reading import credits_left
from plugway_flow.wire.redirect import ENDED, of_redirect
from plugway_flow.wire.refusal import retry_after

if TYPE_CHECKING:
    from plugway import Answer, Channel, Upstream
    from plugway_flow.recipe import Tier

_MOST = 1 << 18

#: Seconds that a token lives of which the answer does not say it.
_LIFETIME = 3_600.0

_TIERS: dict[str, Tier] = {name: tier for tier, name in TIERS.items()}


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """Is an access token; `repr` does not show it.

    Attributes:
        token: The token.
        expires_at: Seconds since 1970 when it ends.
        session: The session as it is now: the upstream may have given it another cookie, and
            says whose it is.
    """

    token: str
    expires_at: float
    session: Session

    def __repr__(self) -> str:
        return f"Granted({self.session!r})"


class Standing(msgspec.Struct, frozen=True):
    """Tells what an account has.

    Attributes:
        credits: The upstream's own credits; None: it did not say.
        tier: What it has paid for; None: it did not say.
    """

    credits: int | None
    tier: Tier | None


async def granted(upstream: Upstream, channel: Channel, session: Session, *, now: float) -> Granted:
    """Ask for an access token.

    Args:
        upstream: Asks.
        channel: The account's.
        session: The account's.
        now: Seconds since 1970.

    Raises:
        CredentialExpired: Nobody is signed in with this session any more.
        AccountMigrated: The account is at another service now.
        CredentialRestricted: The account may not sign in.
        QuotaExhausted: It was asked for too often.
        UpstreamError: The upstream could not be asked; that says nothing of the account.
    """
    settings = cast("FlowChannel", channel.settings)
    place = f"{labs_base(channel.base_url, settings)}/fx/api/auth/session"
    answer = await _sent(upstream, channel, place, ("Cookie", session.cookie))
    try:
        check_way(answer)
        if answer.status != 200:
            raise _refused(answer, "The upstream refused the session with status")
        body = await answer.read(_MOST)
        return _read(body, answer, session, now)
    finally:
        await answer.close()


async def standing(upstream: Upstream, channel: Channel, token: str) -> Standing:
    """Ask for credits and tier, which proves a token.

    Args:
        upstream: Asks.
        channel: The account's.
        token: An access token.

    Raises:
        CredentialExpired: It is not accepted.
        CredentialRestricted: The account may not do that.
        QuotaExhausted: It was asked for too often.
        UpstreamError: The upstream could not be asked; that says nothing of the account.
    """
    place = f"{channel.base_url}{credits_path(channel)}"
    answer = await _sent(upstream, channel, place, ("Authorization", f"Bearer {token}"))
    try:
        if answer.status == 401:
            raise CredentialExpired(
                "The upstream gives out an access token that it does not accept itself: "
                + ENDED[0].lower()
                + ENDED[1:],
                acted=False,
            )
        if answer.status != 200:
            raise _refused(answer, "The upstream was asked for credits and answered with status")
        return standing_of(await answer.read(_MOST))
    finally:
        await answer.close()


def credits_path(channel: Channel) -> str:
    """Return where credits are asked for, below the base URL."""
    return f"/{cast('FlowChannel', channel.settings).api_version}/credits"


def standing_of(body: bytes) -> Standing:
    """Read the answer to the question for credits.

    Args:
        body: As it came.

    Raises:
        UnreadableAnswer: It is no JSON object.

    Example:
        >>> standing_of(b'{"credits": 920, "userPaygateTier": "PAYGATE_TIER_ONE"}')
        Standing(credits=920, tier='pro')
    """
    given = _object(body)
    tier = given.get("userPaygateTier")
    return Standing(
        credits=credits_left(given, "credits"),
        tier=_TIERS.get(tier) if isinstance(tier, str) else None,
    )


def check_way(answer: Answer) -> None:
    """Check that an answer of the site's redirects nowhere.

    Args:
        answer: To a question that is not answered by a redirect.

    Raises:
        AccountMigrated: It redirects to the other service.
        CredentialExpired: It redirects to where a person signs in.
        UpstreamError: It redirects elsewhere, as networks do that want a person's consent.
    """
    if 300 <= answer.status < 400:
        raise of_redirect(_header(answer, b"location"))


async def _sent(upstream: Upstream, channel: Channel, place: str, proof: tuple[str, str]) -> Answer:
    from plugway import Timeouts

    settings = cast("FlowChannel", channel.settings)
    headers: Iterable[tuple[str, str]] = (
        ("Accept", "application/json"),
        ("Accept-Encoding", "identity"),
        ("User-Agent", settings.user_agent),
        proof,
    )
    return await upstream.send(
        "GET", place, headers=headers, timeouts=Timeouts.of(settings), proxy=settings.proxy
    )


def _read(body: bytes, answer: Answer, session: Session, now: float) -> Granted:
    """Read what the site says of a session; it says that it has ended in several ways."""
    given = _object(body)
    token, problem = given.get("access_token"), given.get("error")
    if not isinstance(token, str) or not token or problem:
        raise CredentialExpired(ENDED, acted=False)
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UnreadableAnswer("The upstream's access token cannot be one.", acted=False)
    expires_at = _moment(given.get("expires"), now + _LIFETIME)
    if expires_at <= now:
        # It goes on handing out the last one that it got.
        raise CredentialExpired(ENDED, acted=False)
    user = given.get("user")
    email = address(user.get("email")) if isinstance(user, dict) else ""
    fresh = Session(_exchanged(answer) or session.st, email or session.email)
    return Granted(token=token, expires_at=expires_at, session=fresh)


def _exchanged(answer: Answer) -> str:
    """Return the cookie that the site gives in place of the one it got; empty: none."""
    cookies: SimpleCookie = SimpleCookie()
    for name, value in answer.raw_headers:
        if name.lower() == b"set-cookie":
            try:
                cookies.load(value.decode("latin-1"))
            except CookieError:
                continue
    found = cookies.get(COOKIE)
    given = "" if found is None else str(found.value)
    # One that could not be sent again is worse than the one that there is.
    return given if VALUE.fullmatch(given) else ""


def _refused(answer: Answer, said: str) -> UpstreamError:
    """Return what the status of an answer means that is no redirect."""
    status = answer.status
    told = f"{said} {status}."
    if status == 401:
        return CredentialExpired(ENDED, acted=False)
    if status == 403:
        return CredentialRestricted(told, acted=False)
    wait = retry_after(answer.raw_headers)
    if status == 429:
        return QuotaExhausted(told, retry_after=wait, acted=False)
    return UpstreamError(told, retry_after=wait, acted=False)


def _header(answer: Answer, wanted: bytes) -> str:
    found = (value for name, value in answer.raw_headers if name.lower() == wanted)
    return next(found, b"").decode("latin-1").strip()


def _object(body: bytes) -> dict[str, Any]:
    try:
        given = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise UnreadableAnswer("The upstream's answer is not the JSON it should be.", acted=False)
    return given


def _moment(text: Any, otherwise: float) -> float:
    """Return seconds since 1970 of a time such as `2026-11-22T01:00:00.000Z`."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return otherwise
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
