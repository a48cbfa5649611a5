"""Who comes in with a token of their own making."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from front_door import Door
from signed_tokens import HEADER, Signer, sign

from plugway.credentials.vault import Vault, VaultError
from plugway.errors import NotAuthenticated, NotPermitted, RateLimited
from plugway.identity import groups, keys, users
from plugway.storage.database import Database
from plugway.storage.models import Key
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio

SECOND = 1_000_000


@pytest.fixture
async def signer(door: Door) -> Signer:
    """Give Ada's pair."""
    ada = await users.add(door.database, door.clock, name="ada")
    return await door.pair(ada.id)


def forged(token: bytes) -> bytes:
    return token[:-43] + b"A" * 43


def reason(door: Door, token: bytes) -> str:
    with pytest.raises(NotAuthenticated) as caught:
        door.show(token)
    assert caught.value.message == "No valid key was presented."
    assert caught.value.__cause__ is caught.value.__context__ is None
    return caught.value.reason


async def test_whoever_signs_is_the_pair_s_principal(
    database: Database, clock: ManualClock, vault: Vault
) -> None:
    door = Door(database, clock, vault)
    await groups.add(database, clock, name="studio", models=["kling", "pika"], rate="9/day")
    user = await users.add(database, clock, name="ada", group="studio")
    limits: dict[str, Any] = {
        "models": ["kling"],
        "networks": ["192.0.2.0/24"],
        "rate": "2/day",
        "expires_at": clock.now() + SECOND,
    }
    signer = await door.pair(user.id, **limits)
    plain = await door.key(user.id, "plain", **limits)
    await door.identity.load()
    principal, other = door.show(signer.token(door.now)), door.enter(plain)
    assert (principal.user, principal.key_name) == ("ada", "pair")
    assert principal.account_id == user.account_id
    assert (principal.models, principal.networks) == (other.models, other.networks)
    assert principal.rates == ((f"key:{principal.key_id}", "2/day"), other.rates[1])
    # What it may is asked as with any key.
    with pytest.raises(NotPermitted):
        await door.identity.permit(principal, model="pika", ip="192.0.2.1")
    with pytest.raises(NotPermitted):
        await door.identity.permit(principal, model="kling", ip="198.51.100.1")
    for _ in range(2):
        # Another token of the same pair counts with the first.
        again = door.show(signer.token(door.now, exp=int(door.now) + 60))
        await door.identity.permit(again, model="kling", ip="192.0.2.1")
    with pytest.raises(RateLimited):
        await door.identity.permit(principal, model="kling", ip="192.0.2.1")
    clock.advance(1)
    assert reason(door, signer.token(door.now)) == "unknown"


async def test_it_may_be_presented_as_a_key_is(door: Door, signer: Signer) -> None:
    token = signer.token(door.now)
    principal = door.show(token)
    assert door.identity.identify([(b"x-api-key", token)]) == principal
    for headers in (
        [(b"authorization", b"Bearer " + token), (b"x-api-key", token)],
        [(b"authorization", b"Bearer " + token)] * 2,
        [(b"authorization", b"Basic " + token)],
        [(b"authorization", b"JWT " + token)],
        [(b"authorization", token)],
    ):
        with pytest.raises(NotAuthenticated) as caught:
            door.identity.identify(headers)
        assert caught.value.reason == "malformed"


async def test_nobody_signs_for_another(door: Door, signer: Signer) -> None:
    bob = await users.add(door.database, door.clock, name="bob")
    other = await door.pair(bob.id)
    own = await door.pair(bob.id, "second")
    assert reason(door, Signer(signer.access_key, other.secret).token(door.now)) == "unknown"
    assert reason(door, Signer(other.access_key, own.secret).token(door.now)) == "unknown"
    assert door.show(signer.token(door.now)).user == "ada"
    assert door.show(other.token(door.now)).user == "bob"
    # Whom a token names elsewhere has no part in it.
    named = other.token(door.now, sub="ada", user="ada", role="admin", key_id=1)
    assert door.show(named).user == "bob"


async def test_a_plain_key_signs_nothing(door: Door, signer: Signer) -> None:
    ada = await users.find(door.database, "ada")
    plain = (await door.key(ada.id)).secret.reveal()
    digest = keys.digest(plain)
    for issuer in (plain, digest, keys.digest(signer.access_key), signer.secret, ""):
        for secret in (plain, digest, "", signer.secret):
            assert reason(door, sign({**signer.claims(door.now), "iss": issuer}, secret)) == (
                "unknown"
            )


@pytest.mark.parametrize(
    "issuer", ["../../etc/passwd", "' OR '1'='1", "ak-%", "\0", "x" * 3000, "ключ", "\ud800", None]
)
async def test_issuers_that_are_none(door: Door, signer: Signer, issuer: str | None) -> None:
    assert reason(door, signer.token(door.now, iss=issuer)) == "unknown"
    header = {**HEADER, "kid": signer.access_key}
    claims = {**signer.claims(door.now), "iss": issuer}
    assert reason(door, sign(claims, signer.secret, header)) == "unknown"


async def test_times_are_reasons_of_their_own(door: Door, signer: Signer) -> None:
    now = int(door.now)
    assert reason(door, signer.token(now, nbf=now + 60)) == "early"
    assert reason(door, signer.token(now - 3600)) == "late"
    assert reason(door, signer.token(now, exp=now + 10**8)) == "unknown"
    stranger = Signer(signer.access_key, "another secret")
    assert reason(door, stranger.token(now - 3600)) == "unknown"
    assert reason(door, b"a.b.c") == "malformed"
    assert reason(door, b"a.b.c.d.e" + b"A" * 300) == "malformed"


async def test_a_token_that_is_used_again_ends_on_time(door: Door, signer: Signer) -> None:
    token = signer.token(door.now)
    first = door.show(token)
    door.clock.advance(1804.999)
    assert door.show(token) == first
    door.clock.advance(0.001)
    assert reason(door, token) == "late"
    assert reason(door, token) == "late"


async def test_a_token_that_is_used_again_is_not_verified_again(
    door: Door, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    opens = door.vault.open

    def watched(sealed: str, **place: str) -> str:
        opened.append(sealed)
        return opens(sealed, **place)

    monkeypatch.setattr(door.vault, "open", watched)
    token = signer.token(door.now)
    for _ in range(5):
        door.show(token)
    assert len(opened) == 1
    # What is wrong is looked at each time: nobody fills the memory with it.
    for _ in range(5):
        reason(door, forged(token))
    assert len(opened) == 6
    await door.identity.load()
    door.show(token)
    assert len(opened) == 7


async def _disable(door: Door, key_id: int) -> None:
    await keys.change(door.database, door.clock, key_id, enabled=False)


async def _delete(door: Door, key_id: int) -> None:
    await keys.remove(door.database, key_id)


async def _disable_user(door: Door, key_id: int) -> None:
    user_id = (await keys.get(door.database, key_id)).user_id
    await users.change(door.database, user_id, enabled=False)


async def _expire(door: Door, key_id: int) -> None:
    await keys.change(door.database, door.clock, key_id, expires_at=door.clock.now() + SECOND)
    door.clock.advance(1)


async def _another_secret(door: Door, key_id: int) -> None:
    async def work() -> None:
        row = await Key.get(id=key_id)
        place = {"table": "plugway_key", "column": "sealed", "row": row.digest}
        assert door.vault.open(row.sealed, **place)
        await Key.filter(id=key_id).update(sealed=door.vault.seal("another secret", **place))

    await door.database.transact(work)


@pytest.mark.parametrize("end", [_disable, _delete, _disable_user, _expire, _another_secret])
async def test_a_token_ends_with_its_pair(
    door: Door, signer: Signer, end: Callable[[Door, int], Awaitable[None]]
) -> None:
    token = signer.token(door.now)
    key_id = door.show(token).key_id
    assert key_id is not None
    await end(door, key_id)
    assert reason(door, token) == "unknown"
    assert reason(door, signer.token(door.now, exp=int(door.now) + 99)) == "unknown"


async def test_a_token_that_is_used_again_has_the_pair_s_new_limits(
    door: Door, signer: Signer
) -> None:
    token = signer.token(door.now)
    principal = door.show(token)
    assert principal.key_id is not None
    await keys.change(door.database, door.clock, principal.key_id, models=["kling"])
    assert door.show(token).models == frozenset({"kling"})


async def test_a_secret_that_cannot_be_opened_lets_nobody_in(door: Door, signer: Signer) -> None:
    row = await door.database.run(lambda: Key.get(name="pair"))
    bob = await users.add(door.database, door.clock, name="bob")
    other = await door.pair(bob.id)

    async def move() -> None:
        await Key.filter(digest=keys.digest(other.access_key)).update(sealed=row.sealed)

    await door.database.transact(move)
    with pytest.raises(VaultError) as caught:
        door.show(Signer(other.access_key, signer.secret).token(door.now))
    assert signer.secret not in str(caught.value)
    assert door.show(signer.token(door.now)).user == "ada"


async def test_a_token_costs_no_query_and_is_not_logged(
    door: Door, signer: Signer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await door.database.close()
    token = signer.token(door.now)
    door.show(token)
    reason(door, forged(token))
    reason(door, signer.token(door.now - 7200))
    for secret in (signer.secret, signer.access_key, token.decode()):
        assert secret not in caplog.text
        assert secret not in repr(vars(door.identity))
