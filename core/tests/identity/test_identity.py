from __future__ import annotations

import logging
import re
import secrets
from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import Any

import pytest
from front_door import Door

from plugway.credentials.vault import Vault, VaultError
from plugway.errors import NotAuthenticated, NotPermitted, PlugwayError, RateLimited
from plugway.identity import groups, keys, users
from plugway.identity.identity import Identity
from plugway.identity.limits import Limits
from plugway.identity.principal import Principal
from plugway.identity.snapshot import Snapshot
from plugway.storage.database import Database
from plugway.storage.models import Group, Key, User
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio

SECOND = 1_000_000


@pytest.fixture
async def second(sqlite_url: str, clock: ManualClock, vault: Vault) -> AsyncIterator[Door]:
    """Give another process on the same database."""
    async with Database(sqlite_url) as database:
        door = Door(database, clock, vault)
        await door.snapshots.load_all()
        yield door


def refusal(error: PlugwayError) -> tuple[Any, ...]:
    return type(error), error.message, error.status, error.code, error.field, error.retry_after


# Who it is.


async def test_a_key_names_its_user(database: Database, clock: ManualClock, vault: Vault) -> None:
    door = Door(database, clock, vault)
    await groups.add(database, clock, name="studio", models=["pika", "kling"], rate="9/day")
    user = await users.add(database, clock, name="ada", role="operator", group="studio")
    new = await door.key(
        user.id,
        name="laptop",
        models=["kling", "suno"],
        networks=["192.0.2.0/24"],
        rate="5/second",
        expires_at=clock.now() + SECOND,
    )
    await door.identity.load()
    principal = door.enter(new)
    assert principal == Principal(
        user_id=user.id,
        user="ada",
        role="operator",
        group="studio",
        account_id=user.account_id,
        key_id=new.key.id,
        key_name="laptop",
        key_account_id=None,
        models=frozenset({"kling"}),
        networks=(ip_network("192.0.2.0/24"),),
        rates=((f"key:{new.key.id}", "5/second"), (f"user:{user.id}", "9/day")),
        expires_at=clock.now() + SECOND,
    )


async def test_nobody_gets_in_before_the_first_load(door: Door) -> None:
    fresh = Identity(door.database, door.vault, door.clock, Limits(clock=door.clock))
    user = await users.add(door.database, door.clock, name="ada")
    new = await door.key(user.id)
    with pytest.raises(NotAuthenticated):
        fresh.identify([(b"x-api-key", new.secret.reveal().encode())])


async def test_every_refusal_looks_the_same(door: Door) -> None:
    user = await users.add(door.database, door.clock, name="ada")
    gone = await users.add(door.database, door.clock, name="bob")
    disabled = await door.key(user.id, "disabled", enabled=False)
    expired = await door.key(user.id, "expired", expires_at=door.clock.now() + SECOND)
    orphan = await door.key(gone.id, "of a removed user")
    pair = await door.key(user.id, "pair", pair=True)
    await users.remove(door.database, gone.id)
    door.clock.advance(1)
    assert pair.access_key is not None
    seen = set()
    for key in (
        disabled.secret.reveal(),
        expired.secret.reveal(),
        orphan.secret.reveal(),
        # Neither half of a pair is a key.
        pair.access_key,
        pair.secret.reveal(),
        f"sk-{secrets.token_urlsafe(32)}",
        # What the table holds opens nothing.
        keys.digest(expired.secret.reveal()),
        expired.key.masked,
        "x" * 1_000_000,
        "' OR '1'='1",
        "",
    ):
        with pytest.raises(NotAuthenticated) as caught:
            door.identity.identify([(b"authorization", b"Bearer " + key.encode())])
        assert caught.value.__cause__ is caught.value.__context__ is None
        is_key = re.fullmatch(r"[\w-]{8,256}", key, re.ASCII)
        assert caught.value.reason == ("unknown" if is_key else "malformed")
        seen.add(refusal(caught.value))
    assert len(seen) == 1


async def test_a_key_ends_on_time(door: Door) -> None:
    user = await users.add(door.database, door.clock, name="ada")
    new = await door.key(user.id, expires_at=door.clock.now() + 2 * SECOND)
    principal = door.enter(new)
    door.clock.advance(1.999)
    assert door.enter(new) == principal
    await door.identity.permit(principal, model=None, ip="")
    door.clock.advance(0.001)
    with pytest.raises(NotAuthenticated):
        door.enter(new)
    with pytest.raises(NotAuthenticated):
        await door.identity.permit(principal, model=None, ip="")


async def test_a_request_costs_no_query(door: Door) -> None:
    user = await users.add(door.database, door.clock, name="ada")
    new = await door.key(user.id, models=["pika"])
    await door.database.close()
    await door.identity.permit(door.enter(new), model="pika", ip="192.0.2.1")
    with pytest.raises(NotAuthenticated):
        door.identity.identify([(b"x-api-key", b"sk-unknown")])


async def test_keys_are_looked_up_by_digest_only(door: Door) -> None:
    """A look-up compares digests, so its time depends on no part of a key."""
    asked: list[object] = []

    class Watched(dict[str, Principal]):
        def get(self, key: object, default: object = None) -> Any:
            asked.append(key)
            return super().get(key, default)  # type: ignore[call-overload]  # as dict has it

    user = await users.add(door.database, door.clock, name="ada")
    new = await door.key(user.id)
    found = door.identity._snapshot  # noqa: SLF001  # what a process keeps is what is tested
    assert new.secret.reveal() not in repr(found)
    door.identity._snapshot = Snapshot(Watched(found.keys), found.pairs)  # noqa: SLF001  # as above
    door.enter(new)
    wrong = new.secret.reveal()[:-1] + ("a" if new.secret.reveal()[-1] != "a" else "b")
    with pytest.raises(NotAuthenticated):
        door.identity.identify([(b"x-api-key", wrong.encode())])
    assert asked == [keys.digest(new.secret.reveal()), keys.digest(wrong)]


# Pairs.


async def test_a_pair_is_opened_by_its_access_key(door: Door) -> None:
    user = await users.add(door.database, door.clock, name="ada")
    new = await door.key(user.id, pair=True, expires_at=door.clock.now() + SECOND)
    assert new.access_key is not None
    found = door.identity.pair(new.access_key)
    assert found is not None
    principal, secret = found
    assert (principal.key_id, secret) == (new.key.id, new.secret)
    assert new.secret.reveal() not in repr(found)
    assert new.secret.reveal() not in repr(vars(door.identity))
    for unknown in ("", "ak-unknown", new.secret.reveal(), "x" * 1_000_000, "ключ", "\udc80"):
        assert door.identity.pair(unknown) is None
    door.clock.advance(1)
    assert door.identity.pair(new.access_key) is None


async def test_a_secret_moved_to_another_pair_does_not_open(door: Door) -> None:
    user = await users.add(door.database, door.clock, name="ada")
    one = await door.key(user.id, "one", pair=True)
    two = await door.key(user.id, "two", pair=True)
    assert one.access_key is not None

    async def move() -> None:
        row = await Key.get(id=two.key.id)
        await Key.filter(id=one.key.id).update(sealed=row.sealed)

    await door.database.transact(move)
    with pytest.raises(VaultError) as caught:
        door.identity.pair(one.access_key)
    assert two.secret.reveal() not in str(caught.value)


async def test_a_plain_key_is_no_access_key(door: Door) -> None:
    user = await users.add(door.database, door.clock, name="ada")
    new = await door.key(user.id)
    assert door.identity.pair(new.secret.reveal()) is None


# The snapshot follows.


async def test_changes_count_at_once_here_and_soon_elsewhere(door: Door, second: Door) -> None:
    database, clock = door.database, door.clock
    user = await users.add(database, clock, name="ada")
    new = await door.key(user.id)
    assert door.enter(new).role == "user"
    with pytest.raises(NotAuthenticated):
        second.enter(new)
    await second.snapshots.refresh()
    assert second.enter(new) == door.enter(new)

    await groups.add(database, clock, name="studio", models=["pika"])
    await users.change(database, user.id, role="operator", group="studio")
    assert (door.enter(new).role, door.enter(new).models) == (
        "operator",
        frozenset({"pika"}),
    )
    await keys.change(database, clock, new.key.id, enabled=False)
    with pytest.raises(NotAuthenticated):
        door.enter(new)
    assert second.enter(new).role == "user"
    await second.snapshots.refresh()
    with pytest.raises(NotAuthenticated):
        second.enter(new)
    await keys.change(database, clock, new.key.id, enabled=True)
    door.enter(new)
    await users.remove(database, user.id)
    with pytest.raises(NotAuthenticated):
        door.enter(new)


async def test_a_database_that_is_away_leaves_the_snapshot(door: Door) -> None:
    user = await users.add(door.database, door.clock, name="ada")
    new = await door.key(user.id)
    await door.database.close()
    with pytest.raises(PlugwayError):
        await door.identity.load()
    door.enter(new)


async def test_more_keys_than_one_page(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugway.identity.snapshot._PAGE", 3)
    user = await users.add(door.database, door.clock, name="ada")

    async def work() -> list[keys.NewKey]:
        return [
            await keys.insert(door.vault, door.clock, user_id=user.id, name=str(number))
            for number in range(7)
        ]

    made = await door.database.transact(work)
    assert [door.enter(new).key_id for new in made] == [new.key.id for new in made]


async def test_a_row_that_is_not_usable_shuts_out_one_key(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    database, clock = door.database, door.clock
    user = await users.add(database, clock, name="ada")
    good = await door.key(user.id, "good")
    bad = [await door.key(user.id, name) for name in ("network", "rate", "models")]
    lost = await users.add(database, clock, name="bob")
    odd = await users.add(database, clock, name="eve")
    bad += [await door.key(lost.id), await door.key(odd.id)]

    async def damage() -> None:
        await Key.filter(id=bad[0].key.id).update(networks=["anywhere"])
        await Key.filter(id=bad[1].key.id).update(rate="canary-rate")
        await Key.filter(id=bad[2].key.id).update(models=7)
        # A group that is gone must not mean "no restriction".
        await User.filter(id=lost.id).update(group_id=404)
        await User.filter(id=odd.id).update(role="root")

    await database.transact(damage)
    door.enter(good)
    for new in bad:
        with pytest.raises(NotAuthenticated):
            door.enter(new)
        assert f"key {new.key.id} is left out" in caplog.text
    assert "canary-rate" not in caplog.text
    assert f"key {good.key.id} is" not in caplog.text


# What they may.


@pytest.mark.parametrize(
    ("mine", "group", "allowed", "refused"),
    [
        (None, None, ["pika", "kling"], []),
        (["pika"], None, ["pika"], ["kling", "PIKA", "pika ", ""]),
        (None, ["pika"], ["pika"], ["kling"]),
        (["pika", "suno"], ["pika", "kling"], ["pika"], ["suno", "kling"]),
        (["suno"], ["kling"], [], ["suno", "kling", ""]),
    ],
)
async def test_models_of_key_and_group_together(
    door: Door, mine: Any, group: Any, allowed: list[str], refused: list[str]
) -> None:
    await groups.add(door.database, door.clock, name="studio", models=group)
    user = await users.add(door.database, door.clock, name="ada", group="studio")
    principal = door.enter(await door.key(user.id, models=mine))
    # Routes that concern no model stay open.
    await door.identity.permit(principal, model=None, ip="192.0.2.1")
    for model in allowed:
        await door.identity.permit(principal, model=model, ip="192.0.2.1")
    for model in refused:
        with pytest.raises(NotPermitted, match="no available channel") as caught:
            await door.identity.permit(principal, model=model, ip="192.0.2.1")
        assert caught.value.field == "model"


async def test_a_long_model_is_not_repeated_whole(door: Door) -> None:
    user = await users.add(door.database, door.clock, name="ada")
    principal = door.enter(await door.key(user.id, models=["pika"]))
    with pytest.raises(NotPermitted) as caught:
        await door.identity.permit(principal, model="x" * 100_000 + "\n", ip="")
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(
    ("networks", "inside", "outside"),
    [
        (["192.0.2.0/24"], ["192.0.2.1", "::ffff:192.0.2.1"], ["192.0.3.1", "2001:db8::1"]),
        (["2001:db8::/32"], ["2001:db8::1", "2001:DB8::1%eth0"], ["2001:db9::1", "192.0.2.1"]),
        (["192.0.2.7", "::1"], ["192.0.2.7", "::1"], ["192.0.2.8", "::2", "127.0.0.1"]),
        (["::ffff:192.0.2.0/120"], ["192.0.2.1"], ["192.0.3.1"]),
        (["0.0.0.0/0"], ["192.0.2.1"], ["", "unix", "192.0.2.1 ", "0300.0.2.1", "2001:db8::1"]),
    ],
)
async def test_networks(
    door: Door, networks: list[str], inside: list[str], outside: list[str]
) -> None:
    user = await users.add(door.database, door.clock, name="ada")
    principal = door.enter(await door.key(user.id, networks=networks))
    for ip in inside:
        await door.identity.permit(principal, model="pika", ip=ip)
    for ip in outside:
        with pytest.raises(NotPermitted, match="from this address"):
            await door.identity.permit(principal, model="pika", ip=ip)


async def let_through(door: Door, new: keys.NewKey, tries: int) -> int:
    count = 0
    for _ in range(tries):
        try:
            await door.identity.permit(door.enter(new), model=None, ip="")
        except RateLimited:
            continue
        count += 1
    return count


async def test_a_group_limits_each_user_over_all_keys(door: Door) -> None:
    await groups.add(door.database, door.clock, name="studio", rate="5/day")
    ada = await users.add(door.database, door.clock, name="ada", group="studio")
    bob = await users.add(door.database, door.clock, name="bob", group="studio")
    first = await door.key(ada.id, "first", rate="3/day")
    other = await door.key(ada.id, "other")
    bobs = await door.key(bob.id)
    assert await let_through(door, first, 5) == 3
    assert await let_through(door, other, 5) == 2
    assert await let_through(door, bobs, 8) == 5


async def test_a_rate_that_is_changed_counts_anew(door: Door) -> None:
    user = await users.add(door.database, door.clock, name="ada")
    new = await door.key(user.id, rate="2/day")
    assert await let_through(door, new, 4) == 2
    await keys.change(door.database, door.clock, new.key.id, rate="3/day")
    assert await let_through(door, new, 5) == 3
    await keys.change(door.database, door.clock, new.key.id, rate=None)
    assert await let_through(door, new, 5) == 5


async def test_a_call_that_is_not_permitted_counts_against_no_rate(door: Door) -> None:
    user = await users.add(door.database, door.clock, name="ada")
    new = await door.key(user.id, rate="1/day", models=["pika"])
    for _ in range(3):
        with pytest.raises(NotPermitted):
            await door.identity.permit(door.enter(new), model="kling", ip="")
    await door.identity.permit(door.enter(new), model="pika", ip="")


async def test_no_secret_is_logged(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "plugway")
    user = await users.add(door.database, door.clock, name="ada")
    made = [await door.key(user.id, "key"), await door.key(user.id, "pair", pair=True)]
    await groups.add(door.database, door.clock, name="studio")
    await door.database.run(lambda: Group.all().count())
    door.enter(made[0])
    assert made[1].access_key is not None
    door.identity.pair(made[1].access_key)
    for new in made:
        assert new.secret.reveal() not in caplog.text
