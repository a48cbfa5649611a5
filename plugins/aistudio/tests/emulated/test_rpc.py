"""The methods, asked as the page asks them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aistudio_emulated import Visitor, array

from plugway_aistudio.emulated.answer import Answer, answer
from plugway_aistudio.emulated.parts import (
    call,
    feedback,
    frame,
    text,
    thought,
    usage,
)
from plugway_aistudio.emulated.rpc import SERVICE

pytestmark = pytest.mark.anyio


def frames(body: str) -> list[Any]:
    """Return the frames of an answer."""
    found: list[Any] = array(body)[0]
    return found


def said(body: str) -> str:
    """Return the text of an answer, thoughts left out."""
    parts = [part for each in frames(body) if each[0] for part in (each[0][0][0] or [[]])[0]]
    return "".join(part[1] for part in parts if part[1] and (len(part) < 13 or not part[12]))


async def test_models_are_listed_in_sparse_rows(visitor: Visitor) -> None:
    status, body = await visitor.call([], method="ListModels")
    assert status == 200
    assert body.startswith(")]}'\n")
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(body.removeprefix(")]}'\n"))
    (rows,) = array(body.removeprefix(")]}'\n"))
    row = next(each for each in rows if each[0] == "models/gemini-3-pro-preview")
    assert (row[3], row[5], row[6]) == ("Gemini 3 Pro Preview", 1_048_576, 65_536)
    assert (row[7], row[8], row[9], row[10]) == (["generateContent", "countTokens"], 1.0, 0.95, 64)
    assert (row[64], row[71]) == ([9, 10, 12, 13, 52], [1, 3])
    assert [each[0] for each in rows if len(each) > 77] == [
        "models/gemini-3-ultra",
        "models/veo-3.0-generate",
    ]


async def test_an_answer_is_sparse_frames_with_usage_and_a_finish_code(visitor: Visitor) -> None:
    await visitor.load()
    status, body = await visitor.call(visitor.body("Hello <you>"))
    assert status == 200
    assert "\\u003cyou\\u003e" in body
    assert said(body).startswith("You said: Hello <you>\n")
    first, *_, last = frames(body)
    assert first[0][0][0][0][0][12] is True
    assert last[0][0][1] == 1
    assert last[2][0] == 3
    assert last[2][9] == 12
    assert last[2][2] == last[2][0] + last[2][1] + last[2][9]


async def test_settings_are_honoured(visitor: Visitor) -> None:
    await visitor.load()
    config: list[Any] = [None] * 17
    config[3], config[16] = 5, [0, 0, None]
    _, body = await visitor.call(visitor.body("Hello", p3=config))
    assert said(body) == 'You said: Hello\n{"mo'
    assert frames(body)[-1][0][0][1] == 2
    config[3], config[1] = None, ["lo"]
    _, body = await visitor.call(visitor.body("Hello", p3=config))
    assert (said(body), frames(body)[-1][0][0][1]) == ("You said: Hel", 1)
    asked = visitor.emulator.asked[-1]
    assert (asked.stop, asked.thinking, asked.budget) == (("lo",), False, 0)


async def test_tools_are_answered(visitor: Visitor) -> None:
    await visitor.load()
    schema = json.dumps({"type": "object", "properties": {"city": {"type": "string"}}})
    tools = [[None, [["weather", "Tells", schema], ["time", "", None]]]]
    _, body = await visitor.call(visitor.body("call weather, call time, call me", p6=tools))
    parts = [part for each in frames(body)[:-1] for part in each[0][0][0][0]]
    assert [part[10][0] for part in parts if len(part) > 10 and part[10]] == ["weather", "time"]
    assert parts[2][10][1] == [[["city", [None, None, "Paris"]]]]
    assert parts[2][14]
    _, body = await visitor.call(visitor.body("Look", p6=[[None, None, None, []]]))
    assert frames(body)[-1][0][0][6][0][0][2:] == ["https://example.com/source", "A source"]
    _, body = await visitor.call(visitor.body("A red box", model="gemini-2.5-flash-image"))
    media = [part for each in frames(body) for part in (each[0][0][0] or [[]])[0] if part[2:]]
    assert media[0][2][0] == "image/png"


async def test_written_answers_go_out_as_they_are(visitor: Visitor) -> None:
    await visitor.load()
    visitor.emulator.script(
        answer(
            thought("Hm"), text("ä€😀", signature="s"), finish=3, tokens=usage(1, 2, thinking=3)
        ),
        answer(call("f", {"a": [None, {"b": False}]}), finish=None),
        Answer(frames=(feedback(4, "No."),)),
    )
    _, body = await visitor.call(visitor.body())
    assert said(body) == "ä€😀"
    assert frames(body)[-1] == [
        [[None, 3]],
        None,
        [1, 2, 6, None, None, None, None, None, None, 3],
    ]
    _, body = await visitor.call(visitor.body())
    value = [
        None,
        None,
        None,
        None,
        None,
        [[[0], [None, None, None, None, [[["b", [None, None, None, False]]]]]]],
    ]
    assert frames(body)[-1][0][0][0][0][0][10][1] == [[["a", value]]]
    _, body = await visitor.call(visitor.body())
    assert frames(body) == [[None, [4, None, "No."]]]
    # And from then on, echoes.
    _, body = await visitor.call(visitor.body())
    assert said(body).startswith("You said: ")


async def test_a_body_is_cut_amid_characters(visitor: Visitor) -> None:
    await visitor.load()
    visitor.emulator.script(answer(text("äöü€😀" * 20), chunks="character"))
    pieces: list[bytes] = []
    headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in visitor.cookies().items())}
    headers["Accept-Encoding"] = "identity"
    url = f"{visitor.emulator.url}{SERVICE}/GenerateContent"
    async with visitor.client.post(url, json=visitor.body(), headers=headers) as response:
        async for piece, ended in response.content.iter_chunks():
            if ended:
                pieces.append(piece)
    assert said(b"".join(pieces).decode()) == "äöü€😀" * 20
    within = [piece for piece in pieces if piece and 0x80 <= piece[0] < 0xC0]
    assert len(within) > 20


async def test_answers_are_compressed_for_those_who_take_it(visitor: Visitor) -> None:
    await visitor.load()
    headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in visitor.cookies().items())}
    url = f"{visitor.emulator.url}{SERVICE}/GenerateContent"
    for encoding, used in (("gzip", "gzip"), ("identity", None)):
        given = {**headers, "Accept-Encoding": encoding}
        async with visitor.client.post(url, json=visitor.body(), headers=given) as response:
            assert response.headers.get("Content-Encoding") == used
            assert response.headers["Content-Type"] == "application/json+protobuf"
            assert response.headers["Transfer-Encoding"] == "chunked"
            assert said(await response.text()).startswith("You said")


async def test_tokens_hold_once_for_what_is_sent_by_who_loaded_the_page(visitor: Visitor) -> None:
    await visitor.load("second")
    other = visitor.body()
    await visitor.load()
    good, changed, missing = visitor.body(), visitor.body(), visitor.body()
    changed[1] = [[[[None, "Goodbye"]], "user"]]
    missing[4] = None
    refused = (403, '[,[7,"The caller does not have permission"]]')
    for bad in (other, changed, missing):
        assert await visitor.call(bad) == refused
    assert (await visitor.call(good))[0] == 200
    assert await visitor.call(good) == refused
    assert [each.status for each in visitor.emulator.asked] == [403, 403, 403, 200, 403]


@pytest.mark.parametrize(
    ("places", "told"),
    [
        ({"p0": 7}, "Field 0"),
        ({"p1": []}, "Field 1"),
        ({"p1": [[[[None, None, ["image/png", "!"]]], "user"]]}, "not base64"),
        ({"p3": [None, None, None, None, 3]}, "temperature"),
        ({"p3": [None, None, None, 0]}, "max_output_tokens"),
        ({"p3": [None, list("abcdef")]}, "stop"),
        ({"p6": [[None, [["f", "", None]]], [None, None, None, []]]}, "unsupported"),
    ],
)
async def test_what_is_wrong_is_refused_by_its_place(
    visitor: Visitor, places: dict[str, Any], told: str
) -> None:
    await visitor.load()
    status, body = await visitor.call(visitor.body(**places))
    assert status == 400
    assert array(body)[1][0] == 3
    assert told in array(body)[1][1]


async def test_other_refusals(visitor: Visitor) -> None:
    await visitor.load()
    assert (await visitor.call(b"{"))[0] == 400
    assert (await visitor.call(b"{}"))[0] == 400
    assert (await visitor.call(visitor.body(model="veo-3.0-generate")))[0] == 404
    assert (await visitor.call(visitor.body(), Cookie="SID=x"))[0] == 401
    visitor.emulator.accounts["first"].state = "restricted"
    assert (await visitor.call(visitor.body()))[0] == 403
    assert (await visitor.call([], method="ListModels"))[0] == 403
    assert (await visitor.call(visitor.body(), account="second", method="CountTokens")) == (
        200,
        "[2]",
    )


async def test_quotas_are_by_account_model_minute_and_day(visitor: Visitor) -> None:
    emulator = visitor.emulator
    emulator.limit("first", "gemini-2.5-pro", minute=1, day=2)
    await visitor.load()
    pro = "gemini-2.5-pro"
    assert (await visitor.call(visitor.body(model=pro)))[0] == 200
    status, body = await visitor.call(visitor.body(model=pro))
    assert status == 429
    _, (code, message, ((kind, (reason, _, pairs)),)) = array(body)
    assert (code, reason) == (8, "RATE_LIMIT_EXCEEDED")
    assert kind == "type.googleapis.com/google.rpc.ErrorInfo"
    metadata = dict(pairs)
    assert metadata["quota_unit"] == "1/min/{project}"
    assert metadata["quota_limit"] == "GenerateContentRequestsPerMinutePerUserPerModel"
    assert metadata["window_start_time"].endswith(":00Z")
    assert pro in message
    assert (await visitor.call(visitor.body()))[0] == 200
    visitor.clock.advance(60)
    assert (await visitor.call(visitor.body(model=pro)))[0] == 200
    visitor.clock.advance(60)
    status, body = await visitor.call(visitor.body(model=pro))
    assert dict(array(body)[1][2][0][1][2])["quota_unit"] == "1/d/{project}"
    visitor.clock.advance(86_400)
    assert (await visitor.call(visitor.body(model=pro)))[0] == 200
    await visitor.load("second")
    assert (await visitor.call(visitor.body(model=pro), account="second"))[0] == 200


async def test_a_thousand_requests_leave_no_more_than_a_thousand_records(visitor: Visitor) -> None:
    await visitor.load()
    for _ in range(1_005):
        status, _ = await visitor.call(visitor.body())
        assert status == 200
    emulator = visitor.emulator
    assert len(emulator.asked) == 1_000
    assert len(emulator.seen) == 1_000
    assert {each.ended for each in emulator.asked} == {"whole"}


async def test_nulls_are_written_as_it_is_told(visitor: Visitor) -> None:
    await visitor.load()
    visitor.emulator.behaviour.trailer = False
    written = frame(text("x", signature="s"), finish=1)
    for nulls, gap in (
        ("explicit", f'null,"x"{",null" * 12},'),
        ("elided", f',"x"{"," * 12},'),
        ("mixed", f'null,"x"{"," * 12},'),
    ):
        visitor.emulator.behaviour.change(json.dumps({"nulls": nulls}).encode())
        visitor.emulator.script(Answer(frames=(written,)))
        _, body = await visitor.call(visitor.body())
        assert body == f'[[[[[[[[{gap}"s"]],"model"],1]]]]]'
