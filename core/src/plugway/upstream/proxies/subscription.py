"""Subscriptions: lists of proxies at addresses of the operator's own."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING, Protocol

from yarl import URL

from plugway.errors import ConfigurationError
from plugway.upstream.timeouts import Timeouts

if TYPE_CHECKING:
    from plugway.upstream.answer import Answer

#: Bytes of a list, at the most.
MOST_BYTES = 8 << 20
#: Redirects that are followed.
MAX_REDIRECTS = 3

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TIMEOUTS = Timeouts(total=30, connect=10, headers=15)
_HEADERS = (("User-Agent", "plugway"), ("Accept", "*/*"), ("Accept-Encoding", "identity"))


class Send(Protocol):
    """Is `Upstream.send`, as far as it is needed."""

    def __call__(
        self,
        method: str,
        url: str,
        *,
        headers: Iterable[tuple[str, str]],
        timeouts: Timeouts,
    ) -> Awaitable[Answer]:
        """Send a request."""


class Spent(Exception):
    """The subscription has ended: its traffic is used up, or its time is over."""


async def download(send: Send, address: str, now: float) -> str:
    """Return the text behind a subscription's address.

    The address may be private: it is the operator's own.

    Args:
        send: Sends, as the environment's proxies say.
        address: Its URL; no error repeats it.
        now: Seconds since 1970.

    Raises:
        Spent: What it gave does not work any longer.
        PlugwayError: It could not be read.
    """
    for _ in range(MAX_REDIRECTS + 1):
        answer = await send("GET", address, headers=_HEADERS, timeouts=_TIMEOUTS)
        try:
            if answer.status in _REDIRECTS:
                address = _redirected(answer, address)
                continue
            if answer.status != 200:
                raise ConfigurationError(f"it answered with status {answer.status}")
            _check_account(answer.raw_headers, now)
            return (await answer.read(MOST_BYTES)).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ConfigurationError("what it gave is not text") from None
        finally:
            await answer.close()
    raise ConfigurationError("it redirects too often")


def _redirected(answer: Answer, address: str) -> str:
    for name, value in answer.raw_headers:
        if name.lower() == b"location":
            try:
                target = URL(address).join(URL(value.decode("ascii")))
            except ValueError:
                break
            return str(target.with_fragment(None))
    raise ConfigurationError("it redirects to what is not a URL")


def _check_account(headers: Iterable[tuple[bytes, bytes]], now: float) -> None:
    """Heed `subscription-userinfo: upload=1; download=2; total=3; expire=1900000000`."""
    account: dict[str, float] = {}
    for name, value in headers:
        if name.lower() == b"subscription-userinfo":
            for part in value.decode("latin-1").split(";"):
                key, _, number = part.partition("=")
                account[key.strip().lower()] = _number(number)
    total, expire = account.get("total", 0.0), account.get("expire", 0.0)
    if total and account.get("upload", 0.0) + account.get("download", 0.0) >= total:
        raise Spent("its traffic is used up")
    if expire and expire <= now:
        raise Spent("it has expired")


def _number(text: str) -> float:
    text = text.strip()
    whole = text.partition(".")[0]
    # Anything else, as with a plan without limits, counts as not stated.
    return float(whole) if whole.isascii() and whole.isdecimal() and len(whole) < 20 else 0.0
