from __future__ import annotations

import logging
from typing import Any, NoReturn

import pytest

from plugway import BadRequest, Channel, CredentialExpired, CredentialKind, Grant, Secret
from plugway.credentials import kinds
from plugway.credentials.kinds import CredentialUnusable

pytestmark = pytest.mark.anyio

SECRET = "secret-0123456789"
CHANNEL = Channel(id=1, provider="p", name="main", base_url="http://h", models=frozenset("m"))
UPSTREAM: Any = None


class Choking(CredentialKind):
    """Raises, whatever it is asked, what it was told to."""

    name = "choking"

    def __init__(self, error: Exception) -> None:
        self.error = error

    def parse(self, text: str) -> NoReturn:
        raise self.error

    async def mint(self, *arguments: object) -> NoReturn:
        raise self.error

    async def check(self, *arguments: object) -> NoReturn:
        raise self.error


async def test_what_nobody_foresaw_is_told_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kind = Choking(ValueError(f"invalid literal for int() with base 10: {SECRET!r}"))
    with pytest.raises(BadRequest, match="of the kind choking") as refused:
        kinds.parse(kind, SECRET)
    assert refused.value.field == "secret"
    raised: list[BaseException] = [refused.value]
    for attempt in (
        kinds.mint(kind, Secret(SECRET), CHANNEL, UPSTREAM),
        kinds.check(kind, Grant(()), CHANNEL, UPSTREAM),
    ):
        with pytest.raises(CredentialUnusable) as unusable:
            await attempt
        # Nothing was sent, so another channel may be asked.
        assert unusable.value.retryable
        assert not unusable.value.acted
        raised.append(unusable.value)
    assert all(error.__context__ is None and SECRET not in str(error) for error in raised)
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 3
    assert "choking failed in test_kinds.py:" in caplog.text
    assert SECRET not in caplog.text


async def test_what_a_kind_says_on_purpose_is_passed_on(caplog: pytest.LogCaptureFixture) -> None:
    kind = Choking(CredentialExpired("The session has ended."))
    with pytest.raises(CredentialExpired, match="session has ended"):
        await kinds.mint(kind, Secret(SECRET), CHANNEL, UPSTREAM)
    with pytest.raises(CredentialExpired):
        await kinds.check(kind, Grant(()), CHANNEL, UPSTREAM)
    assert not caplog.records
