"""`python -m plugway_flow.emulated`: the emulated service in a process of its own.

Writes its base URL as one line, and serves until it is interrupted or terminated.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from plugway_flow.emulator import FlowEmulator


async def run(port: int, accounts: list[str], seconds: float | None) -> None:
    """Serve until a signal.

    Args:
        port: Port; 0: any free one.
        accounts: Names of the accounts.
        seconds: How long a video takes; None: three polls.
    """
    emulator = FlowEmulator(accounts=accounts, seconds=seconds)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    sys.stdout.write(f"{await emulator.start(port=port)}\n")
    sys.stdout.flush()
    await stopped.wait()
    await emulator.stop()


def main() -> None:
    """Read the arguments, and serve."""
    parser = argparse.ArgumentParser(prog="python -m plugway_flow.emulated")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--account", action="append", help="a name; may be given again")
    parser.add_argument("--seconds", type=float, help="how long a video takes; else three polls")
    given = parser.parse_args()
    asyncio.run(run(given.port, given.account or ["demo"], given.seconds))


if __name__ == "__main__":
    main()
