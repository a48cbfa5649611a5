"""The queue of calls for pooled credentials: seen, cancelled, and fair, over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from queue_house import ASKED, QueueHouse

from plugway import Departure, TextDelta, UpstreamInterrupted

pytestmark = pytest.mark.anyio

MODEL, GEMINI = "poet", "/v1beta/models/poet"
SAYS = [{"role": "user", "content": "Hello"}]
PARTS = [{"parts": [{"text": "Hello"}]}]
#: Path and body of a stream, and its error as the dialect tells it.
STREAMS: dict[str, tuple[str, Any, str]] = {
    "openai": (
        "/v1/chat/completions",
        {"model": MODEL, "messages": SAYS, "stream": True},
        '"code":"cancelled"',
    ),
    "anthropic": (
        "/v1/messages",
        {"model": MODEL, "messages": SAYS, "stream": True, "max_tokens": 99},
        '"The call was cancelled."',
    ),
    "gemini": (f"{GEMINI}:streamGenerateContent?alt=sse", {"contents": PARTS}, '"CANCELLED"'),
}
WHOLE: dict[str, tuple[str, Any]] = {
    "openai": ("/v1/chat/completions", {"model": MODEL, "messages": SAYS}),
    "anthropic": ("/v1/messages", {"model": MODEL, "messages": SAYS, "max_tokens": 99}),
    "gemini": (f"{GEMINI}:generateContent", {"contents": PARTS}),
}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[QueueHouse]:
    """Run a gateway with one account; afterwards its ledger must be right."""
    async with QueueHouse(tmp_path / "home") as house:
        await house.accounts(1)
        yield house
        report = await house.server.verify()
        assert report.ok, report.problems


async def test_calls_are_seen_with_their_place(house: QueueHouse) -> None:
    queue, go = house.gateway.queue, asyncio.Event()
    house.says(go, TextDelta("One"))
    first = await house.asked("ann", stream=True, headers={"x-request-id": "my-own"})
    await house.until(lambda: len(house.poet.asked) == 1)
    second = await house.asked("ann", "Two")
    third = await house.asked("bob", "Three")
    running, next_, last = queue.list()
    assert (running.state, running.position, running.streaming) == ("running", None, True)
    assert (running.request_id, running.user, running.model) == ("my-own", "ann", "poet")
    assert running.started is not None
    assert running.since <= running.started
    # Ann's first call came before Bob's, and her second one is no later than his first.
    assert (next_.state, next_.user, next_.position, next_.started) == ("waiting", "ann", 1, None)
    assert (last.user, last.position, last.streaming) == ("bob", 2, False)
    assert queue.position(last.request_id) == 2
    assert queue.position("my-own") is None
    assert queue.list("kling") == ()
    assert [place.user for place in queue.list("poet", user="bob")] == ["bob"]
    go.set()
    said = await asyncio.gather(first, second, third)
    assert [one.status for one in said] == [200] * 3
    assert said[1].headers["x-request-id"] == next_.request_id
    assert said[1].json["id"] == f"chatcmpl-{next_.answer_id}"
    assert len(queue) == 0
    assert queue.list() == ()


async def test_a_hundred_calls_of_one_do_not_delay_another(house: QueueHouse) -> None:
    claim = await house.taken()
    many = [await house.asked("ann", f"ann {place}") for place in range(15)]
    one = await house.asked("bob", "bob")
    house.gateway.credentials.free(claim)
    await asyncio.gather(*many, one)
    texts = [asked.messages[0].text for asked in house.poet.asked]
    assert texts[:3] == ["ann 0", "bob", "ann 1"]
    assert texts[2:] == [f"ann {place}" for place in range(1, 15)]


@pytest.mark.parametrize("dialect", WHOLE)
async def test_a_waiting_call_is_cancelled(house: QueueHouse, dialect: str) -> None:
    claim = await house.taken()
    path, body = WHOLE[dialect]
    gone = await house.asked("ann", path=path, body=body)
    stays = await house.asked("bob")
    (place, _) = house.gateway.queue.list()
    assert await house.gateway.queue.cancel(place.request_id)
    said = await gone
    assert said.status == 499
    assert "The call was cancelled." in said.body
    assert house.gateway.queue.position(house.gateway.queue.list()[0].request_id) == 1
    assert not await house.gateway.queue.cancel(place.request_id)
    house.gateway.credentials.free(claim)
    assert (await stays).status == 200
    assert [asked.messages[0].text for asked in house.poet.asked] == ["Hello"]
    assert (await house.ended())[0] == (499, 0, "cancelled")


@pytest.mark.parametrize("server", ["uvicorn", "granian"])
async def test_every_server_tells_it(tmp_path: Path, server: str) -> None:
    async with QueueHouse(tmp_path / "home", server=server) as house:
        await house.accounts(1)
        claim = await house.taken()
        gone = await house.asked("ann")
        assert await house.gateway.queue.cancel(house.gateway.queue.list()[0].call_id)
        said = await gone
        assert (said.status, said.json["error"]["code"]) == (499, "cancelled")
        house.gateway.credentials.free(claim)
        house.says(TextDelta("Half an"), asyncio.Event())
        gone = await house.asked("ann", stream=True)
        await house.until(lambda: len(house.poet.asked) == 1)
        assert await house.gateway.queue.cancel(house.gateway.queue.list()[0].call_id)
        assert '"code":"cancelled"' in (await gone).body
        assert [row[0] for row in await house.ended()] == [499, 499]


async def test_openai_clients_are_told_a_code_and_do_not_try_again(house: QueueHouse) -> None:
    import openai

    claim = await house.taken()
    client = openai.AsyncOpenAI(base_url=f"{house.server.url}/v1", api_key=house.keys["ann"])
    asking = asyncio.create_task(
        client.chat.completions.create(
            model="poet", messages=[{"role": "user", "content": "Hello"}]
        )
    )
    await house.until(lambda: len(house.gateway.queue) == 1)
    assert await house.gateway.queue.cancel(house.gateway.queue.list()[0].call_id)
    with pytest.raises(openai.APIStatusError) as told:
        await asking
    assert (told.value.status_code, told.value.code) == (499, "cancelled")
    await client.close()
    house.gateway.credentials.free(claim)
    assert len(await house.ended()) == 1


@pytest.mark.parametrize("stream", [True, False])
async def test_a_running_call_of_which_nothing_came_costs_nothing(
    house: QueueHouse, stream: bool
) -> None:
    house.says(asyncio.Event(), TextDelta("Never"))
    gone = await house.asked("ann", stream=stream)
    await house.until(lambda: len(house.poet.asked) == 1)
    stays = await house.asked("bob", "Next")
    assert await house.gateway.queue.cancel(house.gateway.queue.list()[0].call_id)
    assert (await gone).status == 499
    # The account is the next one's at once.
    assert (await stays).json["choices"][0]["message"]["content"] == "Next"
    assert house.poet.left == 1
    assert (await house.ended())[0] == (499, 0, "cancelled")


@pytest.mark.parametrize("dialect", STREAMS)
async def test_a_stream_ends_in_its_dialect_s_way_and_what_came_is_charged(
    house: QueueHouse, dialect: str
) -> None:
    path, body, told = STREAMS[dialect]
    house.says(TextDelta("Half an"), asyncio.Event())
    gone = await house.asked("ann", path=path, body=body)
    stays = await house.asked("bob", "Next")
    await house.until(lambda: len(house.poet.asked) == 1)
    assert await house.gateway.queue.cancel(house.gateway.queue.list()[0].answer_id)
    said = await gone
    assert said.status == 200
    assert "Half an" in said.body
    assert told in said.body.replace(": ", ":")
    assert (await stays).status == 200
    assert (await house.ended())[0] == (499, ASKED + 2 * 2, "cancelled")


@pytest.mark.parametrize("name", ["request", "call", "answer", "shown"])
async def test_each_of_its_ids_names_a_call(house: QueueHouse, name: str) -> None:
    queue = house.gateway.queue
    house.says(TextDelta("Half an"), asyncio.Event())
    gone = await house.asked("ann", stream=True)
    (place,) = queue.list()
    id_ = {
        "request": place.request_id,
        "call": place.call_id,
        "answer": place.answer_id,
        "shown": f"chatcmpl-{place.answer_id}",
    }[name]
    for wrong in ("", "chatcmpl-", f"x{id_}", id_[1:], f"{id_}x"):
        assert not await queue.cancel(wrong)
    assert not await queue.cancel(id_, user="bob")
    assert not await queue.cancel(id_, provider="kling")
    assert await queue.cancel(id_, user="ann", provider="poet")
    said = await gone
    if said.status == 200:
        first = json.loads(said.body.partition("\n")[0].removeprefix("data: "))
        assert first["id"] == f"chatcmpl-{place.answer_id}"
    assert said.headers["x-request-id"] == place.request_id


async def test_an_id_that_a_client_chose_twice_names_both(house: QueueHouse) -> None:
    claim = await house.taken()
    gone = [await house.asked(user, headers={"x-request-id": "same"}) for user in ("ann", "bob")]
    assert await house.gateway.queue.cancel("same", user="ann")
    assert (await gone[0]).status == 499
    assert not gone[1].done()
    third = await house.asked("bob", headers={"x-request-id": "same"})
    assert await house.gateway.queue.cancel("same")
    assert [(await task).status for task in (gone[1], third)] == [499, 499]
    house.gateway.credentials.free(claim)


async def test_two_who_cancel_cancel_once(house: QueueHouse) -> None:
    house.says(asyncio.Event())
    gone = await house.asked("ann")
    (place,) = house.gateway.queue.list()
    queue = house.gateway.queue
    assert [await queue.cancel(place.call_id) for _ in range(3)] == [True] * 3
    assert queue.list()[0].cancelled
    assert (await gone).status == 499
    assert await house.ended() == [(499, 0, "cancelled")]


async def test_what_the_work_makes_of_it_is_no_reason_to_go_on(
    house: QueueHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = house.poet.answer

    async def stubborn(*words: Any) -> Any:
        try:
            async for event in answer(*words):
                yield event
        except asyncio.CancelledError:
            # As a library does whose connection was closed under it; others are asked then.
            raise UpstreamInterrupted from None

    monkeypatch.setattr(house.poet, "answer", stubborn)
    house.says(asyncio.Event())
    gone = await house.asked("ann")
    await house.until(lambda: len(house.poet.asked) == 1)
    assert await house.gateway.queue.cancel(house.gateway.queue.list()[0].call_id)
    assert (await gone).status == 499
    assert len(house.poet.asked) == 1
    assert await house.ended() == [(499, 0, "cancelled")]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_cancel_that_meets_the_end_has_one_winner(house: QueueHouse, stream: bool) -> None:
    queue, won = house.gateway.queue, set[bool]()
    for steps in range(60):
        house.says(go := asyncio.Event(), TextDelta("Half an"), TextDelta(" answer"))
        asking = await house.asked("ann", stream=stream)
        (place,) = queue.list()
        await house.until(lambda: queue.list()[0].state == "running")
        go.set()
        for _ in range(steps % 30):
            await asyncio.sleep(0)
        cancelled = await queue.cancel(place.call_id)
        said = await asking
        won.add(cancelled)
        assert cancelled == ("cancelled" in said.body)
        assert cancelled == ("answer" not in said.body or "cancelled" in said.body)
        status, credits_, error = (await house.ended())[-1]
        assert (status, error) == ((499, "cancelled") if cancelled else (200, None))
        assert credits_ or said.status == 499
        assert len(await house.server.usage()) == steps + 1
    assert won == {True, False}


@pytest.mark.parametrize("departure", [Departure(seconds=0), Departure(seconds=600)])
async def test_a_client_that_leaves_leaves_the_queue_and_frees_its_account(
    tmp_path: Path, departure: Departure
) -> None:
    async with QueueHouse(tmp_path / "home", departure=departure) as house:
        await house.accounts(1)
        await leaves(house, heard_out=departure.seconds > 0)


async def leaves(house: QueueHouse, *, heard_out: bool) -> None:
    """Let a client leave that waits, and one that runs."""
    queue, go = house.gateway.queue, asyncio.Event()
    house.says(go)
    runs = await house.asked("ann")
    waits = await house.asked("ann")
    stays = await house.asked("bob", "Next")
    assert [place.position for place in queue.list()] == [None, 1, 2]
    waits.cancel()
    await house.until(lambda: len(queue) == 2)
    assert queue.list()[1].position == 1
    if heard_out:
        # The upstream works for the one that runs: that it would be heard out is its own matter.
        go.set()
        assert (await runs).status == 200
    else:
        runs.cancel()
    assert (await stays).status == 200
    gone = [one for one in await house.ended() if one[0] == 499]
    assert gone == [(499, 0, "client_departed")] * (1 if heard_out else 2)
    assert not await queue.cancel("anything")
