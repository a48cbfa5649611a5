"""Asks an upstream for one task, with the credential that made it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from plugway.calls.turn import Turn
from plugway.errors import (
    CredentialExpired,
    CredentialRestricted,
    QuotaExhausted,
    TaskGone,
    UpstreamError,
)
from plugway.upstream import Timeouts
from plugway.upstream.headers import retry_after

if TYPE_CHECKING:
    from plugway.calls.parts import Parts
    from plugway.contract import Channel, Task
    from plugway.credentials.pool import Credential

#: Longest answer that is read, bytes.
_MOST = 4 << 20


class Asking:
    """Hands out what asks upstreams, so many at once with one credential."""

    def __init__(self, parts: Parts) -> None:
        """Take what calls go through."""
        self._parts = parts
        #: By credential: how many, and what lets them in.
        self._turns: dict[int, tuple[int, asyncio.Semaphore]] = {}

    def of(self, task: Task, gone: Callable[[bytes], bool]) -> Questions:
        """Return what asks for a task.

        Args:
            task: Its channel and credential are known.
            gone: Says whether the body of a 404 means that there is no such task.

        Raises:
            UpstreamError: They are no longer here.
        """
        parts = self._parts
        channel = parts.channels.get(task.channel_id or 0)
        if channel is None:
            raise UpstreamError("the channel of this task is gone")
        if task.credential_id is None:
            return Questions(parts, task, channel, None, self._turn(-channel.id), gone)
        credential = parts.credentials.get(channel.id, task.credential_id)
        if credential is None:
            raise UpstreamError("the credential of this task is gone")
        return Questions(parts, task, channel, credential, self._turn(credential.id), gone)

    def _turn(self, credential: int) -> asyncio.Semaphore:
        most = self._parts.settings().tasks.per_credential
        known = self._turns.get(credential)
        if known is None or known[0] != most:
            # Another number is for those who come from now on.
            known = self._turns[credential] = most, asyncio.Semaphore(most)
        return known[1]


class Questions:
    """Asks with one credential; a plugin's poller calls it."""

    def __init__(
        self,
        parts: Parts,
        task: Task,
        channel: Channel,
        credential: Credential | None,
        turn: asyncio.Semaphore,
        gone: Callable[[bytes], bool],
    ) -> None:
        self._parts = parts
        self._task = task
        self._channel = channel
        self._credential = credential
        self._turn = turn
        self._gone = gone

    async def __call__(
        self, target: str, *, method: str = "GET", content: bytes | None = None
    ) -> bytes:
        """Ask, as `Ask` says."""
        async with self._turn:
            return await self._ask(target, method, content)

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[Turn, None]:
        """Return what sends several requests, as `Ask.turn` says."""
        async with self._turn:
            turn = Turn(self._parts, self._task.call_id, self._channel, self._credential)
            try:
                yield turn
            except CredentialExpired as error:
                self._turned_away(401, error.message)
                raise
            except CredentialRestricted as error:
                self._turned_away(403, error.message)
                raise
            else:
                self._praise()
            finally:
                await turn.close()

    def _praise(self) -> None:
        credential = self._credential
        if credential is not None and credential.state == "ready":
            # Refusals count in a row; what rests is not woken by a question, nor is it a use of
            # the account, which a call may have meanwhile.
            self._parts.credentials.succeeded(credential, self._channel, ())

    async def _ask(self, target: str, method: str, content: bytes | None) -> bytes:
        parts, channel, credential = self._parts, self._channel, self._credential
        headers: tuple[tuple[str, str], ...] = (("Accept", "application/json"),)
        if content is not None:
            headers += (("Content-Type", "application/json"),)
        if credential is not None:
            headers += (await parts.grants.get(credential, channel)).headers
        answer = await parts.upstream.send(
            method,
            channel.base_url + target,
            headers=headers,
            body=content,
            timeouts=Timeouts.of(channel.settings),
            proxy=channel.settings.proxy,
            sticky="" if credential is None else credential.key,
        )
        try:
            if answer.status < 400:
                self._praise()
                return await answer.read(_MOST)
            if answer.status in (404, 410) and self._gone(await answer.read(_MOST)):
                raise TaskGone
        finally:
            await answer.close()
        raise self._refused(answer.status, retry_after(answer.raw_headers))

    def _refused(self, status: int, wait: float | None) -> UpstreamError:
        said = f"the upstream answered {status}"
        if status == 429:
            return QuotaExhausted(said, retry_after=wait)
        if status in (401, 403):
            return self._turned_away(status, said)
        return UpstreamError(said, retry_after=wait)

    def _turned_away(self, status: int, said: str) -> UpstreamError:
        credential, pool = self._credential, self._parts.credentials
        if credential is not None and status == 401:
            self._parts.grants.forget(credential)
            pool.refused(credential, self._channel, said)
        elif credential is not None:
            pool.refused(credential, self._channel, said, "restricted")
        return CredentialExpired(said) if status == 401 else CredentialRestricted(said)
