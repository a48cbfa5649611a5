"""A quote is a tariff applied to usage, exact until it is rounded once."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway.contract import ChannelSettings, TariffRow, Usage
from plugway.errors import BadRequest, ConfigurationError, NoPrice
from plugway.ledger.tariff import Tariff


class Priced(ChannelSettings, frozen=True, kw_only=True):
    quota: int = 1000


def test_the_row_with_the_most_matching_dimensions_wins() -> None:
    tariff = Tariff(
        {
            "p": [
                TariffRow(key="video", credits="1"),
                TariffRow(key="video", credits="2", dimensions={"mode": "pro"}),
                TariffRow(key="video", credits="3", dimensions={"mode": "pro", "duration": "5"}),
                TariffRow(key="video", credits="4", dimensions={"mode": "*", "duration": "10"}),
            ]
        }
    )

    def cost(**dimensions: str) -> int:
        return tariff.quote("p", [Usage(key="video", dimensions=dimensions)]).credits

    assert cost() == 1
    assert cost(mode="pro") == 2
    assert cost(mode="pro", duration="5") == 3
    assert cost(mode="std", duration="10") == 4
    assert cost(mode="std", duration="5", audio="on") == 1


def test_no_matching_row_is_refused_and_never_free() -> None:
    tariff = Tariff({"p": [TariffRow(key="video", credits="1", dimensions={"mode": "std"})]})
    with pytest.raises(NoPrice, match="video"):
        tariff.quote("p", [Usage(key="video", dimensions={"mode": "pro"})])
    with pytest.raises(NoPrice):
        tariff.quote("q", [Usage(key="video", dimensions={"mode": "std"})])
    with pytest.raises(NoPrice):
        tariff.quote("p", [Usage(key="video", unit="second", dimensions={"mode": "std"})])
    with pytest.raises(NoPrice):
        tariff.quote("p", [])


def test_a_later_row_replaces_an_equal_one() -> None:
    rows = [TariffRow(key="k", credits="1"), TariffRow(key="k", credits="9")]
    tariff = Tariff({"p": rows})
    assert tariff.quote("p", [Usage(key="k")]).credits == 9
    assert len(list(tariff.rows())) == 1


def test_a_row_can_be_priced_by_the_channel() -> None:
    tariff = Tariff({"p": [TariffRow(key="k", setting="quota")]})
    assert tariff.quote("p", [Usage(key="k")], Priced(quota=7)).credits == 7
    with pytest.raises(NoPrice, match="quota"):
        tariff.quote("p", [Usage(key="k")], ChannelSettings())
    with pytest.raises(BadRequest):
        tariff.quote("p", [Usage(key="k")], Priced(quota=-1))


@given(
    price=st.decimals("0", "9999", places=6),
    quantity=st.decimals("0", "99999", places=3),
    more=st.decimals("0", "9", places=9),
)
def test_rounding_happens_once_and_half_up(
    price: Decimal, quantity: Decimal, more: Decimal
) -> None:
    tariff = Tariff(
        {"p": [TariffRow(key="a", price=str(price)), TariffRow(key="b", credits=str(more))]}
    )
    quote = tariff.quote("p", [Usage(key="a", quantity=quantity), Usage(key="b")])
    exact = Fraction(price) * 500_000 * Fraction(quantity) + Fraction(more)
    assert quote.credits == (exact + Fraction(1, 2)).__floor__()


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-1", "1e400", "", "x", "1" * 60])
def test_prices_must_be_finite_numbers(bad: str) -> None:
    with pytest.raises(ConfigurationError):
        TariffRow(key="k", price=bad)


@pytest.mark.parametrize(
    "bad", [Decimal("NaN"), Decimal(-1), Decimal("1e400"), Decimal("Infinity")]
)
def test_quantities_must_be_finite_numbers(bad: Decimal) -> None:
    with pytest.raises(BadRequest):
        Usage(key="k", quantity=bad)


def test_an_amount_beyond_the_ledger_is_refused() -> None:
    tariff = Tariff({"p": [TariffRow(key="k", price="9007199254740992")]})
    with pytest.raises(BadRequest):
        tariff.quote("p", [Usage(key="k", quantity=Decimal(2**53))])


@pytest.mark.parametrize(
    "options", [{}, {"price": "1", "credits": "1"}, {"price": "1", "setting": "quota"}]
)
def test_a_row_has_exactly_one_price(options: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        TariffRow(key="k", **options)  # type: ignore[arg-type]  # the point of the test
