"""An answer's body on its way out (reference: "Streamed body format")."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping

from aiohttp import web

from plugway_aistudio.emulated.answer import Answer
from plugway_aistudio.emulated.asked import Asked
from plugway_aistudio.emulated.behaviour import Behaviour
from plugway_aistudio.emulated.gate import Gate
from plugway_aistudio.emulated.mishaps import Mishap
from plugway_aistudio.emulated.parts import frame, text
from plugway_aistudio.emulated.refusals import CONTENT_TYPE
from plugway_aistudio.emulated.sparse import sparse

#: What no reader of such arrays can read.
GARBAGE = "]}}}<html>Sorry..."

#: Follows the frames, where something does.
_TRAILER = ',,["e",[null,21]]'

#: Pieces of an answer that is cut amid characters.
_AWKWARD = 7


class Streaming:
    """Sends answers."""

    def __init__(self, behaviour: Behaviour, gate: Gate) -> None:
        """Prepare.

        Args:
            behaviour: How it behaves.
            gate: Lets frames go.
        """
        self._behaviour = behaviour
        self._gate = gate

    async def send(
        self,
        request: web.Request,
        asked: Asked,
        answer: Answer,
        mishaps: Mapping[str, Mishap],
        headers: Mapping[str, str],
    ) -> web.StreamResponse:
        """Send an answer, and note what becomes of it.

        Args:
            request: What it answers.
            asked: Where it is noted.
            answer: What to send.
            mishaps: What goes wrong with it, by kind.
            headers: Beside the usual ones.
        """
        if slow := mishaps.get("slow_start"):
            await self._gate.wait(slow.seconds)
        zipped = self._behaviour.gzip and "gzip" in request.headers.get("Accept-Encoding", "")
        response = web.StreamResponse(headers={"Content-Type": CONTENT_TYPE, **headers})
        response.headers.update(answer.headers)
        if zipped:
            response.headers["Content-Encoding"] = "gzip"
        asked.status = 200
        press = zlib.compressobj(wbits=31) if zipped else None
        try:
            await response.prepare(request)
            async for piece in self._pieces(asked, answer, mishaps):
                data = piece
                if press is not None:
                    data = press.compress(piece) + press.flush(zlib.Z_SYNC_FLUSH)
                await response.write(data)
            if "cut" in mishaps:
                asked.ended = "cut"
                if request.transport is not None:
                    request.transport.close()
                return response
            if press is not None:
                await response.write(press.flush())
            await response.write_eof()
            asked.ended = "whole"
        except (ConnectionError, asyncio.CancelledError):
            asked.ended = "left"
            raise
        return response

    async def _pieces(
        self, asked: Asked, answer: Answer, mishaps: Mapping[str, Mishap]
    ) -> AsyncIterator[bytes]:
        opened = False
        for number, written in enumerate(self._frames(answer)):
            for piece in await self._amiss(number, mishaps):
                yield piece
            if _over(number, mishaps):
                return
            if answer.stepped:
                await self._gate.stepped()
            if answer.pause:
                await asyncio.sleep(answer.pause)
            body = written if written is not None else _stamped()
            told = ("," if opened else "[[") + sparse(body, self._behaviour.nulls)
            opened = True
            asked.frames = number + 1
            for piece in _cut(told.encode(), answer):
                yield piece
                if answer.chunks != "frame":
                    # The pieces would go out as one otherwise.
                    await asyncio.sleep(0)
        count = answer.stamped + len(answer.frames)
        for piece in await self._amiss(count, mishaps):
            yield piece
        if not _over(count, mishaps) and answer.close:
            trailer = _TRAILER if self._behaviour.trailer else ""
            yield (("]" if opened else "[[]") + trailer + "]").encode()

    @staticmethod
    def _frames(answer: Answer) -> Iterator[object]:
        yield from [None] * answer.stamped
        yield from answer.frames

    async def _amiss(self, number: int, mishaps: Mapping[str, Mishap]) -> list[bytes]:
        """Let go wrong what does so before a frame, and return what that sends."""
        silence = mishaps.get("silence")
        if silence is not None and silence.after == number:
            await self._gate.wait(silence.seconds)
        garbage = mishaps.get("garbage")
        return [GARBAGE.encode()] if garbage is not None and garbage.after == number else []


def _over(number: int, mishaps: Mapping[str, Mishap]) -> bool:
    """Say whether the answer ends before a frame."""
    ends = (mishaps.get(kind) for kind in ("truncated", "cut"))
    return any(each is not None and number >= each.after for each in ends)


def _stamped() -> object:
    return frame(text(f"{time.time():.6f} "))


def _cut(data: bytes, answer: Answer) -> Iterator[bytes]:
    if answer.chunks == "frame":
        yield data
        return
    size = _AWKWARD if answer.chunks == "character" else answer.chunks
    place = 0
    while place < len(data):
        end = min(place + size, len(data))
        if answer.chunks == "character":
            # An end within a character of several bytes, where there is one near.
            inside = next((at for at in range(end, end + 4) if _within(data, at)), end)
            end = min(inside, len(data))
        yield data[place:end]
        place = end


def _within(data: bytes, place: int) -> bool:
    return place < len(data) and 0x80 <= data[place] < 0xC0
