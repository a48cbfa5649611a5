"""`python -m plugway_aistudio.emulated`: the emulated AI Studio in a process of its own.

Writes its base URL as one line, and serves until it is interrupted or terminated. To see the
page, sign in at that address: the addresses and passwords of the accounts are written too.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from plugway_aistudio.emulator import AIStudioEmulator


async def run(port: int, accounts: list[str], profiles: Path | None) -> None:
    """Serve until a signal.

    Args:
        port: Port; 0: any free one.
        accounts: Names of the accounts.
        profiles: Folder that gets a profile of each account; None: none does.
    """
    emulator = AIStudioEmulator(accounts=accounts)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    url = await emulator.start(port=port)
    if profiles is not None:
        _write(profiles, {name: emulator.profile(name) for name in accounts})
    sys.stdout.write(f"{url}\n")
    for each in emulator.accounts:
        sys.stdout.write(f"{each.email}: {each.password}\n")
    sys.stdout.flush()
    await stopped.wait()
    await emulator.stop()


def _write(folder: Path, profiles: dict[str, str]) -> None:
    """Write profiles, for the owner of the folder only."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in profiles.items():
        file = os.open(folder / f"{name}.json", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "w") as stream:
            stream.write(text)


def main() -> None:
    """Read the arguments, and serve."""
    parser = argparse.ArgumentParser(prog="python -m plugway_aistudio.emulated")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--account", action="append", help="a name; may be given again")
    parser.add_argument("--profiles", type=Path, help="write a profile of each into this folder")
    given = parser.parse_args()
    asyncio.run(run(given.port, given.account or ["first"], given.profiles))


if __name__ == "__main__":
    main()
