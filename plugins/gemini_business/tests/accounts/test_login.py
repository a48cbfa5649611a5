"""`plugway gemini-business login`: what operators see, and what is stored."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

import pytest
from business_gateway import Business
from click.testing import CliRunner, Result
from machine_browser import descendants, gone, machine_browser
from person import Person, leaver, nobody, owner

from plugway import Session
from plugway_gemini_business.account import read
from plugway_gemini_business.commands.login import login

pytestmark = pytest.mark.anyio


@pytest.fixture
async def session(bare: Business) -> Session:
    """Name the running gateway, as an administrator does."""
    admin = await bare.server.user("boss", credits_=0, role="admin")
    session = Session()
    session.choose_url(bare.server.url, given=True)
    session.admin_key = await bare.server.key(admin)
    return session


async def run(session: Session, person: Person | None, *words: str, stdin: str = "") -> Result:
    """Run the command, as a process of its own would: apart from the gateway's loop."""
    program = machine_browser().program(visible=False)
    options = [*words, "--headless", "--proxy", "direct", "--browser", str(program)]

    def work() -> Result:
        return CliRunner().invoke(login(person), options, obj=session, input=stdin)

    return await asyncio.to_thread(work)


async def secrets(business: Business) -> list[Any]:
    """Return the accounts that are stored."""
    gateway = business.server.gateway
    await gateway.snapshots.refresh()
    channels = {channel.id for channel in gateway.channels.all()}
    return [read(one.secret) for id_ in channels for one in gateway.credentials.all(id_)]


async def test_an_account_is_added_and_signed_in_again_updated(
    bare: Business, session: Session
) -> None:
    await bare.channel()
    for count in (1, 2):
        bare.emulator.accounts["first"].state = "expired"
        done = await run(session, owner(bare.emulator))
        assert done.exit_code == 0, done.output
        assert "first@business.example is in the channel main: credential 1" in done.output
        (account,) = await secrets(bare)
        pair = bare.emulator.accounts["first"].sign_ins[-1]
        assert len(bare.emulator.accounts["first"].sign_ins) >= 1 + count
        assert pair.ses in account.cookie_header
        assert pair.ses not in done.output
    assert (await bare.ask()).status == 200


async def test_a_name_that_is_given_must_be_the_pages(bare: Business, session: Session) -> None:
    await bare.channel()
    done = await run(session, owner(bare.emulator), "other@business.example")
    assert done.exit_code == 1
    assert "shows first@business.example, not other@business.example" in done.output
    assert await secrets(bare) == []
    done = await run(session, owner(bare.emulator), "First@Business.example")
    assert done.exit_code == 0, done.output


async def test_nothing_is_stored_of_a_window_that_was_closed(
    bare: Business, session: Session
) -> None:
    await bare.channel("second")
    done = await run(session, leaver)
    assert (done.exit_code, "the window was closed" in done.output) == (1, True)
    done = await run(session, nobody, "--timeout", "2")
    assert done.exit_code == 1
    assert len(await secrets(bare)) == 1


async def test_the_channel_must_be_known(bare: Business, session: Session) -> None:
    done = await run(session, nobody)
    assert "there is no channel yet" in str(done.exception)
    await bare.channel()
    await bare.channel(name="more")
    done = await run(session, nobody)
    assert "several channels" in str(done.exception)
    done = await run(session, nobody, "--channel", "third")
    assert "no channel third" in str(done.exception)
    done = await run(session, owner(bare.emulator), "--channel", "more")
    assert "in the channel more" in done.output


async def test_a_proxy_that_cannot_be_known_is_asked_for(bare: Business, session: Session) -> None:
    await bare.channel(proxy="http://me:canary@127.0.0.1:9")

    def work() -> Result:
        return CliRunner().invoke(login(nobody), ["--headless"], obj=session)

    done = await asyncio.to_thread(work)
    assert "give one with --proxy" in str(done.exception)


async def test_without_a_display_it_says_what_to_do(
    bare: Business, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    machine_browser()
    await bare.channel()

    def work() -> Result:
        return CliRunner().invoke(login(), [], obj=session)

    done = await asyncio.to_thread(work)
    assert "ssh -X" in str(done.exception)


async def test_ctrl_c_ends_it_cleanly(bare: Business, session: Session) -> None:
    machine_browser()
    await bare.channel()
    before = descendants()
    words = ["gemini-business", "login", "--headless", "--proxy", "direct"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "plugway", "--url", session.url, *words),
        env={**os.environ, "PLUGWAY_ADMIN_KEY": session.admin_key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    async with asyncio.timeout(30):
        # The page is there.
        while not any(seen.path == "/login" for seen in bare.emulator.seen):
            await asyncio.sleep(0.01)
    # A terminal tells every process of the group.
    os.killpg(process.pid, signal.SIGINT)
    async with asyncio.timeout(30):
        output, _ = await process.communicate()
    assert process.returncode == 1
    assert b"nothing is stored" in output
    assert b"Traceback" not in output
    assert await gone(before)
