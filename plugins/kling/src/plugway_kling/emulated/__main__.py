"""`python -m plugway_kling.emulated`: the emulated service in a process of its own.

Writes its base URL as one line, and serves until it is interrupted or terminated.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from plugway_kling.emulator import KlingEmulator


async def run(port: int, accounts: list[str]) -> None:
    """Serve until a signal.

    Args:
        port: Port; 0: any free one.
        accounts: Names of the accounts.
    """
    emulator = KlingEmulator(accounts=accounts)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    sys.stdout.write(f"{await emulator.start(port=port)}\n")
    sys.stdout.flush()
    await stopped.wait()
    await emulator.stop()


def main() -> None:
    """Read the arguments, and serve."""
    parser = argparse.ArgumentParser(prog="python -m plugway_kling.emulated")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--account", action="append", help="a name; may be given again")
    given = parser.parse_args()
    asyncio.run(run(given.port, given.account or ["demo"]))


if __name__ == "__main__":
    main()
