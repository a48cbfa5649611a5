"""Calls the admin API of a gateway over HTTP."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from plugway.cli.client import ApiError, Client
from plugway.errors import ConfigurationError

#: Seconds for one request: a test of many credentials, or a check of the whole ledger.
SECONDS = 600.0


class RemoteClient(Client):
    """Speaks HTTP, with an administrator's or operator's key."""

    def __init__(self, url: str, key: str) -> None:
        """Name the gateway.

        Args:
            url: Its address.
            key: Sent with each request.

        Raises:
            ConfigurationError: The address or the key cannot be one.
        """
        self._base = url.rstrip("/")
        try:
            usable = URL(self._base).scheme in ("http", "https")
        except ValueError:
            usable = False
        if not usable:
            raise ConfigurationError(f"{url}: expected an address such as https://api.example.com")
        if not (key.isascii() and key.isprintable()):
            raise ConfigurationError("the admin key holds characters that no key has")
        self._key = key
        self._runner = asyncio.Runner()
        self._session: aiohttp.ClientSession | None = None

    def __enter__(self) -> Self:
        """Open a session; nothing is connected yet."""
        self._session = self._runner.run(self._open())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        try:
            if self._session is not None:
                self._runner.run(self._session.close())
        finally:
            self._runner.close()

    def send(self, method: str, path: str, raw: str, query: str, body: bytes) -> tuple[int, bytes]:
        """Send a request; no redirect is followed, the key goes nowhere else.

        Raises:
            ApiError: There was no answer.
        """
        url = URL(f"{self._base}{raw}{f'?{query}' if query else ''}", encoded=True)
        return self._runner.run(self._send(method, url, body))

    async def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            headers={"authorization": f"Bearer {self._key}", "content-type": "application/json"},
            timeout=aiohttp.ClientTimeout(total=SECONDS, sock_connect=10),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=True,
        )

    async def _send(self, method: str, url: URL, body: bytes) -> tuple[int, bytes]:
        assert self._session is not None  # noqa: S101  # the block was entered
        try:
            async with self._session.request(
                method, url, data=body, allow_redirects=False
            ) as response:
                return response.status, await response.read()
        except TimeoutError:
            raise ApiError(0, "unreachable", f"{self._base} did not answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            cause = getattr(error, "os_error", error)
            reason = getattr(cause, "strerror", None) or str(error) or type(error).__name__
            raise ApiError(0, "unreachable", f"{self._base} cannot be reached: {reason}") from None
