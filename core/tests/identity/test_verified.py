from __future__ import annotations

import pytest

from plugway.identity.principal import Principal
from plugway.identity.verified import VerifiedTokens


def principal(number: int) -> Principal:
    return Principal(user_id=number, user="ada", role="user", group=None, account_id=number)


def test_a_token_is_known_until_it_ends() -> None:
    tokens = VerifiedTokens()
    tokens.keep("one", principal(1), until=10)
    assert tokens.find("one", 9) == principal(1)
    assert tokens.find("two", 9) is None
    assert tokens.find("one", 10) is None
    assert len(tokens) == 0


@pytest.mark.parametrize("size", [1, 3])
def test_it_holds_so_many_and_the_oldest_goes(size: int) -> None:
    tokens = VerifiedTokens(size)
    for number in range(10):
        tokens.keep(str(number), principal(number), until=10)
        assert len(tokens) <= size
    known = [number for number in range(10) if tokens.find(str(number), 0) is not None]
    assert known == list(range(10 - size, 10))
