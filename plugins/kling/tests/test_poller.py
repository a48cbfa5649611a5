"""What the upstream's answers mean for a task."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kling_gateway import PRICE, TEXT2VIDEO, Kling

from plugway import (
    CredentialExpired,
    CredentialRestricted,
    QuotaExhausted,
    Task,
    TaskGone,
    TaskUpdate,
    Turn,
    UnreadableAnswer,
    UpstreamError,
    UpstreamTimeout,
)
from plugway_kling import reading
from plugway_kling.endpoints import ENDPOINTS
from plugway_kling.poller import KlingPoller
from plugway_kling.shown import shown

pytestmark = pytest.mark.anyio


def task(kind: str = "text2video", **fields: Any) -> Task:
    known: dict[str, Any] = {
        "id": 1,
        "call_id": "call1",
        "provider": "kling",
        "kind": kind,
        "model": "kling-v1",
        "user_id": 1,
        "upstream_id": "7",
        "created_at": 1_800_000_000_000_000,
        "updated_at": 1_800_000_000_000_000,
    }
    return Task(**{**known, **fields})


class Upstream:
    """Answers with what it was given, and remembers what was asked."""

    def __init__(self, *bodies: Any) -> None:
        self._bodies = list(bodies)
        self.asked: list[str] = []

    async def __call__(
        self, target: str, *, method: str = "GET", content: bytes | None = None
    ) -> bytes:
        assert (method, content) == ("GET", None)
        self.asked.append(target)
        body = self._bodies.pop(0)
        return body if isinstance(body, bytes) else msgspec.json.encode(body)

    def turn(self) -> AbstractAsyncContextManager[Turn]:
        """Refuse: one question tells everything."""
        raise AssertionError


def answer(data: Any, code: Any = 0) -> dict[str, Any]:
    return {"code": code, "message": "whatever", "request_id": "up", "data": data}


@pytest.fixture
def poller(kling: Kling) -> KlingPoller:
    """Return a poller of a gateway."""
    return KlingPoller(kling.server.gateway)


@pytest.mark.parametrize("endpoint", [one for one in ENDPOINTS if one.way == "task"])
async def test_where_it_asks(poller: KlingPoller, endpoint: Any) -> None:
    told = {"task_id": "7", "task_status": "processing"}
    if endpoint.newer:
        told = {"id": "7", "status": "processing", "external_id": "call1"}
        upstream = Upstream(answer([told]), answer([told]))
        targets = ["/tasks?task_ids=7", "/tasks?external_task_ids=call1"]
    else:
        told["external_task_id"] = "call1"
        listed = not endpoint.named
        upstream = Upstream(answer(told), answer([told] if listed else told))
        find = f"{endpoint.path}?pageNum=1&pageSize=500" if listed else f"{endpoint.path}/call1"
        targets = [f"{endpoint.path}/7", find]
    assert (await poller.poll(task(endpoint.kind), upstream)).state == "processing"
    found = await poller.find(task(endpoint.kind, upstream_id=None), upstream)
    assert (found.state, found.upstream_id) == ("processing", "7")
    assert upstream.asked == targets
    assert poller.pace(task(endpoint.kind)) == endpoint.pace


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (1000, CredentialExpired),
        (1004, CredentialExpired),
        ("1004", CredentialExpired),
        (1100, QuotaExhausted),
        (1102, QuotaExhausted),
        (1103, CredentialRestricted),
        (1203, TaskGone),
        (1302, UpstreamError),
        (1303, UpstreamError),
        (5000, UpstreamError),
        (5001, UpstreamError),
        (5002, UpstreamTimeout),
        (77, UnreadableAnswer),
    ],
)
async def test_codes(poller: KlingPoller, code: Any, error: type[UpstreamError]) -> None:
    with pytest.raises(UpstreamError) as caught:
        await poller.poll(task(), Upstream(answer(None, code)))
    assert type(caught.value) is error


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"code": 0}',
        b'{"code": null, "data": {"task_id": "7", "task_status": "succeed"}}',
        answer(None),
        answer([]),
        answer({}),
        answer({"task_id": "7"}),
        answer({"task_status": "succeed"}),
        answer({"task_id": "7", "task_status": "success"}),
        answer({"task_id": "7", "task_status": "SUCCEED"}),
        answer({"task_id": "7", "task_status": 99}),
        answer({"task_id": "8", "task_status": "succeed"}),
        answer({"task_id": None, "task_status": "failed"}),
    ],
)
async def test_what_is_not_understood_is_no_state(poller: KlingPoller, body: Any) -> None:
    with pytest.raises(UnreadableAnswer):
        await poller.poll(task(), Upstream(body))


@given(st.binary(max_size=200))
def test_no_bytes_are_a_surprise(body: bytes) -> None:
    try:
        reading.update(reading.about(body), task(), by_units=False)
    except UpstreamError:
        return


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
        max_leaves=8,
    )
)
def test_whatever_is_kept_can_be_shown(value: Any) -> None:
    kept = msgspec.json.encode({"task_id": "7", "task_status": "processing", "task_info": value})
    told = msgspec.json.decode(shown(task(answer=kept.decode(), state="processing")))
    assert (told["task_id"], told["task_status"]) == ("7", "processing")


def test_one_s_own_name_is_told_whatever_the_upstream_tells() -> None:
    for info in ({}, {"external_task_id": "call1"}, {"parent_video": {"id": "1"}}):
        kept = {"task_id": "7", "task_status": "processing", "task_info": info}
        answer = msgspec.json.encode(kept).decode()
        told = msgspec.json.decode(shown(task(answer=answer, external_id="mine")))
        assert told["task_info"] == {**info, "external_task_id": "mine"}
        told = msgspec.json.decode(shown(task(answer=answer)))
        assert "external_task_id" not in told["task_info"]
    nothing = '{"task_id":"7","task_status":"processing","task_info":null}'
    told = msgspec.json.decode(shown(task(answer=nothing, external_id="mine")))
    assert told["task_info"] == {"external_task_id": "mine"}


@pytest.mark.parametrize(
    ("request_", "marked"),
    [
        ('{"watermark_info":{"enabled":true}}', True),
        ('{"watermark_info":{"enabled":"true"}}', True),
        ('{"watermark_info":{"enabled":false}}', False),
        ('{"watermark_info":[]}', False),
        ("", False),
    ],
)
def test_a_query_tells_of_the_watermark_whatever_told_of_the_end(
    request_: str, marked: bool
) -> None:
    # As a callback has it, or the answer to the submit.
    kept = '{"task_id":"7","task_status":"succeed"}'
    told = msgspec.json.decode(shown(task(answer=kept, request=request_, state="succeed")))
    assert told["watermark_info"] == {"enabled": marked}
    newer = msgspec.json.decode(shown(task(kind="new/omni-video", answer='{"id":"7"}')))
    assert not {"watermark_info", "task_info"} & set(newer)


async def test_success_without_an_address_is_an_end(poller: KlingPoller) -> None:
    told = {"task_id": 7, "task_status": "succeed", "task_result": {"videos": []}}
    update = await poller.poll(task(), Upstream(answer(told)))
    assert (update.state, update.ended) == ("succeed", True)


async def test_a_failure_has_its_reason_without_our_id(poller: KlingPoller) -> None:
    told = {"task_id": "7", "task_status": "failed", "task_status_msg": "task call1: no"}
    update = await poller.poll(task(external_id="mine"), Upstream(answer(told)))
    assert update.reason == "task mine: no"
    told["task_status_msg"] = ""
    update = await poller.poll(task(), Upstream(answer(told)))
    assert update.reason == "the upstream gave no reason"


async def test_what_is_found_must_be_ours(poller: KlingPoller) -> None:
    info = {"external_task_id": "another"}
    told = {"task_id": "7", "task_status": "succeed", "task_info": info}
    with pytest.raises(UnreadableAnswer):
        await poller.find(task(upstream_id=None), Upstream(answer(told)))
    for kind in ("new/text-to-video", "advanced-lip-sync"):
        with pytest.raises(TaskGone):
            await poller.find(task(kind, upstream_id=None), Upstream(answer([told])))


async def test_a_long_list_tells_nothing_until_it_is_old_enough(poller: KlingPoller) -> None:
    new = [{"task_id": str(n), "created_at": 1_800_000_000_000} for n in range(500)]
    old = [{"task_id": str(n), "created_at": 1_700_000_000_000} for n in range(500)]
    lost = task("advanced-lip-sync", upstream_id=None)
    with pytest.raises(UnreadableAnswer):
        await poller.find(lost, Upstream(*[answer(new)] * 4))
    upstream = Upstream(answer(new), answer(old))
    with pytest.raises(TaskGone):
        await poller.find(lost, upstream)
    assert upstream.asked[1].endswith("?pageNum=2&pageSize=500")


async def test_a_kind_that_is_not_known_any_more(poller: KlingPoller) -> None:
    with pytest.raises(UnreadableAnswer):
        await poller.poll(task("forgotten"), Upstream())


async def test_the_client_s_message(poller: KlingPoller) -> None:
    fields = {"external_id": "mine", "callback_url": "https://example.com"}
    told = {"task_id": "7", "task_status": "succeed", "task_info": {"external_task_id": "call1"}}
    update = TaskUpdate(state="succeed", upstream_id="7", answer=msgspec.json.encode(told).decode())
    body = msgspec.json.decode(poller.callback(task(upstream_id=None, **fields), update))
    assert body["task_id"] == "7"
    assert body["task_info"] == {"external_task_id": "mine"}
    # An end that the upstream has not told: too long, or gone.
    late = TaskUpdate(state="failed", answer="{}", reason="it has taken too long")
    body = msgspec.json.decode(poller.callback(task(**fields), late))
    assert (body["task_status"], body["task_status_msg"]) == ("failed", "it has taken too long")
    body = msgspec.json.decode(poller.callback(task("new/omni-video", **fields), late))
    assert (body["id"], body["status"], body["external_id"]) == ("7", "failed", "mine")


class TestByUnits:
    """With settlements by what the upstream says it took."""

    @pytest.fixture
    def environ(self) -> dict[str, str]:
        """Ask for it."""
        return {"PLUGWAY__PLUGINS__KLING__SETTLE_BY_UNITS": "true"}

    async def test_units_are_charged(self, kling: Kling) -> None:
        made = await kling.alice.make(model_name="kling-v1-6", mode="pro")
        data = await kling.alice.ended(f"{TEXT2VIDEO}/{made['task_id']}")
        assert data["final_unit_deduction"] == "3.5"
        assert await kling.charged() == 3.5 * PRICE


@pytest.mark.parametrize(
    ("body", "gone"),
    [
        (b'{"code": 1203, "message": "not found", "request_id": "r"}', True),
        (b'{"code": 1202, "message": "no such path", "request_id": "r"}', False),
        (b"<html>404 Not Found</html>", False),
        (b"", False),
    ],
)
def test_only_the_api_itself_says_that_there_is_no_such_task(body: bytes, gone: bool) -> None:
    assert KlingPoller(gateway=None).gone(body) is gone  # type: ignore[arg-type]  # not asked
