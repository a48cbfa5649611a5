"""Tokens as the official samples make them."""

from __future__ import annotations

import pytest
from jose import jwt
from kling_gateway import PROMPT, TEXT2VIDEO, Kling

from plugway import BadRequest, Channel, Secret
from plugway.testing import ManualClock
from plugway_kling.credential import KlingKey, is_pair

pytestmark = pytest.mark.anyio

CHANNEL = Channel(id=1, provider="kling", name="main", base_url="http://x", models=frozenset())


def kind(seconds: int = 1_800_000_000) -> KlingKey:
    return KlingKey(ManualClock(seconds * 1_000_000))


@pytest.mark.parametrize("text", ["ak-1|sk-2", "  ak-1 |  sk-2 ", "ak-1|sk-2\n"])
async def test_a_pair_signs(text: str) -> None:
    secret = kind().parse(text)
    assert secret.reveal() == "ak-1|sk-2"
    grant = await kind().mint(secret, CHANNEL, None)  # type: ignore[arg-type]  # nobody is asked
    ((name, value),) = grant.headers
    token = value.removeprefix("Bearer ")
    assert name == "Authorization"
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    claims = jwt.decode(
        token, "sk-2", algorithms=["HS256"], options={"verify_exp": False, "verify_nbf": False}
    )
    now = 1_800_000_000
    assert claims == {"iss": "ak-1", "exp": now + 1800, "nbf": now - 5}
    assert grant.expires_at == now + 1800


async def test_a_key_is_sent_as_it_is() -> None:
    secret = kind().parse(" api-key-1 ")
    grant = await kind().mint(secret, CHANNEL, None)  # type: ignore[arg-type]  # nobody is asked
    assert grant.headers == (("Authorization", "Bearer api-key-1"),)
    assert grant.expires_at is None
    assert not is_pair(secret)
    assert is_pair(Secret("a|b"))


@pytest.mark.parametrize("text", ["", " ", "|", "ak|", "|sk", "a|b|c", "a b|c", "ключ", "a\0"])
def test_what_is_no_secret(text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        kind().parse(text)
    assert caught.value.field == "secret"
    assert text.strip() == "" or text not in caught.value.message.replace("accessKey|secretKey", "")


async def test_several_credentials_take_turns_and_a_token_is_kept(bare: Kling) -> None:
    first, second = bare.emulator.accounts["first"], bare.emulator.accounts["second"]
    await bare.channel(first.secret, second.api_key)
    for _ in range(4):
        await bare.alice.make()
    assert (len(first.tasks), len(second.tasks)) == (2, 2)
    sent = [seen.header("authorization") for seen in bare.emulator.seen]
    assert len(set(sent)) == 2


async def test_a_credential_that_is_refused_gives_way(bare: Kling) -> None:
    good = bare.emulator.accounts["first"].secret
    await bare.channel("ak-nobody|sk-nobody", name="bad", priority=10)
    await bare.channel(good, name="good")
    status, body = await bare.alice.post(TEXT2VIDEO, PROMPT)
    assert (status, body["code"]) == (200, 0)
    assert len(bare.emulator.seen) == 2


@pytest.mark.parametrize(("secret", "message"), [(None, ""), ("ak-nobody|sk", "code 1000")])
async def test_a_channel_can_be_tested(bare: Kling, secret: str | None, message: str) -> None:
    gateway = bare.server.gateway
    channel_id = await bare.channel(secret or bare.emulator.accounts["first"].secret)
    channel = gateway.channels.get(channel_id)
    assert channel is not None
    (credential,) = gateway.credentials.all(channel_id)
    grant = await gateway.grants.get(credential, channel)
    if not message:
        await credential.kind.check(grant, channel, gateway.upstream)
        return
    from plugway import CredentialExpired

    with pytest.raises(CredentialExpired, match=message):
        await credential.kind.check(grant, channel, gateway.upstream)


@pytest.mark.parametrize(
    ("code", "seconds"), [(1100, 1800), (1101, 1800), (1102, 1800), (1302, None), (1303, None)]
)
def test_an_empty_account_rests_for_long(code: int, seconds: float | None) -> None:
    body = b'{"code": %d, "message": "", "request_id": "r"}' % code
    assert kind().rest(body) == seconds
    assert kind().rest(b"<html>") is None
    assert kind().rest(b"") is None


async def test_an_empty_account_is_left_alone_until_somebody_fills_it(bare: Kling) -> None:
    empty, full = bare.emulator.accounts["first"], bare.emulator.accounts["second"]
    empty.trouble = 1102
    await bare.channel(empty.secret, full.secret)
    for _ in range(4):
        await bare.alice.make()
    assert (len(empty.tasks), len(full.tasks)) == (0, 4)
    # Five requests for four tasks: it was asked once.
    assert len(bare.emulator.seen) == 5
    gateway = bare.server.gateway
    (channel,) = gateway.channels.all()
    states = {one.state: one.until for one in gateway.credentials.all(channel.id)}
    assert set(states) == {"ready", "cooling"}
    assert (states["cooling"] or 0) - gateway.clock.now() > 1700 * 1_000_000
