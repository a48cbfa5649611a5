"""The streaming method: `widgetStreamAssist` (reference §1.7, §1.8)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
from aiohttp import web

from plugway.testing import EmulatorServer
from plugway_gemini_business.emulated import media, quotas
from plugway_gemini_business.emulated.accounts import Kind
from plugway_gemini_business.emulated.answer import elements
from plugway_gemini_business.emulated.array import CLOSED, Gzip, cut, written
from plugway_gemini_business.emulated.behaviour import Behaviour
from plugway_gemini_business.emulated.bodies import ASK
from plugway_gemini_business.emulated.call import Call, Way, Ways
from plugway_gemini_business.emulated.door import Door
from plugway_gemini_business.emulated.mishaps import Mishap
from plugway_gemini_business.emulated.moment import Moment
from plugway_gemini_business.emulated.question import Question, read
from plugway_gemini_business.emulated.refusals import Refusal
from plugway_gemini_business.emulated.sessions import Sessions, StoredFile
from plugway_gemini_business.emulated.truth import Asked, Truth


class Assist:
    """Answers questions."""

    def __init__(
        self,
        server: EmulatorServer,
        door: Door,
        sessions: Sessions,
        behaviour: Behaviour,
        moment: Moment,
        truth: Truth,
    ) -> None:
        """Prepare.

        Args:
            server: Sends what comes bit by bit.
            door: Waits.
            sessions: Have the files.
            behaviour: How it behaves.
            moment: Tells the time.
            truth: Keeps what was asked.
        """
        self._server = server
        self._door = door
        self._sessions = sessions
        self._behaviour = behaviour
        self._moment = moment
        self._truth = truth

    def ways(self) -> Ways:
        """Return its methods."""
        yield Way(
            method="widgetStreamAssist",
            envelope="streamAssistRequest",
            fields=ASK,
            call="ask",
            endpoint=self._ask,
            streams=True,
        )

    async def _ask(self, call: Call) -> web.StreamResponse:
        question = self._read(call)
        wanted: dict[Kind, int] = {
            "text": 1,
            "images": question.images,
            "videos": question.films,
        }
        short = quotas.take(call.account, wanted, self._moment.now())
        mishap = call.mishap
        if short is not None:
            refusal = quotas.exhausted(short, self._behaviour)
            if self._behaviour.quota_as == "status":
                raise refusal
            return await self._send(call, iter([refusal.public()]), None)
        if mishap is not None and mishap.kind == "lost_sign_in":
            return _plain({"uToken": "emulated-user-token"})
        if mishap is not None and mishap.kind == "nothing":
            return web.Response(content_type="application/json")
        if mishap is not None and mishap.kind == "empty":
            return await self._send(call, iter(()), mishap)
        made = self._made(question, mishap)
        return await self._send(call, elements(question, made, mishap, self._behaviour), mishap)

    def _read(self, call: Call) -> Question:
        session = self._sessions.find(call.asked["session"], call.account.name)
        if session is None:
            raise Refusal(404, f"Session '{call.asked['session']}' was not found.")
        question = read(call.asked, session, self._behaviour)
        session.turns += 1
        self._truth.asked.append(
            Asked(
                account=call.account.name,
                session=session.short,
                turn=session.turns,
                text=question.text,
                words=question.words,
                model=question.model,
                language=question.language,
                time_zone=question.time_zone,
                tools=question.tools,
                files=tuple(file.id for file in question.files),
            )
        )
        return question

    def _made(self, question: Question, mishap: Mishap | None) -> list[StoredFile]:
        """Make the media, and put them where the session's other files are."""
        kind = "" if mishap is None else mishap.kind
        if kind in ("only_thoughts", "failed", "cancelled", "skipped", "limited"):
            return []
        made = [
            self._file(question, "image/png", self._png(question, number))
            for number in range(question.images)
        ]
        made += [self._file(question, "video/mp4", media.mp4()) for _ in range(question.films)]
        for file in made:
            file.hidden = -1 if kind == "no_media" else self._behaviour.hidden_lists
            if self._behaviour.media_as == "file":
                question.session.files[file.id] = file
        return made

    def _png(self, question: Question, number: int) -> bytes:
        if self._behaviour.image_bytes:
            return media.big_png(self._behaviour.image_bytes, noise=number)
        # Told apart by their size, so that one that is sent twice is seen.
        width, height = question.side(self._behaviour.image_side)
        return media.png(width, height + number)

    def _file(self, question: Question, mime_type: str, content: bytes) -> StoredFile:
        file_id = self._sessions.file_id()
        return StoredFile(
            id=file_id,
            name=f"generated_{file_id}.{mime_type.rpartition('/')[2]}",
            mime_type=mime_type,
            content=content,
            origin="AI_GENERATED",
            at=self._moment.now(),
            about=media.seen(content, mime_type),
        )

    async def _send(
        self, call: Call, answer: Iterator[dict[str, Any]], mishap: Mishap | None
    ) -> web.StreamResponse:
        headers = {"Content-Type": "application/json; charset=UTF-8", "Vary": "Accept-Encoding"}
        pieces = self._pieces(answer, mishap)
        taken = call.request.headers.get("Accept-Encoding", "")
        if self._behaviour.gzip and "gzip" in taken:
            headers["Content-Encoding"] = "gzip"
            pieces = _zipped(pieces)
        return await self._server.stream(call.request, pieces, headers=headers)

    async def _pieces(
        self, answer: Iterator[dict[str, Any]], mishap: Mishap | None
    ) -> AsyncIterator[bytes]:
        kind = "" if mishap is None else mishap.kind
        count = 0
        for count, element in enumerate(answer, start=1):
            if count > 1 and self._behaviour.pause:
                await self._door.wait(self._behaviour.pause)
            if mishap is not None and count == mishap.after + 1:
                if kind == "silent":
                    await self._door.wait(mishap.seconds)
                elif kind == "truncated":
                    whole = written(element, count - 1)
                    yield whole[: len(whole) * 2 // 3]
                    return
            for piece in cut(written(element, count - 1), self._behaviour.chunks):
                yield piece
        # An answer that is shorter than it should be cut at lacks its bracket at least.
        if kind != "truncated":
            yield b"[]" if count == 0 else CLOSED


async def _zipped(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    packer = Gzip()
    async for piece in pieces:
        yield packer.piece(piece)
    yield packer.end()


def _plain(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
