"""What goes wrong, what clients hear of it, and what becomes of the accounts."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from business_gateway import CHATS, MODEL, Business

from plugway_gemini_business.emulated.accounts import NewAccount

pytestmark = pytest.mark.anyio


ASKS = "/v1alpha/locations/global/widgetStreamAssist"


def said(text: str) -> list[Any]:
    """Return an answer of nothing but text."""
    replies = [{"groundedContent": {"content": {"role": "model", "text": text}}}]
    return [{"streamAssistResponse": {"answer": {"state": "SUCCEEDED", "replies": replies}}}]


def quotas(row: Any) -> dict[str, Any]:
    """Return what rests, by kind of quota."""
    rests: dict[str, Any] = msgspec.json.decode(row.quotas or "{}").get("rests", {})
    return rests


def asked(business: Business) -> list[Any]:
    """Return the questions that the upstream got."""
    return [one for one in business.emulator.seen if one.target.endswith("widgetStreamAssist")]


async def test_defect_s_a_401_gets_a_fresh_bearer_on_the_same_account(bare: Business) -> None:
    await bare.channel("first")
    await bare.ask()
    (before,) = {one.header("authorization") for one in asked(bare)}
    bare.clock.advance(2)
    bare.emulator.mishap("refused", call="ask", code=401)
    assert (await bare.ask()).status == 200
    bearers = [one.header("authorization") for one in asked(bare)]
    assert bearers[:2] == [before, before]
    assert bearers[2] not in (None, before)
    assert bare.emulator.truth.counts("first")["mint"] == 2
    row = await bare.row("first")
    assert (row.state, row.failures) == ("ready", 0)


async def test_bearers_are_kept_for_a_while_and_then_made_anew(bare: Business) -> None:
    await bare.channel("first")
    for _ in range(3):
        await bare.ask()
    assert bare.emulator.truth.counts("first")["mint"] == 1
    bare.clock.advance(241)
    await bare.ask()
    assert bare.emulator.truth.counts("first")["mint"] == 2


async def test_refresh_cooldown_makes_bearers_anew_earlier(bare: Business) -> None:
    await bare.channel("first", refresh_cooldown=30)
    await bare.ask()
    bare.clock.advance(31)
    await bare.ask()
    assert bare.emulator.truth.counts("first")["mint"] == 2


async def test_expired_cookies_leave_the_call_to_the_next_account(business: Business) -> None:
    business.emulator.change(NewAccount(name="first", state="expired"))
    for _ in range(4):
        assert (await business.ask()).status == 200
    assert {one.account for one in business.emulator.truth.asked} == {"second"}
    assert (await business.states())["second"] == "ready"
    row = await business.row("first")
    assert (row.state, row.failures > 0) != ("ready", False)


async def test_a_restricted_account_is_told_apart(business: Business) -> None:
    business.emulator.change(NewAccount(name="first", state="restricted"))
    for _ in range(4):
        assert (await business.ask()).status == 200
    assert {one.account for one in business.emulator.truth.asked} == {"second"}
    assert (await business.row("first")).state == "restricted"
    assert (await business.row("second")).state == "ready"


async def test_a_403_of_an_expired_sign_in_is_not_a_restriction(business: Business) -> None:
    business.emulator.fail(
        "status",
        path="/auth/getoxsrf",
        status=403,
        json={"message": "Session has expired.", "status": "EXPIRED_SIGN_IN"},
        times=3,
    )
    for _ in range(3):
        await business.ask()
    assert "restricted" not in (await business.states()).values()


@pytest.mark.parametrize("quota_as", ["inside", "status"])
async def test_a_used_up_quota_rests_the_account_and_the_next_answers(
    business: Business, quota_as: Any
) -> None:
    business.emulator.behaviour.quota_as = quota_as
    business.emulator.change(NewAccount(name="first", quotas={"text": 0}))
    for _ in range(3):
        assert (await business.ask()).status == 200
    counts = business.emulator.truth.counts("first")
    assert counts["ask"] == 1
    assert (await business.row("second")).state == "ready"
    assert not quotas(await business.row("second"))


async def test_an_images_quota_leaves_text_usable(bare: Business) -> None:
    await bare.channel("first")
    bare.emulator.change(NewAccount(name="first", quotas={"images": 0}))
    assert (await bare.ask("Draw a cat", model=f"{MODEL}-image")).status == 429
    assert (await bare.ask("Hello")).status == 200
    assert list(quotas(await bare.row("first"))) == ["images"]


async def test_defect_c_with_every_account_limited_the_client_waits_for_nothing(
    business: Business,
) -> None:
    for name in ("first", "second"):
        business.emulator.change(NewAccount(name=name, quotas={"text": 0}))
    for _ in range(2):
        answer = await business.ask()
        assert answer.status == 429, answer.body
        assert int(answer.headers["retry-after"]) >= 1
    assert len(business.emulator.truth.asked) == 2
    assert await business.charged() == 0


async def test_retry_after_of_the_upstream_is_kept(bare: Business) -> None:
    await bare.channel("first")
    bare.emulator.mishap("refused", call="ask", code=429, retry_after=77)
    answer = await bare.ask()
    assert answer.status == 429
    assert 70 <= int(answer.headers["retry-after"]) <= 77
    bare.clock.advance(80)
    assert (await bare.ask()).status == 200


async def test_a_429_for_bearers_rests_the_account(bare: Business) -> None:
    await bare.channel("first")
    bare.emulator.mishap("refused", call="mint", code=429, retry_after=30)
    assert (await bare.ask()).status == 429
    assert bare.emulator.truth.asked == []


async def test_defect_e_without_any_usable_account_it_is_503(bare: Business) -> None:
    await bare.channel()
    answer = await bare.ask()
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) >= 1


async def test_an_outage_changes_no_account(business: Business) -> None:
    before = await business.states()
    await business.emulator.refuse()
    for _ in range(4):
        answer = await business.ask()
        assert answer.status in (502, 503), answer.body
    await business.emulator.resume()
    assert await business.states() == before == {"first": "ready", "second": "ready"}
    assert await business.charged() == 0


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("refused", {"call": "mint", "code": 503}),
        ("refused", {"call": "create", "code": 500}),
        ("refused", {"call": "ask", "code": 503}),
        ("html", {"call": "mint"}),
        ("html", {"call": "ask"}),
        ("lost", {"call": "ask"}),
        ("empty", {}),
        ("nothing", {}),
        ("truncated", {"after": 1}),
        ("cancelled", {}),
    ],
)
async def test_the_upstreams_own_trouble_touches_no_account(
    business: Business, kind: str, details: dict[str, Any]
) -> None:
    business.emulator.mishap(kind, **details)
    answer = await business.ask()
    assert answer.status in (200, 502), answer.body
    assert await business.states() == {"first": "ready", "second": "ready"}
    assert not quotas(await business.row("first"))


async def test_a_session_that_is_refused_for_no_reason_is_asked_for_again(bare: Business) -> None:
    await bare.channel("first")
    bare.emulator.mishap("refused", call="create", code=400, times=2)
    assert (await bare.ask()).status == 200
    assert bare.emulator.truth.counts("first")["create"] == 3


async def test_a_session_that_stays_refused_is_not_the_clients_fault(bare: Business) -> None:
    await bare.channel("first")
    bare.emulator.mishap("refused", call="create", code=400, times=3)
    answer = await bare.ask()
    assert answer.status == 502
    assert bare.emulator.truth.counts("first")["create"] == 3
    assert (await bare.row("first")).state == "ready"


async def test_what_the_policy_forbids_is_told_with_its_reason(business: Business) -> None:
    business.emulator.mishap("skipped")
    answer = await business.ask()
    assert answer.status == 400
    assert "CUSTOMER_POLICY_VIOLATION" in answer.error
    assert "Responsible AI" in answer.error
    assert len(business.emulator.truth.asked) == 1
    assert await business.states() == {"first": "ready", "second": "ready"}
    assert await business.charged() == 0


async def test_a_page_in_place_of_an_answer_is_not_understood(business: Business) -> None:
    business.emulator.fail("status", path=ASKS, status=200, json="<html>", times=2)
    answer = await business.ask()
    assert answer.status == 502
    assert await business.states() == {"first": "ready", "second": "ready"}


@pytest.mark.parametrize("body", ['{"uToken": "x"}', '<script>{"uToken": 1}'])
async def test_a_page_that_tells_of_a_lost_sign_in_blames_the_account(
    bare: Business, body: str
) -> None:
    await bare.channel("first")
    bare.emulator.fail("status", path=ASKS, status=200, json=msgspec.Raw(body.encode()))
    answer = await bare.ask()
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert "lost the sign-in" in answer.error
    row = await bare.row("first")
    assert (row.state, row.failures) != ("ready", 0)


async def test_a_packed_answer_is_refused(business: Business) -> None:
    business.emulator.fail(
        "status", path=ASKS, status=200, headers={"Content-Encoding": "br"}, json=[], times=2
    )
    answer = await business.ask()
    assert answer.status == 502
    assert "packs" in answer.error


async def test_a_failed_answer_is_an_error(business: Business) -> None:
    business.emulator.mishap("failed")
    answer = await business.ask()
    assert (answer.status, answer.error) == (502, "The upstream failed to answer.")
    assert await business.charged() == 0


async def test_only_thoughts_are_tried_with_another_account(business: Business) -> None:
    business.emulator.mishap("only_thoughts")
    assert (await business.ask("Hello")).text.startswith("You said: Hello")
    one, other = business.emulator.truth.asked
    assert one.account != other.account
    assert await business.states() == {"first": "ready", "second": "ready"}


async def test_complaint_8_an_image_that_does_not_come_is_no_success(business: Business) -> None:
    business.emulator.mishap("only_thoughts", times=2)
    answer = await business.ask("Draw a cat", model=f"{MODEL}-image")
    assert answer.status == 502
    assert "made no image" in answer.error
    assert len(business.emulator.truth.asked) == 2
    assert await business.charged() == 0
    assert await business.states() == {"first": "ready", "second": "ready"}


async def test_an_excuse_instead_of_an_image_is_told_and_no_answer(bare: Business) -> None:
    await bare.channel("first")
    bare.emulator.fail("status", path=ASKS, status=200, json=said("I would rather not."))
    answer = await bare.ask("Draw a cat", model=f"{MODEL}-image")
    assert answer.status == 502
    assert "made no image; it said: I would rather not." in answer.error
    assert (await bare.row("first")).state == "ready"
    assert await bare.charged() == 0


async def test_a_lost_sign_in_inside_an_answer_blames_the_account(business: Business) -> None:
    business.emulator.mishap("lost_sign_in")
    assert (await business.ask()).status == 200
    one, other = business.emulator.truth.asked
    assert one.account != other.account
    row = await business.row(one.account)
    assert (row.state, row.failures) != ("ready", 0)
    assert (await business.row(other.account)).state == "ready"


@pytest.mark.parametrize(("code", "state"), [(401, None), (403, "restricted"), (429, None)])
async def test_error_elements_inside_an_answer_are_what_they_say(
    business: Business, code: int, state: str | None
) -> None:
    business.emulator.mishap("limited", code=code, after=0)
    assert (await business.ask()).status == 200
    one, other = business.emulator.truth.asked
    assert one.account != other.account
    row = await business.row(one.account)
    if state is not None:
        assert row.state == state
    assert (row.state, row.failures, bool(quotas(row))) != ("ready", 0, False)
    assert (await business.row(other.account)).state == "ready"


async def test_an_error_after_the_first_words_ends_the_stream_with_an_error(
    business: Business,
) -> None:
    business.emulator.mishap("limited", code=500, after=3)
    async with business.stream() as events:
        found = [event async for event in events]
    assert any("error" in event for event in found)
    assert "".join(
        [event["choices"][0]["delta"].get("content") or "" for event in found if "choices" in event]
    ).startswith("You said")
    assert len(business.emulator.truth.asked) == 1


async def test_what_the_upstream_says_tells_nothing_about_the_account(bare: Business) -> None:
    await bare.channel("first")
    known = bare.emulator.accounts["first"]
    said = f"{known.email} of {known.config_id} and {known.sign_ins[-1].ses}"
    bare.emulator.mishap("refused", call="ask", code=403, message=said)
    answer = await bare.ask()
    for secret in (known.email, known.config_id, known.sign_ins[-1].ses):
        assert secret.encode() not in answer.body
        assert secret not in (await bare.row("first")).reason


async def test_defect_l2_nothing_packed_is_asked_for_or_taken(business: Business) -> None:
    await business.ask()
    assert {one.header("accept-encoding") for one in business.emulator.seen} == {"identity"}


async def test_defect_b_first_words_come_while_the_upstream_still_sends(business: Business) -> None:
    business.emulator.mishap("silent", after=3)
    async with business.stream("Hello there") as events, asyncio.timeout(10):
        said = ""
        async for event in events:
            said += event["choices"][0]["delta"].get("content") or ""
            if "Hello" in said:
                break
        assert business.emulator.truth.busy(business.emulator.truth.asked[0].account) == 1
        business.emulator.release()
        async for event in events:
            if event.get("choices"):
                said += event["choices"][0]["delta"].get("content") or ""
    assert said.endswith("registry, image, video.")


async def test_a_client_that_leaves_takes_the_upstreams_request_along(business: Business) -> None:
    business.emulator.mishap("silent", after=3)
    body = {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
    async with business.client.post(CHATS, json=body) as response:
        await response.content.readline()
        asked_of = business.emulator.truth.asked[0].account
        assert business.emulator.truth.busy(asked_of) == 1
    async with asyncio.timeout(10):
        while business.emulator.truth.busy(asked_of):
            await asyncio.sleep(0.002)
    (use,) = [one for one in business.emulator.truth.uses if one.call == "ask"]
    assert use.left
    assert await business.states() == {"first": "ready", "second": "ready"}
