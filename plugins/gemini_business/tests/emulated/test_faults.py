"""What goes wrong when it is told to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from gemini_business_emulated import (
    IMAGES,
    WIDGETS,
    Visitor,
    contents,
    files_of,
    state_of,
    text_of,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    """Run an emulator with two accounts."""
    async with Visitor("demo", "other") as visitor:
        yield visitor


async def raw(visitor: Visitor, text: str = "Hello") -> tuple[int, bytes, Any]:
    """Ask, and return status, body and headers."""
    asked = visitor.question(await visitor.session(), text)
    return await visitor.raw("widgetStreamAssist", visitor.body("widgetStreamAssist", asked))


async def test_quotas_are_used_up_inside_an_answer(visitor: Visitor) -> None:
    quotas = {"text": 3, "images": 2, "videos": 0}
    await visitor.control("PUT", "account", {"name": "demo", "quotas": quotas})
    (element,) = await visitor.ask("Film a cat")
    assert element["error"]["code"] == 429
    assert element["error"]["status"] == "RESOURCE_EXHAUSTED"
    assert "videos" in element["error"]["message"]
    # What is refused uses nothing up.
    (element,) = await visitor.ask("Draw 3 cats")
    assert "images" in element["error"]["message"]
    assert len(files_of(await visitor.ask("Draw 2 cats"))) == 2
    (element,) = await visitor.ask("Draw a cat")
    assert "images" in element["error"]["message"]
    for _ in range(2):
        assert state_of(await visitor.ask("Hello")) == "SUCCEEDED"
    (element,) = await visitor.ask("Hello")
    assert "text" in element["error"]["message"]
    assert state_of(await visitor.ask("Hello", "other")) == "SUCCEEDED"
    assert visitor.emulator.accounts["demo"].used == {"text": 3, "images": 2, "videos": 0}


async def test_the_day_begins_at_midnight_on_the_pacific(visitor: Visitor) -> None:
    # 2027-01-15 08:00 UTC is midnight there; the clock begins there.
    visitor.emulator.accounts["demo"].quotas = {"text": 1}
    assert state_of(await visitor.ask("Hello")) == "SUCCEEDED"
    visitor.clock.advance(86_399)
    visitor.emulator.sign_in("demo")
    assert "error" in (await visitor.ask("Hello"))[0]
    visitor.clock.advance(1)
    assert state_of(await visitor.ask("Hello")) == "SUCCEEDED"


async def test_a_kind_is_limited_for_a_time(visitor: Visitor) -> None:
    limited = {"images": visitor.now() + 100}
    await visitor.control("PUT", "account", {"name": "demo", "limited": limited})
    assert "error" in (await visitor.ask("Draw a cat"))[0]
    assert state_of(await visitor.ask("Hello")) == "SUCCEEDED"
    visitor.clock.advance(100)
    assert state_of(await visitor.ask("Draw a cat")) == "SUCCEEDED"


@pytest.mark.parametrize("retry_after", [None, 7])
async def test_quotas_are_used_up_with_a_status(visitor: Visitor, retry_after: int | None) -> None:
    change = {"quota_as": "status", "retry_after": retry_after}
    await visitor.control("PATCH", "behaviour", change)
    visitor.emulator.accounts["demo"].quotas = {"text": 0}
    status, body, headers = await raw(visitor)
    assert (status, json.loads(body)["error"]["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert headers.get("Retry-After") == (None if retry_after is None else "7")


@pytest.mark.parametrize("code", [400, 401, 403, 404, 429, 500, 503])
async def test_any_call_is_refused(visitor: Visitor, code: int) -> None:
    visitor.emulator.mishap("refused", call="create", account="demo", code=code, retry_after=9)
    asked = {"session": {"name": "", "displayName": ""}}
    assert (await visitor.call("widgetCreateSession", asked, "other"))[0] == 200
    body = visitor.body("widgetCreateSession", asked)
    status, content, headers = await visitor.raw("widgetCreateSession", body)
    assert (status, headers["Retry-After"]) == (code, "9")
    assert json.loads(content)["error"]["code"] == code
    assert (await visitor.call("widgetCreateSession", asked))[0] == 200


async def test_the_key_is_refused(visitor: Visitor) -> None:
    for code in (401, 403, 429, 500):
        visitor.emulator.mishap("refused", call="mint", code=code)
        assert (await visitor.mint())[0] == code
    # Twice: a client may ask again by itself if a connection it had used is closed.
    visitor.emulator.mishap("lost", call="mint", times=2)
    with pytest.raises(aiohttp.ClientError):
        await visitor.mint()


async def test_a_download_is_refused(visitor: Visitor) -> None:
    (made,) = files_of(await visitor.ask("Draw a cat"))
    (session,) = visitor.emulator.sessions
    visitor.emulator.mishap("refused", call="download", code=404, times=2)
    found = [(await visitor.download(session.full, made["fileId"]))[0] for _ in range(3)]
    assert found == [404, 404, 200]


async def test_calls_are_lost_before_and_after(visitor: Visitor) -> None:
    asked = {"session": {"name": "", "displayName": ""}}
    for kind, made in (("lost", 0), ("lost_after", 1)):
        visitor.emulator.mishap(kind, call="create")
        with pytest.raises(aiohttp.ClientError):
            await visitor.call("widgetCreateSession", asked)
        assert len(list(visitor.emulator.sessions)) == made
        use = visitor.emulator.truth.uses[-1]
        assert (use.mishap, use.status, use.account) == (kind, None, "demo")


async def test_a_balancer_answers(visitor: Visitor) -> None:
    visitor.emulator.mishap("html", call="ask")
    status, body, headers = await raw(visitor)
    assert (status, headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert b"<html>" in body


async def test_an_error_comes_amid_an_answer(visitor: Visitor) -> None:
    visitor.emulator.mishap("limited", after=3)
    answer = await visitor.ask("Hello")
    assert len(answer) == 4
    assert text_of(answer).startswith("You said: Hello")
    assert answer[-1]["error"]["code"] == 429
    visitor.emulator.mishap("limited", code=503, message="Later.")
    assert await visitor.ask("Hello") == [
        {"error": {"code": 503, "message": "Later.", "status": "UNAVAILABLE"}}
    ]
    visitor.emulator.mishap("limited", after=100)
    answer = await visitor.ask("Hello")
    assert state_of(answer[:-1]) == "SUCCEEDED"
    assert "error" in answer[-1]


async def test_there_are_only_thoughts(visitor: Visitor) -> None:
    visitor.emulator.mishap("only_thoughts")
    answer = await visitor.ask("Draw a cat")
    assert all(part.get("thought") for part in contents(answer) if part["text"])
    assert (text_of(answer), files_of(answer), state_of(answer)) == ("", [], "SUCCEEDED")


async def test_control_text_leaks(visitor: Visitor) -> None:
    visitor.emulator.mishap("control_text")
    assert text_of(await visitor.ask("Hello")).startswith("<ctrl46>Image size: 1024x1024\n")


@pytest.mark.parametrize("kind", ["failed", "cancelled", "skipped"])
async def test_an_answer_ends_in_another_state(visitor: Visitor, kind: str) -> None:
    visitor.emulator.mishap(kind)
    answer = await visitor.ask("Hello")
    assert state_of(answer) == kind.upper()
    assert bool(text_of(answer)) == (kind == "cancelled")
    told = answer[-1]["streamAssistResponse"]["answer"]
    assert ("assistSkippedReasons" in told) == (kind == "skipped")
    assert ("customerPolicyEnforcementResult" in told) == (kind == "skipped")


async def test_an_answer_says_what_it_is_told_to(visitor: Visitor) -> None:
    text = "  Two\n\nlines, and “signs”. \n"
    visitor.emulator.mishap("says", text=text)
    assert text_of(await visitor.ask("Think")) == text


async def test_the_sign_in_is_lost(visitor: Visitor) -> None:
    visitor.emulator.mishap("lost_sign_in")
    status, body, _ = await raw(visitor)
    assert (status, list(json.loads(body))) == (200, ["uToken"])


@pytest.mark.parametrize("after", [0, 2, 100])
async def test_an_array_lacks_its_end(visitor: Visitor, after: int) -> None:
    visitor.emulator.mishap("truncated", after=after)
    status, body, _ = await raw(visitor)
    assert status == 200
    assert body.startswith(b"[")
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)
    assert (b"SUCCEEDED" in body) == (after == 100)


async def test_an_answer_is_empty(visitor: Visitor) -> None:
    visitor.emulator.mishap("empty")
    assert (await raw(visitor))[:2] == (200, b"[]")
    visitor.emulator.mishap("nothing")
    assert (await raw(visitor))[:2] == (200, b"")


async def test_media_are_not_there(visitor: Visitor) -> None:
    visitor.emulator.mishap("no_media")
    session = await visitor.session()
    asked = visitor.question(session, "Draw a cat")
    assert len(files_of(await visitor.good("widgetStreamAssist", asked))) == 1
    asked = {"name": session, "filter": IMAGES}
    for _ in range(3):
        found = await visitor.good("widgetListSessionFileMetadata", asked)
        assert found == {"listSessionFileMetadataResponse": {}}


async def test_a_call_waits_until_it_is_released(visitor: Visitor) -> None:
    visitor.emulator.mishap("slow", call="ask", seconds=0.01)
    assert state_of(await visitor.ask("Hello")) == "SUCCEEDED"


async def test_the_faults_of_every_emulator_work_too(visitor: Visitor) -> None:
    session = await visitor.session()
    body = visitor.body("widgetStreamAssist", visitor.question(session, "Hello"))
    path = f"{WIDGETS}/widgetStreamAssist"
    visitor.emulator.fail("cut", path=path, after=100)
    with pytest.raises(aiohttp.ClientPayloadError):
        await visitor.raw("widgetStreamAssist", body)
    visitor.emulator.fail("status", path=path, status=429, headers={"Retry-After": "5"})
    status, _, headers = await visitor.raw("widgetStreamAssist", body)
    assert (status, headers["Retry-After"]) == (429, "5")


async def test_who_leaves_is_noted(visitor: Visitor) -> None:
    visitor.emulator.mishap("silent", after=2)
    async with visitor.stream("Hello") as answer:
        await answer.content.readany()
        assert visitor.emulator.truth.busy("demo") == 1
        answer.close()
    seen = await visitor.emulator.until(len(visitor.emulator.seen))
    # The server hears of it when its loop comes round.
    async with aiohttp.ClientSession() as other:
        while not seen.left:
            async with other.get(f"{visitor.emulator.url}/favicon.ico") as icon:
                assert icon.status == 204
    use = next(use for use in visitor.emulator.truth.uses if use.call == "ask")
    assert (use.left, use.status) == (True, None)
    assert visitor.emulator.truth.busy("demo") == 0
