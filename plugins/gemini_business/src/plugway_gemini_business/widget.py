"""The upstream's own calls, as the page that it gives people makes them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import msgspec

from plugway import BadRequest, CredentialExpired, PlugwayError, UnreadableAnswer, UpstreamError
from plugway_gemini_business import refusal
from plugway_gemini_business.bearer import ISSUER
from plugway_gemini_business.provider import GeminiBusinessChannel

if TYPE_CHECKING:
    from plugway import Answer, Timeouts, Turn
    from plugway_gemini_business.account import Account

T = TypeVar("T")

#: Seconds between the tries of making a session, which the upstream sometimes refuses with 400
#: for no reason (reference: "Session").
SESSION_PAUSES = (0.5, 1.0)

#: Largest answer that is not a stream, and largest refusal.
_ANSWER_BYTES = 8 * 1024 * 1024
_REFUSAL_BYTES = 1 << 16


class Waiting(Protocol):
    """Tells the time and lets it pass."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class GeneratedFile(msgspec.Struct, frozen=True, rename="camel"):
    """Is a file that the upstream has made.

    Attributes:
        file_id: Its id.
        mime_type: Its type.
        session: Full name of its session: by the short one it is not found.
        name: Its name.
    """

    file_id: str
    mime_type: str = ""
    session: str = ""
    name: str = ""


class _Session(msgspec.Struct, frozen=True):
    name: str


class _Created(msgspec.Struct, frozen=True):
    session: _Session


class _Added(msgspec.Struct, frozen=True, rename="camel"):
    file_id: str


class _AddedAnswer(msgspec.Struct, frozen=True, rename="camel"):
    add_context_file_response: _Added


class _Files(msgspec.Struct, frozen=True, rename="camel"):
    file_metadata: tuple[GeneratedFile, ...] = ()


class _FilesAnswer(msgspec.Struct, frozen=True, rename="camel"):
    list_session_file_metadata_response: _Files = _Files()


class Widget:
    """Makes the calls of one turn, all for one account."""

    def __init__(self, turn: Turn, account: Account, clock: Waiting) -> None:
        """Prepare.

        Args:
            turn: Sends.
            account: Whose calls they are.
            clock: Waits between tries.
        """
        self._turn = turn
        self._account = account
        self._clock = clock
        self.channel = turn.channel
        self.settings = cast("GeminiBusinessChannel", turn.channel.settings)

    async def create_session(self) -> str:
        """Make a session, and return its short name.

        Raises:
            UpstreamError: None could be made.
        """
        fields = {"session": {"name": "", "displayName": ""}}
        for pause in SESSION_PAUSES:
            try:
                return (await self._call("CreateSession", fields, _Created)).session.name
            except BadRequest:
                await self._clock.sleep(pause)
        try:
            return (await self._call("CreateSession", fields, _Created)).session.name
        except BadRequest as error:
            # Nothing of the client's was in it, so it is not the client's fault.
            raise UpstreamError(error.message, acted=False) from None

    async def delete_session(self, session: str) -> None:
        """Delete a session; that it fails changes nothing."""
        try:
            await self._call("DeleteSession", {"name": session}, Any)
        except PlugwayError:
            return

    async def add_file(self, session: str, name: str, mime_type: str, data: bytes) -> str:
        """Add a file to a session, and return its id.

        Args:
            session: Name of the session.
            name: Name of the file.
            mime_type: Its type.
            data: Its bytes.

        Raises:
            BadRequest: The upstream takes no such file.
        """
        fields = {"name": session, "fileName": name, "mimeType": mime_type, "fileContents": data}
        added = await self._call("AddContextFile", fields, _AddedAnswer)
        return added.add_context_file_response.file_id

    async def files(self, session: str) -> tuple[GeneratedFile, ...]:
        """List the files that were made in a session.

        Args:
            session: Name of the session.
        """
        fields = {"name": session, "filter": "file_origin_type = AI_GENERATED"}
        found = await self._call("ListSessionFileMetadata", fields, _FilesAnswer)
        return found.list_session_file_metadata_response.file_metadata

    @asynccontextmanager
    async def ask(self, fields: Mapping[str, Any]) -> AsyncIterator[Answer]:
        """Send the question and hand out the answer, which streams.

        Args:
            fields: Of `streamAssistRequest`.

        Raises:
            PlugwayError: The upstream refuses.
        """
        from plugway import Timeouts

        settings = self.settings
        # It says nothing, not even headers, until it has thought, and images and videos take
        # minutes (reference: "Common headers").
        patient = Timeouts(
            total=settings.total_timeout,
            connect=settings.connect_timeout,
            headers=settings.total_timeout,
        )
        answer = await self._post("StreamAssist", fields, patient)
        try:
            yield answer
        finally:
            await answer.close()

    async def get(self, base_url: str, target: str) -> Answer:
        """Fetch something with the account's bearer; its status may be any.

        Args:
            base_url: Scheme and host.
            target: Path and query.
        """
        headers = [pair for pair in self._headers() if pair[0] != "content-type"]
        return await self._turn.send("GET", target, headers=headers, base_url=base_url)

    async def refused(self, answer: Answer) -> PlugwayError:
        """Return the error of an answer that is no success, and close it.

        Args:
            answer: Its status is 300 or above.
        """
        try:
            body = await answer.read(_REFUSAL_BYTES)
        except UpstreamError:
            body = b""
        finally:
            await answer.close()
        wait = refusal.retry_after(answer.raw_headers)
        return self.error(refusal.of_body(body, answer.status, wait))

    def error(self, told: refusal.Refusal) -> PlugwayError:
        """Return the error of what the upstream told, without what tells about the account.

        Args:
            told: What it told.
        """
        said = self._account.hide(told.message)
        return msgspec.structs.replace(told, message=said).error()

    async def _call(self, method: str, fields: Mapping[str, Any], type_: type[T]) -> T:
        answer = await self._post(method, fields)
        try:
            body = await answer.read(_ANSWER_BYTES)
        finally:
            await answer.close()
        try:
            return msgspec.json.decode(body, type=type_)
        except (ValueError, RecursionError):
            pass
        if b'"uToken"' in body:
            # So it says that the sign-in is lost (reference: "Streaming answer").
            raise CredentialExpired("The upstream has lost the sign-in.", acted=False)
        if b'"error"' in body:
            raise self.error(refusal.of_body(body, 500))
        raise UnreadableAnswer(f"The upstream's answer to {method} is not understood.", acted=False)

    async def _post(
        self, method: str, fields: Mapping[str, Any], timeouts: Timeouts | None = None
    ) -> Answer:
        settings = self.settings
        content = {
            "configId": self._account.config_id,
            "additionalParams": {"token": "-"},
            f"{method[0].lower()}{method[1:]}Request": fields,
        }
        answer = await self._turn.send(
            "POST",
            f"/{settings.api_version}/locations/{settings.location}/widget{method}",
            headers=self._headers(),
            content=msgspec.json.encode(content),
            timeouts=timeouts,
        )
        if answer.status != 200:
            raise await self.refused(answer)
        for name, value in answer.raw_headers:
            if name.lower() == b"content-encoding" and value.strip().lower() != b"identity":
                await answer.close()
                raise UnreadableAnswer("The upstream packs its answer, which it was not asked to.")
        return answer

    def _headers(self) -> list[tuple[str, str]]:
        return [
            ("accept", "*/*"),
            # Nothing is unpacked, so nothing packed is asked for.
            ("accept-encoding", "identity"),
            ("content-type", "application/json"),
            ("origin", ISSUER),
            ("referer", f"{ISSUER}/"),
            ("user-agent", self.settings.user_agent),
            ("x-server-timeout", str(self.settings.server_timeout)),
        ]
