"""The folder and the channel's credentials are kept the same, in a running gateway."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from aistudio_profiles import CANARY, text

import plugway_aistudio
from plugway import Secret
from plugway.credentials import store
from plugway.testing import GatewayServer, ManualClock
from plugway_aistudio.profiles.folder import Folder
from plugway_aistudio.profiles.folder_rounds import FolderRounds
from plugway_aistudio.profiles.profile import Profile, read, written
from plugway_aistudio.profiles.profile_file import profile_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def environ() -> dict[str, str]:
    """Leave the folder to the tests' own rounds."""
    return {"PLUGWAY__PLUGINS__AISTUDIO__PROFILES": ""}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Return a folder with a profile in use."""
    folder = Folder(tmp_path / "folder")
    put(folder, "work", text())
    return folder


@pytest.fixture
async def rounds(server: GatewayServer, folder: Folder) -> FolderRounds:
    """Return rounds of that folder, for the gateway's only channel."""
    await channel(server)
    return FolderRounds(server.gateway, folder)


async def channel(server: GatewayServer, name: str = "studio") -> int:
    return await server.channel("aistudio", "http://127.0.0.1:9", name=name, models=["*"])


def put(folder: Folder, name: str, content: str, *, at: float | None = None) -> Path:
    path = folder.path / "active" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    if at is not None:
        os.utime(path, (at, at))
    return path


async def found(server: GatewayServer) -> dict[str, Any]:
    """Return the credentials by their profiles' names."""
    gateway = server.gateway
    await gateway.snapshots.refresh()
    every = [one for each in gateway.channels.all() for one in gateway.credentials.all(each.id)]
    return {read(one.secret).name: one for one in every}


async def profiles(server: GatewayServer) -> dict[str, Profile]:
    return {name: read(one.secret) for name, one in (await found(server)).items()}


async def test_files_become_credentials_and_broken_ones_stop_none(
    server: GatewayServer,
    folder: Folder,
    rounds: FolderRounds,
    caplog: pytest.LogCaptureFixture,
) -> None:
    put(folder, "half", text()[:-20])
    put(folder, "old", text("second", end=5.0))
    folder.save(profile_of(text("second"), "saved"))
    for _ in range(3):
        await rounds.round()
        assert (await profiles(server)).keys() == {"work"}
    errors = [one.getMessage() for one in caplog.records if one.levelname == "ERROR"]
    # Each once, however often it is looked at.
    assert len(errors) == 2
    assert "half.json is left out: secret: expected JSON" in errors[0]
    assert "old.json is left out: its cookies have ended" in errors[1]
    assert CANARY not in caplog.text
    # One that is mended or moved in is taken at the next look.
    put(folder, "half", text("second", renewed=1))
    folder.activate("saved")
    await rounds.round()
    assert (await profiles(server)).keys() == {"work", "half", "saved"}


async def test_a_file_that_changes_replaces_the_secret_of_its_credential(
    server: GatewayServer, folder: Folder, rounds: FolderRounds
) -> None:
    await rounds.round()
    first = (await found(server))["work"]
    put(folder, "work", text(renewed=5))
    await rounds.round()
    changed = (await found(server))["work"]
    assert changed.id == first.id
    assert changed.secret != first.secret
    assert read(changed.secret) == profile_of(text(renewed=5), "work")


async def test_renewed_cookies_are_written_back_and_not_taken_in_again(
    server: GatewayServer, folder: Folder, rounds: FolderRounds, clock: ManualClock
) -> None:
    path = put(folder, "work", text(), at=1_000_000_000)
    path.chmod(0o644)
    await rounds.round()
    before = (await found(server))["work"]
    fresh = profile_of(text(renewed=9, saved_at=clock.now() // 1_000_000), "work")
    assert await server.gateway.renewals.refresh(before.id, before.secret, written(fresh))
    await found(server)
    await rounds.round()
    assert profile_of(path.read_text()) == fresh
    assert path.stat().st_mode & 0o777 == 0o600
    stamp = path.stat().st_mtime_ns
    for _ in range(2):
        await rounds.round()
    assert path.stat().st_mtime_ns == stamp
    assert (await profiles(server))["work"] == fresh
    # Also after a start, when nothing is remembered.
    await FolderRounds(server.gateway, folder).round()
    assert (await profiles(server))["work"] == fresh
    # What the operator puts there later wins again.
    put(folder, "work", text("second"), at=clock.now() / 1_000_000 + 60)
    await rounds.round()
    assert (await profiles(server))["work"] == profile_of(text("second"), "work")


async def test_a_file_wins_over_a_credential_that_the_upstream_does_not_take(
    server: GatewayServer, folder: Folder, rounds: FolderRounds, clock: ManualClock
) -> None:
    now = clock.now() // 1_000_000
    [studio] = server.gateway.channels.all()
    known = profile_of(text(renewed=9, saved_at=now), "work")
    await server.gateway.renewals.adopt(studio, written(known))
    put(folder, "work", text(renewed=3), at=now - 600)
    server.gateway.credentials.refused((await found(server))["work"], studio, "401")
    await rounds.round()
    taken = (await found(server))["work"]
    assert (taken.state, read(taken.secret)) == ("ready", profile_of(text(renewed=3), "work"))


async def test_the_operators_word_stands(
    server: GatewayServer,
    folder: Folder,
    rounds: FolderRounds,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    await rounds.round()
    one = (await found(server))["work"]
    gateway = server.gateway
    await store.set_state(gateway.database, one.id, "disabled", "by hand", gateway.clock)
    put(folder, "work", text(renewed=2))
    await rounds.round()
    assert (await found(server))["work"].state == "disabled"
    await store.remove(gateway.database, one.id)
    for _ in range(2):
        await found(server)
        await rounds.round()
    assert await profiles(server) == {}
    assert caplog.text.count("is removed: its file is not used until it changes") == 1
    put(folder, "work", text(renewed=3))
    await rounds.round()
    assert (await profiles(server)).keys() == {"work"}
    (folder.path / "active" / "work.json").unlink()
    await rounds.round()
    assert "work.json is gone: its credential stays in use" in caplog.text


async def test_of_several_channels_the_one_with_the_providers_name_has_the_folder(
    server: GatewayServer, folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    rounds = FolderRounds(server.gateway, folder)
    for name in ("", "one", "two"):
        if name:
            await channel(server, name)
        else:
            await rounds.round()
    await server.gateway.snapshots.refresh()
    caplog.clear()
    for _ in range(3):
        await rounds.round()
    assert await profiles(server) == {}
    await channel(server, "aistudio")
    await server.gateway.snapshots.refresh()
    await rounds.round()
    taken = (await found(server))["work"]
    names = {one.id: one.name for one in server.gateway.channels.all()}
    assert names[taken.channel_id] == "aistudio"


async def test_it_is_said_once_that_profiles_wait_for_a_channel(
    server: GatewayServer, folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    rounds = FolderRounds(server.gateway, folder)
    for _ in range(3):
        await rounds.round()
    assert caplog.text.count("wait for a channel of the provider aistudio") == 1


async def test_a_file_that_cannot_be_written_back_stops_no_other(
    server: GatewayServer,
    folder: Folder,
    rounds: FolderRounds,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    put(folder, "work", text(), at=1_000_000_000)
    await rounds.round()
    before = (await found(server))["work"]
    fresh = profile_of(text(renewed=9, saved_at=clock.now() // 1_000_000), "work")
    assert await server.gateway.renewals.refresh(before.id, before.secret, written(fresh))
    await found(server)

    def full(source: object, target: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "replace", full)
    put(folder, "x-last", text("second"))
    for _ in range(3):
        await rounds.round()
    assert (await profiles(server)).keys() == {"work", "x-last"}
    assert caplog.text.count("renewed cookies are not in work.json: Read-only") == 1
    assert (await profiles(server))["work"] == fresh


async def test_a_gateway_takes_its_folder_in_at_its_start_and_follows_it(
    tmp_path: Path, clock: ManualClock
) -> None:
    home = tmp_path / "home"
    folder = Folder(home / "auth_profiles")
    put(folder, "work", text())
    server = GatewayServer(home, plugins={"aistudio": plugway_aistudio}, clock=clock)
    async with server:
        await channel(server)

        async def until(names: set[str]) -> None:
            async with asyncio.timeout(60):
                while (await profiles(server)).keys() != names:
                    clock.advance(1)
                    await asyncio.sleep(0.01)

        await until({"work"})
        put(folder, "more", json.dumps(json.loads(text("second")), indent=2))
        await until({"work", "more"})
    # It is the same gateway's, so nothing is added twice.
    again = GatewayServer(home, plugins={"aistudio": plugway_aistudio}, clock=clock)
    async with again:
        known = {name: one.id for name, one in (await found(again)).items()}
        for _ in range(20):
            clock.advance(1)
            await asyncio.sleep(0.01)
        assert {name: one.id for name, one in (await found(again)).items()} == known
        assert isinstance((await found(again))["work"].secret, Secret)
