"""Sends the requests of one account, and makes errors of what is no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec

from plugway import (
    PlugwayError,
    UnreadableAnswer,
    UpstreamError,
    UpstreamInterrupted,
    UpstreamTimeout,
)
from plugway_flow.accounts.session import read
from plugway_flow.provider import FlowChannel, labs_base
from plugway_flow.wire import refusal
from plugway_flow.wire.reading import decoded
from plugway_flow.wire.redirect import of_redirect

if TYPE_CHECKING:
    from plugway import Answer, Turn
    from plugway_flow.wire.image_bodies import Post

#: Longest refusal and longest usual answer that is read, bytes.
_REFUSAL_BYTES = 1 << 16
_ANSWER_BYTES = 8 << 20


class Caller:
    """Asks the API, and the site, with one turn's credential.

    Attributes:
        turn: Sends.
        settings: The channel's.
    """

    def __init__(self, turn: Turn) -> None:
        """Take the turn.

        Args:
            turn: Sends.
        """
        self.turn = turn
        self.settings = cast("FlowChannel", turn.channel.settings)

    async def ask(
        self,
        post: Post,
        what: str,
        *,
        acts: bool = False,
        seconds: float | None = None,
        most: int = _ANSWER_BYTES,
    ) -> dict[str, Any]:
        """Send a request and return the object that it is answered with.

        Args:
            post: The request.
            what: Whose answer, for errors.
            acts: It makes something, so that an answer that is lost leaves open whether it did;
                all others are safe to repeat with another account.
            seconds: Longest time; None: as the channel says.
            most: Longest answer, bytes.

        Raises:
            PlugwayError: The upstream refuses, or there is no answer.
        """
        body = await self.post(post, acts=acts, seconds=seconds, most=most)
        return _safely(lambda: decoded(body, what), acts=acts)

    async def post(
        self,
        post: Post,
        *,
        acts: bool = False,
        seconds: float | None = None,
        most: int = _ANSWER_BYTES,
    ) -> bytes:
        """Send a request and return the body that it is answered with.

        Args:
            post: The request.
            acts: As in `ask`.
            seconds: As in `ask`.
            most: Longest answer, bytes.

        Raises:
            PlugwayError: The upstream refuses, or there is no answer.
        """
        content = msgspec.json.encode(post.fields)
        return await self._exchange("POST", post.path, content, acts, seconds, most)

    async def get(self, path: str, *, most: int) -> bytes:
        """Fetch something and return its body.

        Args:
            path: Below the version.
            most: Longest answer, bytes.

        Raises:
            PlugwayError: The upstream refuses, or there is no answer.
        """
        return await self._exchange("GET", path, None, False, None, most)

    async def redirect(self, target: str) -> str:
        """Ask the site for something with the session's cookie; return where it leads.

        Args:
            target: Path and query.

        Returns:
            The address as the site says; empty: it leads nowhere.

        Raises:
            PlugwayError: The site refuses, or there is no answer.
        """
        turn = self.turn
        headers = [*self._headers(), *self._cookie()]
        base = labs_base(turn.channel.base_url, self.settings)
        answer = await turn.send("GET", target, headers=headers, base_url=base)
        try:
            if answer.status >= 400:
                raise await self._refused(answer)
            if answer.status < 300:
                return ""
            return _header(answer, b"location")
        finally:
            await answer.close()

    async def _exchange(
        self,
        method: str,
        path: str,
        content: bytes | None,
        acts: bool,
        seconds: float | None,
        most: int,
    ) -> bytes:
        from plugway import Timeouts

        timeouts = None
        if seconds is not None:
            connect = self.settings.connect_timeout
            timeouts = Timeouts(total=seconds, connect=min(connect, seconds), headers=seconds)
        try:
            answer = await self.turn.send(
                method,
                f"/{self.settings.api_version}{path}",
                headers=self._headers(),
                content=content,
                timeouts=timeouts,
            )
            try:
                if answer.status != 200:
                    raise await self._refused(answer)
                return await _read(answer, most)
            finally:
                await answer.close()
        except UpstreamError as error:
            if not acts:
                error.acted = False
            raise

    async def _refused(self, answer: Answer) -> PlugwayError:
        """Return the error of an answer that is no success: it says what became of a request."""
        if 300 <= answer.status < 400:
            return of_redirect(_header(answer, b"location"))
        try:
            body = await answer.read(_REFUSAL_BYTES)
        except UpstreamError:
            body = b""
        wait = refusal.retry_after(answer.raw_headers)
        told = refusal.of_body(body, answer.status if answer.status >= 400 else 502, wait)
        return msgspec.structs.replace(told, message=self._hide(told.message)).error()

    def _hide(self, text: str) -> str:
        secret = self.turn.secret
        session = read(secret).st if secret is not None else ""
        return text.replace(session, "…") if session else text

    def _headers(self) -> list[tuple[str, str]]:
        return [
            ("accept", "application/json"),
            # Nothing is unpacked, so nothing packed is asked for.
            ("accept-encoding", "identity"),
            ("content-type", "application/json"),
            ("user-agent", self.settings.user_agent),
        ]

    def _cookie(self) -> list[tuple[str, str]]:
        secret = self.turn.secret
        return [] if secret is None else [("cookie", read(secret).cookie)]


async def _read(answer: Answer, most: int) -> bytes:
    if _header(answer, b"content-encoding").strip().lower() not in ("", "identity"):
        raise UnreadableAnswer("The upstream packs its answer, which it was not asked to.")
    try:
        return await answer.read(most)
    except (UpstreamTimeout, UpstreamInterrupted):
        raise
    except UpstreamError as error:
        # It was taken, and what it was answered with is too much.
        raise UnreadableAnswer(error.message) from None


def _safely(read_it: Any, *, acts: bool) -> dict[str, Any]:
    try:
        found: dict[str, Any] = read_it()
    except UpstreamError as error:
        error.acted = acts
        raise
    return found


def _header(answer: Answer, name: bytes) -> str:
    found = (value for key, value in answer.raw_headers if key.lower() == name)
    return next(found, b"").decode("latin-1")
