from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, NoReturn

import pytest

from plugway import (
    BadRequest,
    BearerKey,
    Channel,
    Conflict,
    CredentialExpired,
    CredentialKind,
    Grant,
    Secret,
    UpstreamTimeout,
)
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

    def label(self, secret: Secret) -> NoReturn:
        raise self.error

    def expires(self, secret: Secret) -> NoReturn:
        raise self.error

    def split(self, text: str) -> NoReturn:
        raise self.error

    def export(self, secret: Secret) -> NoReturn:
        raise self.error

    async def renew(self, *arguments: object) -> NoReturn:
        raise self.error


async def test_what_nobody_foresaw_is_told_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kind = Choking(ValueError(f"invalid literal for int() with base 10: {SECRET!r}"))
    with pytest.raises(BadRequest, match="of the kind choking") as refused:
        kinds.parse(kind, SECRET)
    assert refused.value.field == "secret"
    raised: list[BaseException] = [refused.value]
    for name, work in (
        ("secret", lambda: kinds.label(kind, Secret(SECRET))),
        ("text", lambda: kinds.split(kind, SECRET)),
    ):
        with pytest.raises(BadRequest) as refused:
            work()
        assert refused.value.field == name
        raised.append(refused.value)
    with pytest.raises(Conflict) as failed:
        kinds.export(kind, Secret(SECRET))
    raised.append(failed.value)
    # The secret may work all the same.
    assert kinds.expires(kind, Secret(SECRET)) is None
    for attempt in (
        kinds.renew(kind, Secret(SECRET), CHANNEL, UPSTREAM),
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
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 8
    assert "choking failed in test_kinds.py:" in caplog.text
    assert SECRET not in caplog.text


async def test_what_a_kind_says_on_purpose_is_passed_on(caplog: pytest.LogCaptureFixture) -> None:
    kind = Choking(CredentialExpired("The session has ended."))
    with pytest.raises(CredentialExpired, match="session has ended"):
        await kinds.mint(kind, Secret(SECRET), CHANNEL, UPSTREAM)
    with pytest.raises(CredentialExpired):
        await kinds.check(kind, Grant(()), CHANNEL, UPSTREAM)
    assert not caplog.records


class Telling(BearerKey):
    """Says of secrets what it was told to."""

    def __init__(self, label: str | None = None, ends: float | None = None) -> None:
        super().__init__("telling")
        self.said, self.ends = label, ends

    def label(self, secret: Secret) -> str | None:
        return self.said

    def expires(self, secret: Secret) -> float | None:
        return self.ends

    def split(self, text: str) -> Iterable[str]:
        return (text[:1] for _ in range(len(text)))


def test_a_kind_that_says_nothing_has_plain_secrets() -> None:
    kind, secret = BearerKey("plain"), Secret(SECRET)
    assert kinds.label(kind, secret) is None
    assert kinds.expires(kind, secret) is None
    assert kinds.split(kind, SECRET) == [SECRET]
    assert kinds.export(kind, secret) == SECRET
    assert not kind.renews


async def test_a_kind_that_does_not_renew_asks_for_a_person() -> None:
    with pytest.raises(CredentialExpired, match="person"):
        await kinds.renew(BearerKey("plain"), Secret(SECRET), CHANNEL, UPSTREAM)


async def test_a_renewal_that_times_out_is_not_the_secrets_fault() -> None:
    with pytest.raises(UpstreamTimeout):
        await kinds.renew(Choking(TimeoutError(SECRET)), Secret(SECRET), CHANNEL, UPSTREAM)


@pytest.mark.parametrize("label", ["x" * 191, "a\nb", "a\x00b", "\x1b[2J"])
def test_a_label_that_no_list_can_show_is_refused(label: str) -> None:
    with pytest.raises(BadRequest) as refused:
        kinds.label(Telling(label), Secret(SECRET))
    assert label not in refused.value.message
    assert kinds.label(Telling("x" * 190), Secret(SECRET)) == "x" * 190
    assert kinds.label(Telling(""), Secret(SECRET)) is None


@pytest.mark.parametrize("ends", [float("nan"), float("inf"), -1.0, 1e30])
def test_an_end_that_is_no_time_is_not_known(ends: float) -> None:
    assert kinds.expires(Telling(ends=ends), Secret(SECRET)) is None
    assert kinds.expires(Telling(ends=1.5), Secret(SECRET)) == 1_500_000


def test_a_file_has_bounds() -> None:
    for text in ("", "x" * (kinds.MAX_SECRETS + 1)):
        with pytest.raises(BadRequest) as refused:
            kinds.split(Telling(), text)
        assert refused.value.field == "text"
    assert len(kinds.split(Telling(), "x" * kinds.MAX_SECRETS)) == kinds.MAX_SECRETS
