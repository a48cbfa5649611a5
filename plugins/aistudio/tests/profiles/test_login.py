"""`plugway aistudio login`: what operators see, and what is stored."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from aistudio_person import Person, leaver, nobody, owner
from click.testing import CliRunner, Result
from command_line import Shell
from machine_browser import machine_browser

from plugway import Session
from plugway.testing import GatewayServer
from plugway_aistudio.commands.login import login
from plugway_aistudio.emulator import AIStudioEmulator
from plugway_aistudio.profiles.folder import Folder
from plugway_aistudio.profiles.profile import Profile, read

pytestmark = pytest.mark.anyio


@pytest.fixture
async def session(server: GatewayServer, tmp_path: Path) -> Session:
    """Name the running gateway, as an administrator does."""
    admin = await server.user("boss", credits_=0, role="admin")
    session = Session()
    session.choose_home(tmp_path / "elsewhere", given=False)
    session.choose_url(server.url, given=True)
    session.admin_key = await server.key(admin)
    return session


async def channel(server: GatewayServer, upstream: AIStudioEmulator, **more: Any) -> None:
    await server.channel(
        "aistudio", upstream.url, name=more.pop("name", "studio"), models=["*"], settings=more
    )


async def run(session: Session, person: Person | None, *words: str) -> Result:
    """Run the command, as a process of its own would: apart from the gateway's loop."""
    program = machine_browser().program(visible=False)
    options = [*words, "--headless", "--proxy", "direct", "--browser", str(program)]

    def work() -> Result:
        return CliRunner().invoke(login(person), options, obj=session)

    return await asyncio.to_thread(work)


async def stored(server: GatewayServer) -> list[Profile]:
    """Return the profiles that are stored."""
    gateway = server.gateway
    await gateway.snapshots.refresh()
    return [
        read(one.secret)
        for channel in gateway.channels.all()
        for one in gateway.credentials.all(channel.id)
    ]


async def test_a_profile_is_stored_at_once_and_signed_in_again_updated(
    server: GatewayServer, upstream: AIStudioEmulator, session: Session, tmp_path: Path
) -> None:
    await channel(server, upstream)
    folder = tmp_path / "profiles"
    for _ in range(2):
        upstream.accounts["first"].state = "expired"
        done = await run(session, owner(upstream), "work", "--folder", str(folder))
        assert done.exit_code == 0, done.output
        assert "work is in the channel studio: credential 1" in done.output
        assert f"and in the file {folder / 'active' / 'work.json'}" in done.output
        (profile,) = await stored(server)
        assert profile.name == "work"
        cookies = upstream.accounts["first"].cookies()
        assert {one.name: one.value for one in profile.cookies}["SID"] == cookies["SID"]
        assert not any(value in done.output for value in cookies.values())
        (file,) = Folder(folder).active()
        assert Folder(folder).read(file) == profile
        assert list((folder / "saved").iterdir()) == []
    assert upstream.accounts["first"].sign_ins == 3


async def test_a_home_with_a_folder_of_profiles_keeps_it_there_too(
    upstream: AIStudioEmulator, tmp_path: Path
) -> None:
    shell = Shell(tmp_path / "home")
    shell.environ = {"PLUGWAY_HOME": str(shell.home), "PLUGWAY__PLUGINS__ALLOW": "aistudio"}
    folder = shell.home / "auth_profiles"

    def prepare() -> None:
        shell("init")
        words = ("--provider", "aistudio", "--name", "studio", "--base-url", upstream.url)
        shell("channels", "add", *words, "--model", "*")
        folder.mkdir(mode=0o700)

    await asyncio.to_thread(prepare)
    session = Session()
    session.choose_home(shell.home, given=True)
    done = await run(session, owner(upstream), "work")
    assert done.exit_code == 0, done.output
    assert f"and in the file {folder / 'active' / 'work.json'}" in done.output
    listed = await asyncio.to_thread(shell, "credentials", "list", "--json")
    assert [(one["label"], one["state"]) for one in listed.json] == [("work", "ready")]


async def test_nothing_is_stored_of_a_window_that_was_closed(
    server: GatewayServer, upstream: AIStudioEmulator, session: Session, tmp_path: Path
) -> None:
    await channel(server, upstream)
    words = ["work", "--folder", str(tmp_path / "profiles")]
    done = await run(session, leaver, *words)
    assert (done.exit_code, "the window was closed: nothing is stored" in done.output) == (1, True)
    done = await run(session, nobody, *words, "--timeout", "2")
    assert done.exit_code == 1
    assert "Nobody signed in within 2 s" in str(done.exception)
    assert await stored(server) == []
    assert not (tmp_path / "profiles").exists()


async def test_the_channel_and_the_name_must_be_good(
    server: GatewayServer, upstream: AIStudioEmulator, session: Session
) -> None:
    done = await run(session, nobody, "work")
    assert "there is no channel yet: plugway channels add" in str(done.exception)
    await channel(server, upstream)
    done = await run(session, nobody, "../work")
    assert (done.exit_code, "a profile's name is 1 to 100 letters" in done.output) == (2, True)
    await channel(server, upstream, name="more")
    done = await run(session, nobody, "work")
    assert "several channels" in str(done.exception)
    done = await run(session, nobody, "work", "--channel", "third")
    assert "no channel third" in str(done.exception)
    upstream.accounts["first"].state = "expired"
    done = await run(session, owner(upstream), "work", "--channel", "more")
    assert "in the channel more" in done.output


async def test_a_proxy_that_cannot_be_known_is_asked_for(
    server: GatewayServer, upstream: AIStudioEmulator, session: Session
) -> None:
    await channel(server, upstream, proxy="http://me:canary@127.0.0.1:9")

    def work() -> Result:
        return CliRunner().invoke(login(nobody), ["work", "--headless"], obj=session)

    done = await asyncio.to_thread(work)
    assert "give one with --proxy" in str(done.exception)


async def test_without_a_display_it_says_what_to_do(
    server: GatewayServer,
    upstream: AIStudioEmulator,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    machine_browser()
    await channel(server, upstream)

    def work() -> Result:
        return CliRunner().invoke(login(), ["work"], obj=session)

    done = await asyncio.to_thread(work)
    assert "ssh -X" in str(done.exception)


async def test_ctrl_c_ends_it_cleanly(
    server: GatewayServer, upstream: AIStudioEmulator, session: Session
) -> None:
    machine_browser()
    await channel(server, upstream)
    words = ["aistudio", "login", "work", "--headless", "--proxy", "direct"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "plugway", "--url", session.url, *words),
        env={**os.environ, "PLUGWAY_ADMIN_KEY": session.admin_key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    async with asyncio.timeout(120):
        # The page is there.
        while not any(seen.path.startswith("/v3/signin") for seen in upstream.seen):
            await asyncio.sleep(0.01)
        # A terminal tells every process of the group.
        os.killpg(process.pid, signal.SIGINT)
        output, _ = await process.communicate()
    assert process.returncode == 1
    assert b"nothing is stored" in output
    assert b"Traceback" not in output
    assert await stored(server) == []
