"""Tasks of the emulated service: envelopes, states, results."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from kling_emulated import LEAST, Visitor

from plugway.testing import ManualClock
from plugway_kling.emulated.kinds import KINDS
from plugway_kling.emulator import KlingEmulator

pytestmark = pytest.mark.anyio

PATH = "/v1/videos/text2video"
IMAGES = "/v1/images/generations"


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    """Run an emulator."""
    async with Visitor() as visitor:
        yield visitor


def test_every_kind_is_tested() -> None:
    assert set(LEAST) == {kind.path for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.path)
async def test_a_task_goes_its_way(visitor: Visitor, kind: Any) -> None:
    body = await visitor.fill({**LEAST[kind.path], "external_task_id": f"mine{kind.path}"})
    status, told = await visitor.ask("POST", kind.path, body)
    assert status == 200
    assert set(told) == {"code", "message", "request_id", "data"}
    made = told["data"]
    info = {"task_info"} if kind.info else set()
    assert set(made) == {"task_id", "task_status", "created_at", "updated_at"} | info
    assert made["task_status"] == "submitted"
    states, task = [], {}
    for _ in range(4):
        task = await visitor.get(f"{kind.path}/{made['task_id']}")
        states.append(task["task_status"])
    assert states == ["submitted", "processing", "succeed", "succeed"]
    assert task["task_info"]["external_task_id"] == f"mine{kind.path}"
    assert ("parent_video" in task["task_info"]) == kind.parent
    assert isinstance(task["final_unit_deduction"], str)
    assert set(task["final_balance_deduction"]) == {"quota", "list_price"}
    assert task["watermark_info"] == {"enabled": False}
    assert task["created_at"] == made["created_at"] <= task["updated_at"]
    made_of = task["task_result"]
    assert made_of[kind.makes], made_of
    assert (await visitor.get(kind.path))[0] == task


async def test_forms_that_some_kinds_have(visitor: Visitor) -> None:
    async def result(path: str, **more: Any) -> Any:
        body = await visitor.fill({**LEAST[path], **more})
        made = await visitor.post(path, body)
        visitor.emulator.finish(made["task_id"])
        return (await visitor.get(f"{path}/{made['task_id']}"))["task_result"]

    (video,) = (await result(PATH, watermark_info={"enabled": True}, duration=10))["videos"]
    assert set(video) == {"id", "url", "watermark_url", "duration"}
    assert video["duration"] == "10.041"
    (video,) = (await result("/v1/videos/effects"))["videos"]
    assert set(video) == {"id", "url"}
    (video,) = (await result("/v1/videos/multi-elements"))["videos"]
    assert set(video) == {"id", "url", "duration", "session_id"}
    images = (await result(IMAGES, n="3"))["images"]
    assert [image["index"] for image in images] == [0, 1, 2]
    series = await result("/v1/images/omni-image", result_type="series", series_amount=2)
    assert (series["result_type"], len(series["series_images"])) == ("series", 2)
    (shots,) = (await result("/v1/general/ai-multi-shot"))["images"]
    assert set(shots) == {"index", "url_1", "url_2", "url_3"}
    (element,) = (await result("/v1/general/custom-elements"))["elements"]
    assert isinstance(element["element_id"], int)
    assert element["element_id"] > 2**53


async def test_one_is_found_by_the_external_id_too(visitor: Visitor) -> None:
    made = await visitor.post(PATH, {**LEAST[PATH], "external_task_id": "mine"})
    assert (await visitor.get(f"{PATH}/mine"))["task_id"] == made["task_id"]
    # But not below the path of another kind, and lip sync by its own id only.
    status, told = await visitor.ask("GET", f"/v1/videos/image2video/{made['task_id']}")
    assert (status, told["code"]) == (404, 1203)
    lips = "/v1/videos/advanced-lip-sync"
    body = await visitor.fill({**LEAST[lips], "external_task_id": "lips"})
    await visitor.post(lips, body)
    assert (await visitor.ask("GET", f"{lips}/lips"))[0] == 404


async def test_an_external_id_is_taken_once_unless_told_otherwise(visitor: Visitor) -> None:
    body = {**LEAST[PATH], "external_task_id": "mine"}
    await visitor.post(PATH, body)
    status, code, message = await visitor.refused(PATH, body)
    assert (status, code) == (400, 1201)
    assert message.startswith("external_task_id")
    visitor.emulator.behaviour.unique_external_ids = False
    newest = await visitor.post(PATH, body)
    assert (await visitor.get(f"{PATH}/mine"))["task_id"] == newest["task_id"]
    assert visitor.emulator.truth.creates() == {"demo": {"mine": 2}}


async def test_the_word_for_success_is_not_always_the_same(visitor: Visitor) -> None:
    words = {(await visitor.ask("GET", PATH))[1]["message"] for _ in range(6)}
    assert words == {"SUCCEED", "success", "succeed"}


async def test_a_list_is_a_bare_array_of_the_newest_first(visitor: Visitor) -> None:
    made = [(await visitor.post(PATH, LEAST[PATH]))["task_id"] for _ in range(5)]
    await visitor.post(IMAGES, LEAST[IMAGES])
    assert [task["task_id"] for task in await visitor.get(PATH)] == made[::-1]
    page = await visitor.get(f"{PATH}?pageNum=2&pageSize=2")
    assert [task["task_id"] for task in page] == [made[2], made[1]]
    # Looking at a list moves nothing.
    assert {task["task_status"] for task in await visitor.get(PATH)} == {"submitted"}
    for query in ("pageNum=0", "pageNum=1001", "pageSize=0", "pageSize=501", "pageNum=x"):
        status, told = await visitor.ask("GET", f"{PATH}?{query}")
        assert (status, told["code"]) == (400, 1201)
    # However a whole number is written.
    for query in ("pageNum=2.0&pageSize=2", "pageNum=2&pageSize=2e0"):
        assert await visitor.get(f"{PATH}?{query}") == page
    assert await visitor.get("/v1/general/custom-voices?pageSize=1000") == []


async def test_a_task_moves_when_told(visitor: Visitor) -> None:
    emulator = visitor.emulator
    emulator.hold()
    made = [(await visitor.post(PATH, LEAST[PATH]))["task_id"] for _ in range(3)]
    for _ in range(5):
        assert (await visitor.get(f"{PATH}/{made[0]}"))["task_status"] == "submitted"
    emulator.finish(made[0], "failed", "the picture is not allowed")
    failed = await visitor.get(f"{PATH}/{made[0]}")
    assert failed["task_status"] == "failed"
    assert failed["task_status_msg"] == "the picture is not allowed"
    assert (failed["task_result"], failed["final_unit_deduction"]) == ({}, "0")
    emulator.finish(made[0], "succeed")
    assert (await visitor.get(f"{PATH}/{made[0]}"))["task_status"] == "failed"
    emulator.advance()
    assert emulator.task(made[1]).state == "processing"
    emulator.let_go()
    assert (await visitor.get(f"{PATH}/{made[1]}"))["task_status"] == "processing"
    emulator.advance()
    assert emulator.task(made[1]).state == "succeed"
    with pytest.raises(KeyError):
        emulator.finish("1", "succeed")


@pytest.mark.parametrize(("looks", "states"), [(1, ["succeed"]), (2, ["processing", "succeed"])])
async def test_as_many_looks_as_told(looks: int, states: list[str]) -> None:
    async with Visitor(KlingEmulator(looks=looks)) as visitor:
        made = await visitor.post(PATH, LEAST[PATH])
        path = f"{PATH}/{made['task_id']}"
        assert [(await visitor.get(path))["task_status"] for _ in states] == states


async def test_a_task_moves_with_time() -> None:
    clock = ManualClock(start_us=0)
    emulator = KlingEmulator(seconds=6.0, now=clock.monotonic)
    async with Visitor(emulator) as visitor:
        # The plain key: a JWT's time is another one.
        made = await visitor.post(PATH, LEAST[PATH], plain=True)
        states = []
        for _ in range(10):
            states.append((await visitor.get(PATH, plain=True))[0]["task_status"])
            clock.advance(1.0)
        assert states == sorted(states, key=["submitted", "processing", "succeed"].index)
        assert set(states) == {"submitted", "processing", "succeed"}
        task = await visitor.get(f"{PATH}/{made['task_id']}", plain=True)
        assert 3_000 <= task["updated_at"] <= 10_000


async def test_a_new_task_may_not_be_found_at_once(visitor: Visitor) -> None:
    visitor.emulator.behaviour.hidden_looks = 2
    made = await visitor.post(PATH, {**LEAST[PATH], "external_task_id": "mine"})
    for name in ("mine", made["task_id"]):
        assert (await visitor.ask("GET", f"{PATH}/{name}"))[0] == 404
    assert (await visitor.get(f"{PATH}/mine"))["task_status"] == "submitted"


async def test_what_no_documentation_knows_comes_too(visitor: Visitor) -> None:
    made = await visitor.post(PATH, LEAST[PATH])
    assert (await visitor.get(f"{PATH}/{made['task_id']}"))["trace"]["shard"] > 2**53


@pytest.mark.parametrize(
    ("path", "key", "content_type", "begin"),
    [
        (PATH, "url", "video/mp4", b"ftyp"),
        (IMAGES, "url", "image/png", b"PNG"),
        ("/v1/audio/text-to-audio", "url_mp3", "audio/mpeg", b"\xff\xfb"),
        ("/v1/audio/text-to-audio", "url_wav", "audio/wav", b"RIFF"),
    ],
)
async def test_results_are_real_files(
    visitor: Visitor, path: str, key: str, content_type: str, begin: bytes
) -> None:
    made = await visitor.post(path, LEAST[path])
    visitor.emulator.finish(made["task_id"])
    result = (await visitor.get(f"{path}/{made['task_id']}"))["task_result"]
    (files,) = result.values()
    async with aiohttp.request("GET", files[0][key]) as response:
        assert (response.status, response.content_type) == (200, content_type)
        content = await response.read()
    assert begin in content[:12]
    if content_type == "video/mp4":
        assert _sample(content).startswith(b"\x89PNG")


async def test_the_account_pays_for_what_succeeds(visitor: Visitor) -> None:
    account = visitor.emulator.accounts["demo"]
    before = account.units
    body = {"model_name": "kling-v1", "prompt": "a cat", "mode": "pro", "duration": "5"}
    first, second = [(await visitor.post(PATH, body))["task_id"] for _ in range(2)]
    visitor.emulator.finish(first)
    visitor.emulator.finish(second, "failed")
    assert (await visitor.get(f"{PATH}/{first}"))["final_unit_deduction"] == "3.5"
    assert str(before - account.units) == "3.5"


def _sample(content: bytes) -> bytes:
    """Follow the boxes of an MP4 file to its only sample."""
    boxes = dict(_boxes(content))
    assert set(boxes) == {b"ftyp", b"mdat", b"moov"}
    inner = boxes[b"moov"]
    for name in (b"trak", b"mdia", b"minf", b"stbl"):
        inner = dict(_boxes(inner))[name]
    table = dict(_boxes(inner))
    (place,) = struct.unpack(">I", table[b"stco"][8:])
    (size,) = struct.unpack(">I", table[b"stsz"][12:])
    sample = content[place : place + size]
    assert sample == boxes[b"mdat"]
    return sample


def _boxes(content: bytes) -> list[tuple[bytes, bytes]]:
    found = []
    while content:
        size, name = struct.unpack(">I4s", content[:8])
        found.append((name, content[8:size]))
        content = content[size:]
    return found
