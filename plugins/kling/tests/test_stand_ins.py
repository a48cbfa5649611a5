"""Endpoints without a choice of models, which no operator lists with a channel."""

from __future__ import annotations

import pytest
from kling_bodies import CALLS, TASKS, filled
from kling_gateway import TEXT2VIDEO, Client, Kling

from plugway_kling.endpoints import ENDPOINTS, Endpoint
from plugway_kling.requests import schema

pytestmark = pytest.mark.anyio

EFFECTS = "/kling/v1/videos/effects"
TTS = "/kling/v1/audio/tts"
SPEECH = {"text": "a lighthouse", "voice_id": "829824295735410756", "voice_language": "en"}

#: Those whose requests have no field for a model.
NAMELESS = [
    one
    for one in ENDPOINTS
    if (type_ := schema(one.kind)) is not None
    and not one.newer
    and "model_name" not in type_.__struct_fields__
]


@pytest.fixture
async def kling(bare: Kling) -> Kling:
    """Run a gateway with a channel that lists one model of videos."""
    await bare.channel(bare.emulator.accounts["first"].secret, models=["kling-v1"])
    return bare


@pytest.mark.parametrize("endpoint", NAMELESS, ids=lambda one: one.kind)
async def test_any_channel_serves_them(kling: Kling, endpoint: Endpoint) -> None:
    body = await filled(kling.alice, {**TASKS, **CALLS}[endpoint.kind])
    if endpoint.kind == "delete-selection":
        await kling.alice.post("/kling/v1/videos/multi-elements/add-selection", body)
    status, told = await kling.alice.post(f"/kling{endpoint.path}", body)
    assert (status, told["code"]) == (200, 0), told


async def test_other_models_are_not_served(kling: Kling) -> None:
    body = {"model_name": "kling-v1-6", "prompt": "a lighthouse"}
    status, told = await kling.alice.post(TEXT2VIDEO, body)
    assert (status, told["code"]) == (404, 1203)
    assert "kling-v1-6" in told["message"]


async def test_a_channel_that_lists_one_has_it_alone(kling: Kling) -> None:
    second = kling.emulator.accounts["second"].secret
    await kling.channel(second, name="speech", models=["kling-tts"])
    for _ in range(3):
        assert (await kling.alice.post(TTS, SPEECH))[0] == 200
    assert {one.account for one in kling.emulator.truth.attempts} == {"second"}


async def test_a_key_s_models_still_count(kling: Kling) -> None:
    video = await kling.client(kling.user, models=["kling-v1"])
    status, told = await video.post(TTS, SPEECH)
    assert (status, told["code"]) == (403, 1103)
    speech = await kling.client(kling.user, models=["kling-tts"])
    status, told = await speech.post(TTS, SPEECH)
    assert (status, told["code"]) == (200, 0), told


async def test_a_channel_with_a_free_account_is_taken(kling: Kling) -> None:
    second = kling.emulator.accounts["second"].secret
    await kling.channel(second, name="spare", models=["kling-v3"], priority=-1)
    kling.emulator.accounts["first"].capacity = 0
    await kling.alice.post(TEXT2VIDEO, {"prompt": "a lighthouse"})
    body = await filled(kling.alice, TASKS["effects"])
    status, told = await kling.alice.post(EFFECTS, body)
    assert (status, told["code"]) == (200, 0), told
    assert kling.emulator.task(told["data"]["task_id"]).account == "second"
    # And so it is with what is everybody's.
    status, told = await kling.alice.get("/kling/v1/general/presets-voices")
    assert (status, told["code"]) == (200, 0), told


async def test_a_group_s_channel_is_for_that_group(bare: Kling) -> None:
    secret = bare.emulator.accounts["first"].secret
    await bare.channel(secret, models=["kling-v1"], group="gold")
    status, told = await bare.alice.post(TTS, SPEECH)
    assert (status, told["code"]) == (404, 1203)
    gold = Client(bare.server.url, await _gold(bare))
    status, told = await gold.post(TTS, SPEECH)
    await gold.session.close()
    assert (status, told["code"]) == (200, 0), told


async def _gold(kling: Kling) -> str:
    from plugway.identity import groups

    gateway = kling.server.gateway
    await groups.add(gateway.database, gateway.clock, name="gold")
    user = await kling.server.user("rich", credits_=10**9, group="gold")
    return await kling.server.key(user)
