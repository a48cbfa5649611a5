"""`python -m plugway_gemini_business.emulated`: the emulated service in a process of its own.

Writes its base URL as one line, and serves until it is interrupted or terminated.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from plugway_gemini_business.emulator import GeminiBusinessEmulator


async def run(port: int, accounts: list[str], *, show_code: bool) -> None:
    """Serve until a signal.

    Args:
        port: Port; 0: any free one.
        accounts: Names of the accounts.
        show_code: Whether the sign-in page shows the code that a mail would have.
    """
    emulator = GeminiBusinessEmulator(accounts=accounts, show_code=show_code)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    sys.stdout.write(f"{await emulator.start(port=port)}\n")
    sys.stdout.flush()
    await stopped.wait()
    await emulator.stop()


def main() -> None:
    """Read the arguments, and serve."""
    parser = argparse.ArgumentParser(prog="python -m plugway_gemini_business.emulated")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--account", action="append", help="a name; may be given again")
    parser.add_argument(
        "--hide-code", action="store_true", help="do not show the mail's code at the sign-in"
    )
    given = parser.parse_args()
    asyncio.run(run(given.port, given.account or ["demo"], show_code=not given.hide_code))


if __name__ == "__main__":
    main()
