"""A visit with a profile, in a real browser at the emulator."""

from __future__ import annotations

import time
from typing import Any

import pytest
from machine_browser import machine_browser

from plugway import (
    ChallengeRequired,
    CredentialExpired,
    CredentialRestricted,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from plugway_aistudio.emulator import AIStudioEmulator
from plugway_aistudio.profiles.profile import Profile
from plugway_aistudio.profiles.profile_file import profile_of
from plugway_aistudio.profiles.visiting import visited

pytestmark = pytest.mark.anyio

PATHS = {"GET": "/prompts", "POST": "/$rpc"}


async def visit(emulator: AIStudioEmulator, profile: Profile, **options: Any) -> Profile:
    base = options.pop("base", emulator.url)
    return await visited(
        machine_browser(), profile, base, now=time.time(), proxy="direct", **options
    )


def values(profile: Profile) -> dict[str, str]:
    return {one.name: one.value for one in profile.cookies}


async def test_a_signed_in_profile_comes_back_with_newer_cookies(
    upstream: AIStudioEmulator,
) -> None:
    before = profile_of(upstream.profile("first"), "work")
    fresh = await visit(upstream, before)
    assert fresh.name == "work"
    assert fresh.saved_at is not None
    assert abs(fresh.saved_at - time.time()) < 600
    assert values(fresh)["SID"] == values(before)["SID"]
    assert values(fresh)["SIDCC"] != values(before)["SIDCC"]
    # What the page keeps in the browser is there too, and no model was asked.
    assert [one.origin for one in fresh.origins] == [upstream.url]
    assert not upstream.asked
    # And it can be used again.
    assert values(await visit(upstream, fresh))["SIDCC"] != values(fresh)["SIDCC"]


@pytest.mark.parametrize(
    ("state", "error", "told"),
    [
        ("expired", CredentialExpired, "wants somebody to sign in"),
        ("challenge", ChallengeRequired, "wants a person"),
    ],
)
async def test_a_profile_that_a_person_must_sign_in_is_told(
    upstream: AIStudioEmulator, state: Any, error: type[Exception], told: str
) -> None:
    profile = profile_of(upstream.profile("first"), "work")
    upstream.accounts["first"].state = state
    with pytest.raises(error, match=told) as caught:
        await visit(upstream, profile)
    assert "plugway aistudio login work" in str(caught.value)
    assert not any(one.value in str(caught.value) for one in profile.cookies if one.value)


async def test_a_page_that_answers_otherwise_is_not_the_profiles_fault(
    upstream: AIStudioEmulator,
) -> None:
    profile = profile_of(upstream.profile("first"), "work")
    with pytest.raises(UpstreamUnreachable):
        # Nobody listens there.
        await visit(upstream, profile, base="http://127.0.0.1:9")
    upstream.fail("status", path="/prompts", status=503)
    with pytest.raises(UpstreamUnreachable, match="503"):
        await visit(upstream, profile)
    for method in ("GET", "POST"):
        # The page, and its list of models.
        upstream.fail("status", method=method, status=403, path=PATHS[method])
        with pytest.raises(CredentialRestricted):
            await visit(upstream, profile)
    upstream.accounts["first"].state = "migrated"
    with pytest.raises(UpstreamTimeout, match="within 3 s"):
        await visit(upstream, profile, seconds=3)
