"""Cookies that a page renews reach the vault and the profile's file, and are used afterwards."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from aistudio_gateway import AIStudioGateway, environ, named, need_browser

import plugway_aistudio
from plugway.testing import GatewayServer
from plugway_aistudio.emulator import AIStudioEmulator
from plugway_aistudio.profiles.profile import Profile, read

pytestmark = pytest.mark.anyio


def sidcc(profile: Profile) -> str:
    """Return a profile's cookie that each visit renews."""
    (found,) = (one.value for one in profile.cookies if one.name == "SIDCC")
    return found


def stored(server: GatewayServer) -> str:
    """Return the same of the vault."""
    gateway = server.gateway
    (channel,) = gateway.channels.all()
    (credential,) = gateway.credentials.all(channel.id)
    return sidcc(read(credential.secret))


async def until_saved(server: GatewayServer, first: str) -> None:
    """Wait until the vault has a newer cookie."""
    async with asyncio.timeout(120):
        while stored(server) == first:
            await asyncio.sleep(0.01)
            await server.gateway.snapshots.refresh()


async def until_taken(server: GatewayServer) -> None:
    """Wait until the channel has a profile."""
    (channel,) = server.gateway.channels.all()
    async with asyncio.timeout(120):
        while not server.gateway.credentials.all(channel.id):
            await asyncio.sleep(0.01)
            await server.gateway.snapshots.refresh()


async def test_renewed_cookies_are_saved_and_used_after_a_restart(tmp_path: Path) -> None:
    need_browser()
    emulator, home = AIStudioEmulator(), tmp_path / "home"
    account = emulator.accounts["first"]
    # Only the newest cookie holds: whoever comes with an older one is signed out.
    account.keeps = 1
    await emulator.start()
    try:
        plugins = {"aistudio": plugway_aistudio}
        key = ""
        for run in range(3):
            async with GatewayServer(home, plugins=plugins, environ=environ()) as server:
                if not run:
                    await server.channel(
                        "aistudio",
                        emulator.url,
                        secrets=[named(emulator, "first")],
                        settings={"save_seconds": 0.01},
                    )
                    key = await server.key(await server.user(credits_=10**12))
                studio = AIStudioGateway(server, emulator)
                async with studio.caller(key) as studio.client:
                    first = stored(server)
                    for number in range(3):
                        answer = await studio.ask(f"Question {number}")
                        assert answer.status == 200, answer.body
                    await until_saved(server, first)
                    assert (await studio.ask("And now?")).status == 200
                    # What has been renewed since is saved at the stop.
    finally:
        await emulator.stop()


async def test_a_page_that_is_closed_for_its_age_or_idleness_saves_its_cookies(
    tmp_path: Path,
) -> None:
    emulator = AIStudioEmulator()
    emulator.accounts["first"].keeps = 1
    async with AIStudioGateway.running(tmp_path / "home", emulator, page_requests=2) as studio:
        for number in range(5):
            answer = await studio.ask(f"Question {number}")
            assert answer.status == 200, answer.body
        assert studio.studio.browsers.restarts == 0


async def test_the_file_of_a_profile_has_the_newest(tmp_path: Path) -> None:
    need_browser()
    emulator, home = AIStudioEmulator(), tmp_path / "home"
    home.mkdir(mode=0o700)
    emulator.accounts["first"].keeps = 1
    await emulator.start()
    active = home / "auth_profiles" / "active"
    active.mkdir(parents=True, mode=0o700)
    file = active / "first.json"
    file.write_text(named(emulator, "first"))
    file.chmod(0o600)
    try:
        for run in range(2):
            plugins = {"aistudio": plugway_aistudio}
            async with GatewayServer(home, plugins=plugins, environ=environ()) as server:
                studio = AIStudioGateway(server, emulator)
                if not run:
                    await server.channel("aistudio", emulator.url)
                    studio.key = await server.key(await server.user(credits_=10**12))
                    key = studio.key
                await until_taken(server)
                async with studio.caller(key) as studio.client:
                    answer = await studio.ask(f"Run {run}")
                    assert answer.status == 200, answer.body
            profile = msgspec.json.decode(file.read_bytes(), type=Profile)
            assert sidcc(profile) == emulator.accounts["first"].cookies()["SIDCC"]
            assert file.stat().st_mode & 0o777 == 0o600
    finally:
        await emulator.stop()
