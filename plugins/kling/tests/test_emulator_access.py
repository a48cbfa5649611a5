"""Who may ask the emulated service, and for what."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator, Callable

import pytest
from kling_emulated import LEAST, Visitor, jwt

from plugway_kling.emulator import KlingEmulator

pytestmark = pytest.mark.anyio

PATH = "/v1/videos/text2video"
KEYS = ("ak-emulator-demo", "sk-emulator-demo-0123456789abcdef")


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    """Run an emulator with two accounts."""
    async with Visitor(KlingEmulator(accounts=["demo", "other"])) as visitor:
        yield visitor


def _unsigned() -> str:
    parts = [{"alg": "none"}, {"iss": KEYS[0], "exp": int(time.time()) + 60}]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join((*(part.rstrip("=") for part in encoded), ""))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (None, 1001),
        ("", 1001),
        ("Bearer", 1002),
        (lambda: f"Basic {jwt(*KEYS)}", 1002),
        ("Bearer a.b.c", 1002),
        (lambda: f"Bearer {_unsigned()}", 1002),
        (lambda: f"Bearer {jwt(*KEYS, exp=None)}", 1002),
        (lambda: f"Bearer {jwt(*KEYS, iss=None)}", 1002),
        (lambda: f"Bearer {jwt('ak-nobody', KEYS[1])}", 1000),
        (lambda: f"Bearer {jwt(KEYS[0], 'sk-wrong')}", 1000),
        (lambda: f"Bearer {jwt(KEYS[0], 'sk-wrong', exp=1)}", 1000),
        ("Bearer some-other-api-key", 1000),
        (lambda: f"Bearer {jwt(*KEYS, nbf=int(time.time()) + 600)}", 1003),
        (lambda: f"Bearer {jwt(*KEYS, exp=int(time.time()) - 1)}", 1004),
    ],
)
async def test_a_wrong_authorization_has_its_code(
    visitor: Visitor, given: str | Callable[[], str] | None, code: int
) -> None:
    # Tokens are made now: between the collection of tests and this one they might grow old.
    given = given() if callable(given) else given
    headers = {} if given is None else {"Authorization": given}
    for method, path in (("POST", PATH), ("GET", PATH), ("GET", "/account/costs"), ("GET", "/no")):
        status, body, _ = await visitor.raw(method, path, headers=headers)
        told = json.loads(body)
        assert (status, told["code"]) == (401, code)
        assert set(told) == {"code", "message", "request_id"}


async def test_a_jwt_and_a_plain_key_are_the_same_account(visitor: Visitor) -> None:
    made = await visitor.post(PATH, LEAST[PATH])
    task = await visitor.get(f"{PATH}/{made['task_id']}", plain=True)
    assert task["task_id"] == made["task_id"]
    token = jwt(*KEYS, nbf=None, iat=int(time.time()))
    headers = {"Authorization": f"Bearer {token}"}
    status, _, _ = await visitor.raw("GET", f"{PATH}/{made['task_id']}", headers=headers)
    assert status == 200


async def test_what_is_one_accounts_is_not_there_for_another(visitor: Visitor) -> None:
    made = await visitor.post(PATH, {**LEAST[PATH], "external_task_id": "mine"})
    for name in (made["task_id"], "mine"):
        status, told = await visitor.ask("GET", f"{PATH}/{name}", account="other")
        assert (status, told["code"]) == (404, 1203)
    assert await visitor.get(PATH, account="other") == []
    # The same external id is free for the other.
    await visitor.post(PATH, {**LEAST[PATH], "external_task_id": "mine"}, account="other")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/videos/multi-elements",
        "/v1/videos/video-extend",
        "/v1/videos/advanced-lip-sync",
        "/v1/videos/lip-sync",
        "/v1/audio/video-to-audio",
    ],
)
async def test_a_resource_works_for_its_account_only(visitor: Visitor, path: str) -> None:
    body = await visitor.fill(LEAST[path])
    assert (await visitor.refused(path, body, account="other"))[:2] == (404, 1203)
    await visitor.post(path, body)


@pytest.mark.parametrize(
    ("path", "field", "key", "id_key", "other_field"),
    [
        ("/v1/general/custom-voices", "voices", "voice_list", "voice_id", {"sound": "on"}),
        ("/v1/general/advanced-custom-elements", "elements", "element_list", "element_id", {}),
    ],
)
async def test_a_voice_or_element_works_for_its_account_only(
    visitor: Visitor, path: str, field: str, key: str, id_key: str, other_field: dict[str, str]
) -> None:
    made = await visitor.post(path, LEAST[path])
    visitor.emulator.finish(made["task_id"])
    task = await visitor.get(f"{path}/{made['task_id']}")
    own = task["task_result"][field][0][id_key]
    video = "/v1/videos/image2video"
    body = {**LEAST[video], "model_name": "kling-v3", key: [{id_key: own}], **other_field}
    await visitor.post(video, body)
    assert (await visitor.refused(video, body, account="other"))[:2] == (404, 1203)


async def test_a_path_or_method_that_is_not_there(visitor: Visitor) -> None:
    for method, path in (("GET", "/v1/videos/12345"), ("DELETE", PATH), ("POST", "/v1/other")):
        status, told = await visitor.ask(method, path)
        assert (status, told["code"]) == (404, 1202)


@pytest.mark.parametrize("path", LEAST)
async def test_trailing_slashes_are_taken(visitor: Visitor, path: str) -> None:
    made = await visitor.post(f"{path}/", await visitor.fill(LEAST[path]))
    task = await visitor.get(f"{path}/{made['task_id']}/")
    assert task["task_id"] == made["task_id"]
    assert [task["task_id"] for task in await visitor.get(f"{path}/")] == [made["task_id"]]


async def test_ids_differ_from_process_to_process_and_follow_a_seed() -> None:
    ids = []
    for seed in (None, None, 5, 5):
        async with Visitor(KlingEmulator(seed=seed)) as visitor:
            made = await visitor.post(PATH, LEAST[PATH])
            ids.append(made["task_id"])
    assert ids[0] != ids[1]
    assert ids[2] == ids[3]
    assert all(isinstance(id_, str) and len(id_) == 18 and id_.isdecimal() for id_ in ids)
