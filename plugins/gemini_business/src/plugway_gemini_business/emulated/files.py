"""The files of a session: sent here, listed, and downloaded (reference §1.6, §1.9)."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

import aiohttp
from aiohttp import web

from plugway_gemini_business.emulated import media
from plugway_gemini_business.emulated.behaviour import Behaviour
from plugway_gemini_business.emulated.bodies import LIST_FILES, UPLOAD
from plugway_gemini_business.emulated.call import Call, Way, Ways
from plugway_gemini_business.emulated.door import Door, hang_up
from plugway_gemini_business.emulated.histories import found_session
from plugway_gemini_business.emulated.moment import Moment
from plugway_gemini_business.emulated.refusals import Refusal, answered, invalid
from plugway_gemini_business.emulated.schema import content_of
from plugway_gemini_business.emulated.sessions import Session, Sessions, StoredFile, stamp
from plugway_gemini_business.emulated.truth import Use

#: Types that are taken: images as they are, videos in three containers (reference §1.6).
TYPES = frozenset(
    {
        "image/jpeg",
        "image/png",
        "video/mp4",
        "video/webm",
        "video/3gpp",
        "application/pdf",
        "application/json",
        "application/msword",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "text/csv",
        "text/html",
        "text/markdown",
        "text/plain",
    }
)

#: The filters that clients send.
_FILTERS = {"": None, "file_origin_type = AI_GENERATED": "AI_GENERATED"}

#: Seconds to fetch a file from elsewhere.
_FETCH_SECONDS = 10.0

_DOWNLOAD = ":downloadFile"


class Files:
    """Answers for files.

    Attributes:
        base_url: Where the service listens.
    """

    def __init__(
        self, door: Door, sessions: Sessions, behaviour: Behaviour, moment: Moment
    ) -> None:
        """Prepare.

        Args:
            door: The way in.
            sessions: Have the files.
            behaviour: How it behaves.
            moment: Tells the time.
        """
        self._door = door
        self._sessions = sessions
        self._behaviour = behaviour
        self._moment = moment
        self._links: dict[str, StoredFile] = {}
        self.base_url = ""

    def ways(self) -> Ways:
        """Return its methods."""
        yield Way(
            method="widgetAddContextFile",
            envelope="addContextFileRequest",
            fields=UPLOAD,
            call="upload",
            endpoint=self._add,
        )
        yield Way(
            method="widgetListSessionFileMetadata",
            envelope="listSessionFileMetadataRequest",
            fields=LIST_FILES,
            call="files",
            endpoint=self._list,
        )

    def routes(self) -> list[web.RouteDef]:
        """Return the routes that are no widget methods."""
        download = self._door.handler("download", self._download)
        return [
            web.get("/download/v1alpha/{name:.+}", download),
            web.get("/v1alpha/{name:projects/.+}", download),
            web.get("/v1alpha/{name:collections/.+}", download),
            web.get("/downloads/{link}", self._linked),
        ]

    async def _add(self, call: Call) -> web.StreamResponse:
        session = found_session(self._sessions, call)
        asked = call.asked
        text, uri = asked.get("fileContents") or "", asked.get("fileUri") or ""
        if bool(text) == bool(uri):
            told = "One of file_contents and file_uri is required."
            raise invalid("add_context_file_request", told)
        mime_type = asked.get("mimeType") or ""
        if text:
            content = content_of(text, "add_context_file_request.file_contents")
        else:
            content, mime_type = await self._fetched(uri, mime_type)
        if mime_type not in TYPES:
            raise Refusal(400, f"Unsupported file type: {mime_type or 'unknown'}")
        if len(content) > self._behaviour.file_bytes:
            raise Refusal(400, f"File size exceeds the limit of {self._behaviour.file_bytes} bytes")
        try:
            about = media.seen(content, mime_type)
        except ValueError:
            raise Refusal(400, f"Failed to parse the file as {mime_type}.") from None
        file = StoredFile(
            id=self._sessions.file_id(),
            name=asked.get("fileName") or uri.rpartition("/")[2],
            mime_type=mime_type,
            content=content,
            origin="USER_PROVIDED",
            at=self._moment.now(),
            about=about,
        )
        session.files[file.id] = file
        return answered({"addContextFileResponse": {"fileId": file.id, "tokenCount": 258}})

    async def _fetched(self, uri: str, mime_type: str) -> tuple[bytes, str]:
        """Fetch a file from where it is, and return its type too."""
        refusal = Refusal(400, "Failed to fetch the file from the given URI.")
        if not self._behaviour.file_uris or not uri.startswith(("http://", "https://")):
            raise refusal
        timeout = aiohttp.ClientTimeout(total=_FETCH_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as client,
                client.get(uri) as response,
            ):
                content = await response.content.read(self._behaviour.file_bytes + 1)
                if response.status != 200:
                    raise refusal
                return content, mime_type or response.content_type
        except (aiohttp.ClientError, TimeoutError):
            raise refusal from None

    async def _list(self, call: Call) -> web.StreamResponse:
        session = found_session(self._sessions, call)
        wanted = call.asked.get("filter") or ""
        if wanted not in _FILTERS:
            told = f"Invalid filter '{wanted}'."
            raise invalid("list_session_file_metadata_request.filter", told)
        origin = _FILTERS[wanted]
        listed = []
        for file in session.files.values():
            if origin in (None, file.origin) and file.hidden == 0:
                listed.append(self._metadata(session, file))
            file.hidden -= file.hidden > 0
        body = {"fileMetadata": listed} if listed else {}
        return answered({"listSessionFileMetadataResponse": body})

    def _metadata(self, session: Session, file: StoredFile) -> dict[str, Any]:
        path = f"/download/v1alpha/{session.full}{_DOWNLOAD}"
        return {
            "fileId": file.id,
            "name": file.name,
            "mimeType": file.mime_type,
            # 64 bits, which the JSON form of protobuf writes as a string.
            "byteSize": str(len(file.content)),
            "tokenCount": "258",
            "quotaPercentage": 1.5,
            "downloadUri": f"{self.base_url}{path}?fileId={quote(file.id)}&alt=media",
            "uploadTime": stamp(file.at),
            "fileOriginType": file.origin,
            "session": session.full,
            "views": {},
        }

    async def _download(self, request: web.Request, use: Use) -> web.StreamResponse:
        account = self._door.bearer(request, use)
        early = await self._door.before(request, self._door.mishap(use))
        if early is not None:
            return early
        file = self._wanted(request, account.name)
        if use.mishap == "lost_after":
            hang_up(request)
        if self._behaviour.download == "redirect":
            link = hashlib.sha256(f"{file.id}:{len(self._links)}".encode()).hexdigest()
            self._links[link] = file
            raise web.HTTPFound(f"/downloads/{link}")
        return web.Response(body=file.content, content_type=file.mime_type)

    def _wanted(self, request: web.Request, account: str) -> StoredFile:
        below = request.path.startswith("/download/")
        name = request.match_info["name"]
        session = self._sessions.find(name.removesuffix(_DOWNLOAD), account)
        # The short name is one that downloads do not know (reference §1.9).
        if (
            below != (self._behaviour.download == "download")
            or not name.endswith(_DOWNLOAD)
            or session is None
            or name.removesuffix(_DOWNLOAD) != session.full
        ):
            raise Refusal(404)
        file = session.files.get(request.query.get("fileId", ""))
        if file is None:
            raise Refusal(404)
        if request.query.get("alt") != "media":
            raise invalid("alt", "alt must be media.")
        return file

    async def _linked(self, request: web.Request) -> web.StreamResponse:
        """Serve a file by a link that is good once, and asks for nothing else."""
        file = self._links.pop(request.match_info["link"], None)
        if file is None:
            raise web.HTTPNotFound
        return web.Response(body=file.content, content_type=file.mime_type)
