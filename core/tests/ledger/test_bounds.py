"""What the ledger refuses to be asked, and what it trims."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway.errors import BadRequest
from plugway.ledger.bounds import check
from plugway.ledger.limits import clip
from plugway.ledger.operations import (
    Advance,
    Expire,
    Finish,
    NewCallback,
    NewTask,
    Operation,
    Record,
    Release,
    Settle,
)
from plugway.ledger.rows import USAGE, usage_row
from plugway.money import MAX_CREDITS

if TYPE_CHECKING:
    from core.tests.ledger.conftest import Make

WRONG = [True, 1.0, "1", None, MAX_CREDITS + 1, float("nan")]


def refused(operation: Operation, field: str) -> None:
    with pytest.raises(BadRequest) as caught:
        check(operation)
    assert caught.value.field == field


@pytest.mark.parametrize("amount", [0, -1, *WRONG])
def test_a_reserve_or_refund_needs_a_whole_amount_above_zero(make: Make, amount: Any) -> None:
    refused(make.reserve(amount), "amount")
    refused(make.refund("a", amount), "amount")
    refused(make.credit(amount), "amount")


@pytest.mark.parametrize("amount", [-1, *WRONG])
def test_a_settle_needs_a_whole_amount_from_zero(make: Make, amount: Any) -> None:
    refused(make.settle("a", amount), "amount")


def test_amounts_at_their_bounds_are_possible(make: Make) -> None:
    for operation in (
        make.reserve(1),
        make.reserve(MAX_CREDITS),
        make.settle("a", 0),
        make.settle("a", MAX_CREDITS),
        make.credit(-MAX_CREDITS, kind="adjust"),
        make.release("a"),
        make.record("a"),
        Expire(call_id="a", at=0),
    ):
        check(operation)


def test_an_adjustment_changes_something_and_a_credit_adds(make: Make) -> None:
    refused(make.credit(0, kind="adjust"), "amount")
    refused(make.credit(-1), "amount")
    refused(make.credit(1, kind="gift"), "kind")


@pytest.mark.parametrize("name", ["actor", "reason"])
@pytest.mark.parametrize("text", ["", " \n"])
def test_an_administrator_must_say_who_and_why(make: Make, name: str, text: str) -> None:
    given: dict[str, Any] = {name: text}
    refused(make.credit(1, **given), name)
    refused(make.refund("a", 1, **given), name)


@pytest.mark.parametrize("key", ["", "k" * 129, "a\0", "ключ", "\n"])
def test_an_idempotency_key_is_short_and_printable(make: Make, key: str) -> None:
    operation = make.credit(1)
    refused(type(operation)(**{**fields(operation), "idempotency_key": key}), "idempotency_key")


@pytest.mark.parametrize("call", ["", "a" * 33, "a b", "a'b", "é", "\ud800"])
def test_a_call_id_is_letters_and_digits(make: Make, call: str) -> None:
    reserve = make.reserve(1)
    refused(type(reserve)(**{**fields(reserve), "call_id": call}), "call_id")
    for operation in (
        Settle(call_id=call, amount=1, at=1),
        Release(call_id=call, reason="", at=1),
        Expire(call_id=call, at=1),
        Record(usage=make.usage(call)),
    ):
        refused(operation, "call_id")


def test_a_key_is_not_its_own_quota(make: Make) -> None:
    refused(make.reserve(1, account=5, key_account_id=5), "key_account_id")


@pytest.mark.parametrize("number", [0, -1, 2**63, 1.0, None])
def test_identifiers_fit_their_columns(make: Make, number: Any) -> None:
    refused(make.reserve(1, account=number), "account_id")
    refused(Record(usage=make.usage("a", user_id=number)), "usage.user_id")


def test_usage_is_of_its_call(make: Make) -> None:
    operation = Settle(call_id="a", amount=1, at=1, usage=make.usage("b"))
    refused(operation, "usage.call_id")


TASK: dict[str, Any] = {
    "provider": "kling",
    "kind": "text2video",
    "model": "m" * 999,
    "user_id": 1,
    "request_id": "r",
    "ip": "::1",
    "external_id": None,
    "callback_url": None,
    "request": "{}",
    "facts": "{}",
    "price": 0,
    "next_poll_at": 1,
    "deadline": 1,
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", ""),
        ("provider", "p" * 65),
        ("kind", "a\0"),
        ("user_id", 0),
        ("external_id", "mine "),
        ("request", "x" * (2**20 + 1)),
        ("facts", "x" * (2**20 + 1)),
        ("price", -1),
        ("next_poll_at", -1),
        ("deadline", None),
    ],
)
def test_a_new_task_is_within_bounds(make: Make, field: str, value: Any) -> None:
    check(make.reserve(0, task=NewTask(**TASK)))
    refused(make.reserve(0, task=NewTask(**TASK | {field: value})), field)
    refused(make.reserve(-1, task=NewTask(**TASK)), "amount")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("call_id", "a b"),
        ("at", -1),
        ("state", "succeed"),
        ("channel_id", 0),
        ("credential_id", 0),
        ("credential_id", 1),
        ("price", 1.5),
        ("facts", "x" * (2**20 + 1)),
        ("upstream_id", " "),
        ("answer", "x" * (2**20 + 1)),
        ("next_poll_at", -1),
    ],
)
def test_a_change_of_a_task_is_within_bounds(field: str, value: Any) -> None:
    least: dict[str, Any] = {"call_id": "a", "at": 1}
    check(Advance(**least))
    refused(Advance(**least | {field: value}), field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("call_id", ""),
        ("at", None),
        ("state", "processing"),
        ("amount", -1),
        ("upstream_id", "u" * 191),
        ("answer", "x" * (2**20 + 1)),
        ("refused", True),
    ],
)
def test_an_end_of_a_task_is_within_bounds(make: Make, field: str, value: Any) -> None:
    least: dict[str, Any] = {"call_id": "a", "at": 1, "state": "succeed"}
    check(Finish(**least))
    refused(Finish(**least | {field: value}), field)
    refused(Finish(**least, usage=make.usage("b")), "usage.call_id")
    callback = NewCallback(user_id=1, url="https://c", body="x" * (2**20 + 1))
    refused(Finish(**least, callback=callback), "callback.body")


def test_a_quote_is_no_book(make: Make) -> None:
    refused(make.reserve(1, quote="q" * 70_000), "quote")


def test_counts_are_trimmed_to_their_columns(make: Make) -> None:
    usage = make.usage("a", overhead_us=2**40, images=-1, input_tokens=2**70, status=200)
    row = dict(zip(USAGE, usage_row(usage, 5), strict=True))
    assert row["overhead_us"] == 2**31 - 1
    assert row["images"] == 0
    assert row["input_tokens"] == 2**63 - 1
    assert row["credits"] == 5


@given(st.text(st.characters(codec=None)), st.integers(1, 20))
def test_clipped_text_fits_and_can_be_encoded(text: str, width: int) -> None:
    clipped = clip(text, width)
    assert len(clipped) <= width
    assert "\0" not in clipped
    clipped.encode()
    if text.isascii() and "\0" not in text:
        assert clipped == text[:width]


def fields(operation: Operation) -> dict[str, Any]:
    return {name: getattr(operation, name) for name in operation.__struct_fields__}
