"""Sessions, and the files in them."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
from aiohttp import web
from gemini_business_emulated import IMAGES, Visitor, files_of, text_of

from plugway.testing import EmulatorServer
from plugway_gemini_business.emulated.media import mp4, png

pytestmark = pytest.mark.anyio

PNG = png(5, 4)


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    """Run an emulator with two accounts."""
    async with Visitor("demo", "other") as visitor:
        yield visitor


def upload(session: str, content: bytes = PNG, mime_type: str = "image/png") -> dict[str, Any]:
    """Write an upload."""
    data = base64.b64encode(content).decode()
    return {"name": session, "fileName": "a", "mimeType": mime_type, "fileContents": data}


async def test_sessions_come_and_go(visitor: Visitor) -> None:
    names = [await visitor.session() for _ in range(3)]
    assert len(set(names)) == 3
    prefix = "collections/default_collection/engines/agentspace-engine/sessions/"
    assert all(name.startswith(prefix) for name in names)
    listed = await visitor.good("widgetListSessions", {"pageSize": 2})
    page = listed["listSessionsResponse"]
    assert [each["name"] for each in page["sessions"]] == names[:0:-1]
    more = {"pageSize": 2, "pageToken": page["nextPageToken"]}
    listed = (await visitor.good("widgetListSessions", more))["listSessionsResponse"]
    assert [each["name"] for each in listed["sessions"]] == names[:1]
    assert "nextPageToken" not in listed
    await visitor.good("widgetDeleteSession", {"name": names[0]})
    assert (await visitor.call("widgetDeleteSession", {"name": names[0]}))[0] == 404
    assert len(list(visitor.emulator.sessions)) == 2


async def test_sessions_are_their_accounts_own(visitor: Visitor) -> None:
    name = await visitor.session()
    assert (await visitor.call("widgetGetSession", {"name": name}))[0] == 200
    for method in ("widgetGetSession", "widgetDeleteSession", "widgetListSessionFileMetadata"):
        status, body = await visitor.call(method, {"name": name}, "other")
        assert (status, body["error"]["status"]) == (404, "NOT_FOUND")
    asked = visitor.question(name, "Hello")
    assert (await visitor.call("widgetStreamAssist", asked, "other"))[0] == 404
    assert (await visitor.call("widgetAddContextFile", upload(name), "other"))[0] == 404


async def test_files_reach_the_question(visitor: Visitor) -> None:
    session = await visitor.session()
    ids = []
    for content, mime_type in ((PNG, "image/png"), (mp4(), "video/mp4"), (b"a,b", "text/csv")):
        added = await visitor.good("widgetAddContextFile", upload(session, content, mime_type))
        ids.append(added["addContextFileResponse"]["fileId"])
    asked = visitor.question(session, "", fileIds=ids)
    answer = await visitor.good("widgetStreamAssist", asked)
    assert text_of(answer).endswith(
        f"3 files: image/png 5×4 of {len(PNG)} bytes; video/mp4 isom of {len(mp4())} bytes; "
        "text/csv of 3 bytes"
    )
    assert visitor.emulator.truth.asked[0].files == tuple(ids)
    # A file is its session's own.
    asked = visitor.question(await visitor.session(), "Hello", fileIds=ids[:1])
    assert (await visitor.call("widgetStreamAssist", asked))[0] == 404


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"mimeType": "image/webp"}, "Unsupported file type: image/webp"),
        ({"mimeType": ""}, "Unsupported file type: unknown"),
        ({"fileContents": "?"}, "(TYPE_BYTES), Base64 decoding failed"),
        ({"fileContents": ""}, "One of file_contents and file_uri is required."),
        ({"fileUri": "http://127.0.0.1/"}, "One of file_contents and file_uri is required."),
        ({"mimeType": "image/jpeg"}, "Failed to parse the file as image/jpeg."),
        ({"fileContents": "AAAA"}, "Failed to parse the file as image/png."),
    ],
)
async def test_files_are_checked(visitor: Visitor, changes: dict[str, Any], told: str) -> None:
    session = await visitor.session()
    status, body = await visitor.call("widgetAddContextFile", {**upload(session), **changes})
    assert status == 400
    assert told in body["error"]["message"]


async def test_files_may_be_too_big(visitor: Visitor) -> None:
    visitor.emulator.behaviour.file_bytes = len(PNG)
    session = await visitor.session()
    await visitor.good("widgetAddContextFile", upload(session))
    status, body = await visitor.call("widgetAddContextFile", upload(session, PNG + b"x"))
    assert (status, "exceeds the limit" in body["error"]["message"]) == (400, True)


class Store(EmulatorServer):
    """Has a file."""

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return its routes."""
        return [web.get("/a.png", self._png)]

    async def _png(self, request: web.Request) -> web.Response:
        return web.Response(body=PNG, content_type="image/png")


async def test_files_are_fetched_from_elsewhere(visitor: Visitor) -> None:
    store = Store()
    url = await store.start()
    session = await visitor.session()
    asked = {"name": session, "fileUri": f"{url}/a.png"}
    added = await visitor.good("widgetAddContextFile", asked)
    file_id = added["addContextFileResponse"]["fileId"]
    asked = visitor.question(session, "Hello", fileIds=[file_id])
    assert "image/png 5×4" in text_of(await visitor.good("widgetStreamAssist", asked))
    for uri in (f"{url}/b.png", "gs://bucket/a.png"):
        status, _ = await visitor.call("widgetAddContextFile", {"name": session, "fileUri": uri})
        assert status == 400
    await visitor.control("PATCH", "behaviour", {"file_uris": False})
    asked = {"name": session, "fileUri": f"{url}/a.png"}
    assert (await visitor.call("widgetAddContextFile", asked))[0] == 400
    await store.stop()


async def listed(visitor: Visitor, session: str, filter_: str = IMAGES) -> list[dict[str, Any]]:
    """List the files of a session."""
    asked = {"name": session, "filter": filter_}
    body = await visitor.good("widgetListSessionFileMetadata", asked)
    files: list[dict[str, Any]] = body["listSessionFileMetadataResponse"].get("fileMetadata", [])
    return files


async def test_generated_files_are_downloaded_by_the_full_name(visitor: Visitor) -> None:
    session = await visitor.session()
    await visitor.good("widgetAddContextFile", upload(session))
    asked = visitor.question(session, "Draw 2 cats, 30x20, and film them")
    made = files_of(await visitor.good("widgetStreamAssist", asked))
    assert [file["mimeType"] for file in made] == ["image/png", "image/png", "video/mp4"]
    found = await listed(visitor, session)
    assert [each["fileId"] for each in found] == [file["fileId"] for file in made]
    assert len(await listed(visitor, session, "")) == 4
    full = found[0]["session"]
    assert full.startswith("projects/")
    assert full.endswith(session)
    contents = [await visitor.download(full, file["fileId"]) for file in made]
    assert contents == [(200, png(30, 20)), (200, png(30, 21)), (200, mp4())]
    assert [int(each["byteSize"]) for each in found] == [len(body) for _, body in contents]
    # The short name is one that downloads do not know.
    assert (await visitor.download(session, made[0]["fileId"]))[0] == 404
    assert (await visitor.download(full, "1"))[0] == 404
    other = full.replace(session, await visitor.session())
    assert (await visitor.download(other, made[0]["fileId"]))[0] == 404


async def test_downloads_ask_for_a_bearer(visitor: Visitor) -> None:
    (made,) = files_of(await visitor.ask("Draw a cat"))
    (session,) = visitor.emulator.sessions
    path = f"/download/v1alpha/{session.full}:downloadFile?fileId={made['fileId']}&alt=media"
    async with visitor.client.get(path) as answer:
        assert answer.status == 401
    async with visitor.client.get(path, headers=await visitor.headers("other")) as answer:
        assert answer.status == 404


async def test_downloads_are_elsewhere_with_a_redirect(visitor: Visitor) -> None:
    visitor.emulator.behaviour.download = "redirect"
    (made,) = files_of(await visitor.ask("Draw a cat"))
    (session,) = visitor.emulator.sessions
    assert (await visitor.download(session.full, made["fileId"]))[0] == 404
    found = await visitor.download(session.full, made["fileId"], base="/v1alpha")
    assert found == (200, png(16, 16))
    path = f"/v1alpha/{session.full}:downloadFile?fileId={made['fileId']}&alt=media"
    headers = await visitor.headers()
    async with visitor.client.get(path, headers=headers, allow_redirects=False) as answer:
        assert answer.status == 302
        link = answer.headers["Location"]
    for status in (200, 404):
        async with visitor.client.get(link) as answer:
            assert answer.status == status


async def test_new_files_may_be_listed_late(visitor: Visitor) -> None:
    visitor.emulator.behaviour.hidden_lists = 2
    session = await visitor.session()
    await visitor.good("widgetStreamAssist", visitor.question(session, "Draw a cat"))
    assert [len(await listed(visitor, session)) for _ in range(4)] == [0, 0, 1, 1]


async def test_filters_are_checked(visitor: Visitor) -> None:
    asked = {"name": await visitor.session(), "filter": "origin = x"}
    assert (await visitor.call("widgetListSessionFileMetadata", asked))[0] == 400
