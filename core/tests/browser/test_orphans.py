"""Whoever dies, and whenever: of a browser, nothing is left that runs."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from browser_owner import CHROMIUM, DRIVER, KEEPER, Owner
from machine_browser import descendants, gone

pytestmark = pytest.mark.anyio

Own = Callable[..., Owner]


def kept(temporary: Path) -> list[Path]:
    """Return the profiles that are there."""
    return list(temporary.glob("playwright_chromiumdev_profile-*"))


async def swept(temporary: Path) -> bool:
    """Return whether no profile is left in the end: whoever removes it may belong to nobody."""
    for _ in range(500):
        if not kept(temporary):
            return True
        await asyncio.sleep(0.01)
    return False


@pytest.mark.parametrize("kind", ["run", "open"])
async def test_an_ordinary_end_leaves_nothing(
    kind: str, own: Own, nursery: set[int], temporary: Path
) -> None:
    owner = own(kind)
    assert owner.says() == "open"
    assert len(kept(temporary)) == 1
    owner.tell()
    assert owner.ends() == "closing\nclosed"
    assert await gone(nursery)
    assert os.listdir(temporary) == []


@pytest.mark.parametrize(
    ("kind", "moment"),
    [
        *(("run", moment) for moment in (DRIVER, KEEPER, CHROMIUM, "open", "closing")),
        ("open", CHROMIUM),
        ("open", "open"),
    ],
)
async def test_an_owner_may_be_killed_at_any_moment(
    kind: str, moment: str, own: Own, nursery: set[int], temporary: Path
) -> None:
    owner = own(kind)
    if moment in ("open", "closing"):
        assert owner.says() == "open"
        if moment == "closing":
            owner.tell()
            assert owner.says() == "closing"
    else:
        owner.finds(moment)
    owner.process.kill()
    assert await gone(nursery)
    assert await swept(temporary)


async def test_an_owner_that_is_told_to_end_leaves_nothing(
    own: Own, nursery: set[int], temporary: Path
) -> None:
    for number, said in ((signal.SIGTERM, ""), (signal.SIGINT, "interrupted")):
        owner = own()
        assert owner.says() == "open"
        owner.process.send_signal(number)
        assert owner.ends() == said
        assert await gone(nursery)
        assert await swept(temporary)


@pytest.mark.parametrize("which", [DRIVER, KEEPER, CHROMIUM])
@pytest.mark.parametrize("kind", ["run"])
async def test_each_of_its_processes_may_be_killed(
    which: str, kind: str, own: Own, nursery: set[int]
) -> None:
    owner = own(kind)
    assert owner.says() == "open"
    driver = owner.finds(DRIVER)
    os.kill(owner.finds(which), signal.SIGKILL)
    # Nobody has told the owner to do anything yet.
    assert await gone(nursery | {owner.process.pid, driver})
    owner.tell()
    assert owner.ends() == "Unavailable"
    assert await gone(nursery)


@pytest.mark.parametrize("which", [DRIVER, CHROMIUM])
async def test_what_hangs_ends_with_its_owner(
    which: str, own: Own, nursery: set[int], temporary: Path
) -> None:
    owner = own()
    assert owner.says() == "open"
    os.kill(owner.finds(which), signal.SIGSTOP)
    owner.process.kill()
    assert await gone(nursery)
    assert await swept(temporary)


async def test_a_program_that_never_opens_ends_with_its_owner(
    own: Own, nursery: set[int], tmp_path: Path
) -> None:
    program = tmp_path / "chromium"
    # Also what has left its family.
    program.write_text("#!/bin/sh\nsetsid sleep 1000 &\nexec sleep 1001\n")
    program.chmod(0o700)
    owner = own("run", str(program))
    owner.finds("sleep 1000")
    owner.finds("sleep 1001")
    owner.process.kill()
    assert await gone(nursery)


async def test_a_profile_that_nobody_could_remove_is_removed_by_the_next(
    own: Own, nursery: set[int], temporary: Path
) -> None:
    foreign = temporary / "playwright_chromiumdev_profile-theirs"
    foreign.mkdir()
    living, killed = own(), own()
    assert (living.says(), killed.says()) == ("open", "open")
    # All at once, as when the power goes: nobody is left to tidy up.
    ids = descendants(killed.process.pid)
    for one in ids:
        os.kill(one, signal.SIGSTOP)
    killed.process.kill()
    for one in ids:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    assert await gone(nursery | {living.process.pid, *descendants(living.process.pid)})
    assert len(kept(temporary)) == 3
    after = own()
    assert after.says() == "open"
    # That of the living one, its own, and one that may be anybody's.
    assert len(kept(temporary)) == 3
    assert foreign.is_dir()
    for owner in (living, after):
        owner.tell()
        assert owner.ends() == "closing\nclosed"
    assert kept(temporary) == [foreign]


async def test_the_profile_goes_when_the_keeper_is_killed_with_its_group(
    own: Own, nursery: set[int], temporary: Path
) -> None:
    owner = own()
    assert owner.says() == "open"
    assert kept(temporary)
    # As a driver does that is about to end: it cannot kill the browser alone.
    os.killpg(owner.finds(KEEPER), signal.SIGKILL)
    owner.process.kill()
    assert await gone(nursery)
    assert not kept(temporary)
