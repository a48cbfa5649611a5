"""Media over the admin API: listed, shown small, removed."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import plugway_shop
import pytest
from back_office import BackOffice
from PIL import Image

from plugway.identity import users
from plugway.testing.server import GatewayServer

pytestmark = pytest.mark.anyio


@pytest.fixture
async def office(tmp_path: Path, anyio_backend: str) -> AsyncIterator[BackOffice]:
    """Run a gateway with callers of every role."""
    async with GatewayServer(tmp_path / "home", plugins={"shop": plugway_shop}) as server:
        office = BackOffice(server)
        await office.prepare()
        yield office
        await office.close()


async def test_media_are_listed_shown_and_removed(office: BackOffice) -> None:
    gateway = office.gateway
    media = gateway.media
    alice = (await users.find(gateway.database, "alice")).id
    olga = (await users.find(gateway.database, "olga")).id
    drawn = io.BytesIO()
    Image.new("RGB", (640, 320), "blue").save(drawn, "PNG")
    image = await media.keep(drawn.getvalue(), call_id="c1", user_id=alice, name="projects/1")
    video = await media.keep(b"\0\0\0 ftypisom", call_id="c1", user_id=alice, position=1)
    other = await media.keep(b"?", call_id="c2", user_id=olga)

    answer = await office.operator.get("/media", limit="2")
    assert [one["id"] for one in answer.json["items"]] == [other.id, video.id]
    assert (answer.json["number"], answer.json["size"]) == (3, image.size + video.size + 1)
    rest = await office.operator.get("/media", limit="2", after=str(answer.json["next"]))
    (item,) = rest.json["items"]
    assert rest.json["next"] is None
    assert item.pop("created_at") < item.pop("expires_at")
    assert item == {
        "id": image.id,
        "call_id": "c1",
        "user": "alice",
        "position": 0,
        "mime_type": "image/png",
        "size": image.size,
        "name": "projects/1",
    }
    mine = await office.operator.get("/media", user="olga")
    assert ([one["id"] for one in mine.json["items"]], mine.json["size"]) == ([other.id], 1)
    of_call = await office.operator.get("/media", call_id="c1")
    assert of_call.json["number"] == 2
    unknown = await office.operator.get("/media", user="nobody")
    assert unknown.error == (400, "bad_request", "user")

    place = f"/api/admin/media/{image.id}"
    assert (await office.operator.call("GET", f"{place}/thumbnail")).status == 403
    headers = {"authorization": f"Bearer {office.admin.key}"}
    url = f"{office.server.url}{place}/thumbnail"
    async with aiohttp.request("GET", url, headers=headers) as small:
        assert (small.status, small.headers["content-type"]) == (200, "image/webp")
        with Image.open(io.BytesIO(await small.read())) as thumbnail:
            assert thumbnail.size == (320, 160)
    none = await office.admin.call("GET", f"/api/admin/media/{video.id}/thumbnail")
    assert none.error == (404, "not_found", None)
    assert "video/mp4" in none.text

    assert (await office.operator.call("DELETE", place)).status == 403
    assert (await office.admin.call("DELETE", place)).status == 204
    assert (await office.admin.call("DELETE", place)).status == 404
    assert await media.get(image.id) is None
    (entry,) = (await office.admin.get("/audit", action="media.remove")).json["items"]
    assert entry["subject"] == image.id
    assert entry["detail"] == {"call_id": "c1", "mime_type": "image/png", "size": image.size}

    metrics = (await office.admin.call("GET", "/metrics")).text
    assert "plugway_media_kept " in metrics
    assert "plugway_media_kept_bytes " in metrics
