"""A chat from key to settlement: what is held, what is charged, who may ask for what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
from plain_dialect import PlainDialect, read_lines
from plain_front import PlainFront as Front
from poet import PoetPlugin

from plugway import (
    BadRequest,
    ChatModel,
    ChatRequest,
    CredentialExpired,
    EmptyAnswer,
    Finish,
    Media,
    Message,
    QuotaExhausted,
    SafetyBlocked,
    TextDelta,
    ThoughtDelta,
    TokenCount,
    ToolResult,
    UpstreamError,
    UpstreamInterrupted,
    UpstreamTimeout,
)
from plugway.testing.clock import ManualClock
from plugway.testing.server import GatewayServer

pytestmark = pytest.mark.anyio


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[Front]:
    """Run one."""
    plugin = PoetPlugin()
    plugins = {"poet": plugin, "plain": PlainDialect()}
    async with (
        GatewayServer(tmp_path / "home", plugins=plugins) as server,
        aiohttp.ClientSession() as client,
    ):
        front = Front(server, plugin, client)
        front.key = await server.key(await server.user())
        await server.channel("poet", "http://127.0.0.1:9", models=["parrot", "poet"])
        yield front
        report = await server.verify()
        assert report.ok, report.problems


async def test_an_answer_is_charged_by_what_it_used_and_marked_as_estimated(front: Front) -> None:
    assert await front.lines("parrot", text="Hello you") == [
        "model parrot",
        "text Hello you",
        "end stop",
    ]
    usage = (await front.server.usage())[-1]
    # A message is 4 tokens and its nine letters 3; the answer has the same letters.
    assert (usage.input_tokens, usage.output_tokens, usage.estimated) == (7, 3, True)
    assert usage.credits == 7 + 2 * 3

    front.poet.script.append(
        [TextDelta("Hi"), TokenCount(input=10, output=20), Media(mime_type="image/png", data=b"1")]
    )
    await front.lines("poet")
    usage = (await front.server.usage())[-1]
    assert (usage.input_tokens, usage.output_tokens, usage.images) == (10, 20, 1)
    assert (usage.credits, usage.estimated) == (10 + 40 + 100, False)


async def test_credits_are_held_for_what_may_come(front: Front) -> None:
    user = await front.server.user("bob", credits_=50)
    front.key = await front.server.key(user)
    assert await front.refused("parrot") == (402, "insufficient_credits")
    assert not front.poet.asked
    # With a limit of its own the request needs less: 6 + 2 * 10.
    assert (await front.lines("parrot", max_tokens=10))[-1] == "end stop"
    assert await front.server.balance(user) == (50 - 6 - 2 * 2, 0)


async def test_the_whole_answer_at_once(front: Front) -> None:
    front.poet.script.append([ThoughtDelta("Hm. "), ThoughtDelta("So."), TextDelta("Yes")])
    async with front.ask(stream=False, temperature=0.5, top_p=0.5) as answer:
        assert await answer.json() == {"text": "Yes", "thoughts": "Hm. So.", "end": "stop"}
        assert answer.headers["x-plugway-ignored"] == "top_p"


async def test_first_words_reach_the_client_while_the_upstream_still_speaks(front: Front) -> None:
    more = asyncio.Event()
    front.poet.script.append([TextDelta("Once"), more, TextDelta(" more")])
    async with front.ask() as answer:
        assert await answer.content.readline() == b"model poet\n"
        assert await answer.content.readline() == b"text Once\n"
        assert not more.is_set()
        more.set()
        assert (await read_lines(answer.content))[-1] == "end stop"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (BadRequest("no such thing"), 400, "bad_request"),
        (SafetyBlocked(), 400, "safety_blocked"),
        (UpstreamTimeout(), 504, "upstream_timeout"),
        (UpstreamError("it broke"), 502, "upstream_error"),
        (RuntimeError("a plugin's mistake"), 500, "internal_error"),
    ],
)
async def test_a_failure_before_the_first_word_has_its_own_status_and_costs_nothing(
    front: Front, error: Exception, status: int, code: str
) -> None:
    front.poet.script.append([error])
    assert await front.refused() == (status, code)
    assert len(front.poet.asked) == 1
    assert (await front.last())[0] == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: EmptyAnswer(),
        lambda: UpstreamInterrupted(),
        lambda: UpstreamError("overloaded", acted=False),
        lambda: CredentialExpired(acted=False),
        lambda: QuotaExhausted(acted=False),
    ],
)
async def test_what_may_be_tried_again_is_tried_three_times(
    front: Front, make: Callable[[], Exception]
) -> None:
    front.poet.script.extend([[ThoughtDelta("Hm."), make()], [make()]])
    lines = await front.lines()
    assert lines == ["model poet", "thought Hm.", "text Hello", "end stop"]
    assert len(front.poet.asked) == 3

    front.poet.script.extend([[make()]] * 3)
    status, _ = await front.refused()
    assert status in (429, 502)
    assert len(front.poet.asked) == 6


async def test_a_failure_after_the_first_word_is_told_in_the_stream_and_what_came_is_charged(
    front: Front,
) -> None:
    front.poet.script.append([TextDelta("Half an"), UpstreamInterrupted()])
    lines = await front.lines()
    assert lines[:2] == ["model poet", "text Half an"]
    assert lines[2].startswith("fail upstream_interrupted ")
    assert len(front.poet.asked) == 1
    assert await front.last() == (6 + 2 * 2, 502, "upstream_interrupted")


async def test_half_a_character_is_replaced_and_breaks_nothing(front: Front) -> None:
    front.poet.script.append([TextDelta("a\ud83d"), ThoughtDelta("\udc00b"), TextDelta("你😀")])
    lines = await front.lines()
    assert lines[1:4] == ["text a\ufffd", "thought \ufffdb", "text 你😀"]
    assert lines[-1] == "end stop"


async def test_an_answer_without_an_end_is_a_failure(front: Front) -> None:
    front.poet.whole = False
    front.poet.script.append([TextDelta("Half an")])
    lines = await front.lines()
    assert lines[-1].startswith("fail upstream_interrupted")


async def test_a_client_that_leaves_stops_the_model_and_pays_for_what_came(front: Front) -> None:
    never = asyncio.Event()
    front.poet.script.append([TextDelta("Once upon a time"), never])
    async with front.ask() as answer:
        await answer.content.readline()
        await answer.content.readline()
    while not front.poet.left:
        await asyncio.sleep(0.01)
    while len(await front.server.usage()) < 1:
        await asyncio.sleep(0.01)
    assert await front.last() == (6 + 2 * 4, 499, "client_departed")


async def test_a_client_that_leaves_before_the_first_word_pays_nothing(front: Front) -> None:
    never = asyncio.Event()
    front.poet.script.append([never])
    asking = asyncio.create_task(front.refused())
    while not front.poet.asked:
        await asyncio.sleep(0.01)
    asking.cancel()
    while not await front.server.usage():
        await asyncio.sleep(0.01)
    assert front.poet.left == 1
    assert await front.last() == (0, 499, "client_departed")


async def test_a_stop_text_ends_it_and_what_follows_is_not_charged(front: Front) -> None:
    front.poet.script.append([TextDelta("One. ST"), TextDelta("OP Two."), TextDelta(" Three.")])
    lines = await front.lines(stop=["STOP"])
    assert "".join(line[5:] for line in lines[1:-1]) == "One. "
    assert lines[-1] == "end stop"
    assert front.poet.left == 1
    assert (await front.server.usage())[-1].output_tokens == 2


@pytest.mark.parametrize(
    "media",
    [
        Media(mime_type="image/png", data=b"1"),
        Media(url="https://example.com/a"),
        Media(mime_type="video/mp4", url="https://example.com/a"),
    ],
)
@pytest.mark.parametrize("returned", [False, True])
def test_a_model_is_given_no_media_that_it_does_not_take(media: Media, returned: bool) -> None:
    part = ToolResult(id="1", parts=(media,)) if returned else media
    asked = ChatRequest(model="m", messages=(Message("user", (part,)),))
    models = PoetPlugin().poet
    with pytest.raises(BadRequest, match="takes no"):
        models.check(asked, ChatModel(id="m"))
    models.check(asked, ChatModel(id="m", takes=frozenset({"text", "image", "video"})))


async def test_models_that_a_key_may_not_use_do_not_exist_for_it(front: Front) -> None:
    user = await front.server.user("bob")
    server = front.server
    front.key = await server.key(user, models=["poet-image"])
    assert await front.refused("parrot") == (404, "not_found")
    assert await front.refused("poet") == (404, "not_found")
    assert (await front.lines("poet-image"))[-1] == "end stop"
    principal = server.gateway.identity.identify(
        [(b"authorization", f"Bearer {front.key}".encode())]
    )
    assert [model.id for model in server.gateway.chat.models(principal)] == ["poet-image"]

    front.key = await server.key(user, "other", models=["poet"])
    assert (await front.lines("poet-image"))[-1] == "end stop"
    principal = server.gateway.identity.identify(
        [(b"authorization", f"Bearer {front.key}".encode())]
    )
    assert [model.id for model in server.gateway.chat.models(principal)] == ["poet", "poet-image"]


async def test_models_without_a_channel_are_not_listed_and_not_served(front: Front) -> None:
    front.poet.models.append(ChatModel(id="novelist"))
    principal = front.server.gateway.identity.identify(
        [(b"authorization", f"Bearer {front.key}".encode())]
    )
    names = [model.id for model in front.server.gateway.chat.models(principal)]
    assert names == ["parrot", "poet", "poet-image"]
    assert await front.refused("novelist") == (503, "no_available_channel")
    assert await front.refused("nobody") == (404, "not_found")


async def test_a_model_without_a_price_is_refused(front: Front) -> None:
    front.poet.models.append(ChatModel(id="novelist", base="poet", tariff="novels"))
    assert await front.refused("novelist") == (400, "no_price")
    assert not front.poet.asked


async def test_a_name_that_two_plugins_have_is_served_by_the_one_in_the_settings(
    tmp_path: Path,
) -> None:
    answers: dict[str, int] = {}
    for owner in ("", "rival"):
        plugins = {"poet": PoetPlugin(), "plain": PlainDialect(), "rival": PoetPlugin("rival")}
        home = tmp_path / f"home{owner}"
        home.mkdir(mode=0o700)
        if owner:
            (home / "plugway.toml").write_text(
                '[chat.owners]\nparrot = "rival"\n', encoding="utf-8"
            )
        async with GatewayServer(home, plugins=plugins) as server:
            key = await server.key(await server.user())
            for provider in ("poet", "rival"):
                await server.channel(
                    provider, "http://127.0.0.1:9", name=provider, models=["parrot"]
                )
            async with (
                aiohttp.ClientSession() as client,
                client.post(
                    server.url + "/plain",
                    json={"model": "parrot"},
                    headers={"authorization": f"Bearer {key}"},
                ) as answer,
            ):
                answers[owner] = answer.status
            usage = await server.usage()
            assert [row.provider for row in usage] == ([] if not owner else ["rival"])
    assert answers == {"": 404, "rival": 200}


async def test_silence_is_filled_so_that_nobody_takes_the_stream_for_dead(tmp_path: Path) -> None:
    plugin = PoetPlugin()
    clock = ManualClock()
    plugins = {"poet": plugin, "plain": PlainDialect()}
    async with GatewayServer(tmp_path / "home", plugins=plugins, clock=clock) as server:
        front = Front(server, plugin, aiohttp.ClientSession())
        async with front.client:
            front.key = await server.key(await server.user())
            await server.channel("poet", "http://127.0.0.1:9", models=["poet"])
            more = asyncio.Event()
            plugin.poet.script.append([more, TextDelta("At last"), Finish()])
            asking = asyncio.create_task(front.lines())
            while not plugin.poet.asked:
                await asyncio.sleep(0.01)
            for _ in range(3):
                await asyncio.sleep(0.05)
                clock.advance(10.0)
            await asyncio.sleep(0.05)
            more.set()
            lines = await asking
        assert lines[0] == "model poet"
        assert lines.count("...") == 3
        assert lines[-2:] == ["text At last", "end stop"]
