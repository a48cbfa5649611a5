"""The emulated site: sessions, projects, redirects, and accounts that have moved."""

from __future__ import annotations

import json

import pytest
from flow_emulated import SESSION, TRPC, Visitor

from plugway.testing import ManualClock
from plugway_flow.emulated.accounts import COOKIE
from plugway_flow.emulated.moment import stamp

pytestmark = pytest.mark.anyio


async def test_a_session_gives_out_a_token(visitor: Visitor, clock: ManualClock) -> None:
    now = clock.now() / 1_000_000
    told = await visitor.session()
    assert told["user"] == {"name": "Demo", "email": "demo@flow.example"}
    assert told["expires"] == stamp(now + 3_600)
    clock.advance(3_000)
    assert await visitor.session() == told
    clock.advance(400)
    later = await visitor.session()
    assert later["access_token"] != told["access_token"]
    credits_ = {"credits": 1_000, "userPaygateTier": "PAYGATE_TIER_ONE"}
    found = await visitor.good("/v1/credits")
    assert {name: found[name] for name in credits_} == credits_


async def test_only_a_token_that_holds_opens_the_api(visitor: Visitor, clock: ManualClock) -> None:
    token = (await visitor.session())["access_token"]
    for header, status in (
        (f"Bearer {token}", 200),
        (f"bearer {token}", 200),
        (token, 401),
        ("Bearer nothing", 401),
        ("", 401),
    ):
        found = await visitor.raw("GET", "/v1/credits", headers={"Authorization": header})
        assert found[0] == status, header
    clock.advance(4_000)
    headers = {"Authorization": f"Bearer {token}"}
    status, body, _ = await visitor.raw("GET", "/v1/credits", headers=headers)
    assert (status, json.loads(body)["error"]["status"]) == (401, "UNAUTHENTICATED")


async def test_a_dead_cookie_gets_nothing(visitor: Visitor) -> None:
    for headers in ({}, {"Cookie": f"{COOKIE}=nothing"}):
        status, body, _ = await visitor.raw("GET", SESSION, headers=headers)
        assert (status, json.loads(body)) == (200, {})
    account = visitor.emulator.accounts["other"]
    account.state = "signed_out"
    assert await visitor.session("other") == {}
    visitor.emulator.sign_in("other")
    assert (await visitor.session("other"))["user"]["email"] == account.email
    account.revoke(tokens=False)
    assert await visitor.session("other") == {}
    status, told = await visitor.trpc("project.deleteProject", {}, "other")
    assert (status, told["error"]["json"]["data"]["code"]) == (401, "UNAUTHORIZED")


async def test_a_cookie_may_come_in_pieces(visitor: Visitor) -> None:
    secret = visitor.emulator.accounts["demo"].secret
    pieces = f"{COOKIE}.0={secret[:100]}; {COOKIE}.1={secret[100:]}"
    _, body, _ = await visitor.raw("GET", SESSION, headers={"Cookie": pieces})
    assert json.loads(body)["user"]["email"] == "demo@flow.example"


async def test_a_cookie_is_given_anew(visitor: Visitor) -> None:
    before = visitor.cookies()
    visitor.emulator.behaviour.rotation = "kept"
    _, _, headers = await visitor.raw("GET", SESSION, headers=before)
    given = headers["Set-Cookie"].partition(";")[0]
    assert visitor.cookies() == {"Cookie": given} != before
    visitor.emulator.behaviour.rotation = "revoked"
    _, body, _ = await visitor.raw("GET", SESSION, headers=before)
    assert json.loads(body)["access_token"]
    _, body, _ = await visitor.raw("GET", SESSION, headers=before)
    assert json.loads(body) == {}
    assert (await visitor.session())["access_token"]


async def test_tokens_that_are_none(visitor: Visitor, clock: ManualClock) -> None:
    now = clock.now() / 1_000_000
    for kind, ends in (("stale", stamp(now)), ("lying", stamp(now + 3_600))):
        visitor.emulator.mishap(kind)
        told = await visitor.session()
        assert told["expires"] == ends
        headers = {"Authorization": f"Bearer {told['access_token']}"}
        assert (await visitor.raw("GET", "/v1/credits", headers=headers))[0] == 401
    await visitor.good("/v1/credits")


async def test_projects_and_media_are_deleted(visitor: Visitor) -> None:
    status, told = await visitor.trpc("project.createProject", {"projectTitle": "", "toolName": ""})
    assert (status, told["error"]["json"]["data"]["code"]) == (400, "BAD_REQUEST")
    project, name = await visitor.project("other"), await visitor.make_image("other")
    status, _ = await visitor.trpc("media.deleteMedia", {"names": [name]}, "demo")
    assert status == 404
    status, _ = await visitor.trpc("media.deleteMedia", {"names": [name]}, "other")
    assert (status, (await visitor.redirect(name, "other"))[0]) == (200, 404)
    for expected in (200, 404):
        asked = {"projectToDeleteId": project}
        status, _ = await visitor.trpc("project.deleteProject", asked, "other")
        assert status == expected
    path = f"/v1/projects/{project}/flowMedia:batchGenerateImages"
    refused = await visitor.refused(path, await visitor.image("other"), "other")
    assert refused == (404, "NOT_FOUND", "")


async def test_links_end(visitor: Visitor, clock: ManualClock) -> None:
    name = await visitor.make_image()
    status, _ = await visitor.redirect(name, "other")
    assert status == 404
    path = f"{TRPC}/media.getMediaUrlRedirect?name={name}"
    assert (await visitor.raw("GET", path, headers=visitor.cookies()))[0] == 400
    _, link = await visitor.redirect(name)
    assert (await visitor.fetch(link))[0] == 200
    assert (await visitor.fetch(link.replace("Expires=1", "Expires=2")))[0] == 403
    clock.advance(3_601)
    assert (await visitor.fetch(link))[0] == 403
    visitor.emulator.mishap("refused", call="redirect", code=500)
    assert (await visitor.redirect(name))[0] == 500
    assert (await visitor.good(f"/v1/media/{name}"))["name"] == name


async def test_an_account_has_moved(visitor: Visitor) -> None:
    headers = await visitor.bearer()
    visitor.emulator.accounts["demo"].state = "migrated"
    where = "https://flow.google.com/"
    for path in (SESSION, f"{TRPC}/media.getMediaUrlRedirect?name=a"):
        status, _, answer = await visitor.raw("GET", path, headers=visitor.cookies())
        assert (status, answer["Location"]) == (307, where)
    for expected in (401, 403):
        visitor.emulator.behaviour.migrated_api = expected
        assert (await visitor.raw("GET", "/v1/credits", headers=headers))[0] == expected
    # The others have not.
    await visitor.good("/v1/credits", account="other")


async def test_accounts_that_may_not(visitor: Visitor) -> None:
    account, path = visitor.emulator.accounts["demo"], await visitor.images_path()
    body = await visitor.image()
    account.state = "restricted"
    wrong = (403, "PERMISSION_DENIED", "PUBLIC_ERROR_SOMETHING_WENT_WRONG")
    assert await visitor.refused("/v1/credits") == wrong
    account.state = "busy"
    busy = (429, "RESOURCE_EXHAUSTED", "PUBLIC_ERROR_UNUSUAL_ACTIVITY_TOO_MUCH_TRAFFIC")
    assert await visitor.refused(path, body) == busy
    await visitor.good("/v1/credits")
