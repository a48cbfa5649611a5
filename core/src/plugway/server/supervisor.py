"""Several serving processes on one socket."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from typing import TYPE_CHECKING

from plugway.server.listener import url

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable, Sequence

    from plugway.clock import Clock
    from plugway.settings import ServerSettings

_log = logging.getLogger(__name__)

#: Exit code of a process whose configuration is not usable.
MISCONFIGURED = 2

#: Longest wait, in seconds, before a worker that keeps failing is started again.
LONGEST_BACKOFF = 30.0

#: Seconds after which a worker counts as having worked.
STEADY_SECONDS = 60.0

#: Failed starts in a row after which a gateway that never came up gives up.
GIVE_UP = 5

#: Seconds that a worker gets to end, on top of draining and running requests.
STOP_MARGIN = 15.0


class Supervisor:
    """Keeps a number of worker processes running, each a server of its own.

    A worker gets two descriptors: the bound socket, and one end of a socket pair. It says
    there when it is ready, and stops when the other end is closed, so that no worker
    outlives the supervisor, whatever ended that.
    """

    def __init__(
        self,
        command: Callable[[int, int], Sequence[str]],
        settings: Callable[[], ServerSettings],
        *,
        workers: int,
        sock: socket.socket,
        clock: Clock,
        on_ready: Callable[[str], None] | None = None,
        on_exit: Callable[[int], None] | None = None,
        backoff: float = 0.5,
    ) -> None:
        """Prepare.

        Args:
            command: Returns a worker's command line, given the descriptors of the bound
                socket and of its tie to the supervisor (`process.run`'s `parent`).
            settings: Returns the settings that hold now.
            workers: How many, 1 or more.
            sock: From `listener.bind`.
            clock: Tells how long a worker lived.
            on_ready: Called once with the URL when all workers are ready.
            on_exit: Called with the process id of each worker that has ended.
            backoff: Seconds before a worker that ended is started again; doubled each time.
        """
        self._command = command
        self._settings = settings
        self._workers = workers
        self._sock = sock
        self._clock = clock
        self._on_ready = on_ready
        self._on_exit = on_exit
        self._backoff = backoff
        self._stopping = asyncio.Event()
        self._processes: dict[int, Process] = {}
        self._ready: set[int] = set()
        self._was_ready = False
        self._code = 0

    async def run(self) -> int:
        """Keep the workers running until `stop`.

        Returns:
            The exit code: 0 after a clean stop.
        """
        async with asyncio.TaskGroup() as group:
            for slot in range(self._workers):
                group.create_task(self._keep(slot))
        return self._code

    def stop(self) -> None:
        """Stop the workers as they stop themselves; those that do not are killed in the end."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        # The workers have it too; the last that closes it refuses new connections.
        self._sock.close()
        self._signal(signal.SIGTERM)
        limits = self._settings()
        patience = limits.drain_seconds + limits.graceful_seconds + STOP_MARGIN
        asyncio.get_running_loop().call_later(patience, self._kill)

    def interrupt(self) -> None:
        """Stop; the second time, have the workers cancel the requests that still run."""
        if self._stopping.is_set():
            self._signal(signal.SIGINT)
        self.stop()

    def reload(self) -> None:
        """Have the workers read their settings again; one that is starting does so anyway."""
        self._signal(signal.SIGHUP, self._ready)

    def _signal(self, number: signal.Signals, slots: set[int] | None = None) -> None:
        for slot, process in self._processes.items():
            if slots is None or slot in slots:
                with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                    process.send_signal(number)

    def _kill(self) -> None:
        if self._processes:
            _log.error("%d workers did not stop in time and are killed", len(self._processes))
            self._code = 1
            self._signal(signal.SIGKILL)

    async def _keep(self, slot: int) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = self._clock.monotonic()
            code = await self._work(slot)
            if self._stopping.is_set():
                return
            steady = self._clock.monotonic() - began >= STEADY_SECONDS
            failures = 1 if steady else failures + 1
            if not self._was_ready and (code == MISCONFIGURED or failures >= GIVE_UP):
                self._code = max(code, 1)
                self.stop()
                return
            delay = min(self._backoff * 2 ** (failures - 1), LONGEST_BACKOFF)
            _log.error("worker %d ended with code %d; next start in %.1f s", slot, code, delay)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._stopping.wait()

    async def _work(self, slot: int) -> int:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                fds = (self._sock.fileno(), theirs.fileno())
                process = await asyncio.create_subprocess_exec(
                    *self._command(*fds),
                    pass_fds=fds,
                    process_group=0,  # the terminal's Ctrl-C is for the supervisor to pass on
                )
            self._processes[slot] = process
            if self._stopping.is_set():
                process.terminate()
            ours.setblocking(False)
            hearing = asyncio.create_task(self._hear(slot, ours))
            try:
                return await process.wait()
            finally:
                hearing.cancel()
                self._ready.discard(slot)
                del self._processes[slot]
                if self._on_exit is not None:
                    self._on_exit(process.pid)

    async def _hear(self, slot: int, tie: socket.socket) -> None:
        if not await asyncio.get_running_loop().sock_recv(tie, 1):
            return
        self._ready.add(slot)
        if len(self._ready) == self._workers and not self._was_ready:
            self._was_ready = True
            if self._on_ready is not None and not self._stopping.is_set():
                self._on_ready(url(self._sock, self._settings().host))


def run_workers(
    command: Callable[[int, int], Sequence[str]],
    settings: Callable[[], ServerSettings],
    *,
    workers: int,
    sock: socket.socket,
    clock: Clock,
    on_ready: Callable[[str], None] | None = None,
    on_exit: Callable[[int], None] | None = None,
    on_reload: Callable[[], None] | None = None,
    backoff: float = 0.5,
) -> int:
    """Supervise workers until SIGTERM or SIGINT.

    Args:
        command: As for `Supervisor`.
        settings: As for `Supervisor`.
        workers: As for `Supervisor`.
        sock: As for `Supervisor`.
        clock: As for `Supervisor`.
        on_ready: As for `Supervisor`.
        on_exit: As for `Supervisor`.
        on_reload: Called at SIGHUP, before the workers get it.
        backoff: As for `Supervisor`.

    Returns:
        The exit code: 0 after a clean stop.
    """

    async def main() -> int:
        supervisor = Supervisor(
            command,
            settings,
            workers=workers,
            sock=sock,
            clock=clock,
            on_ready=on_ready,
            on_exit=on_exit,
            backoff=backoff,
        )

        def reload() -> None:
            if on_reload is not None:
                on_reload()
            supervisor.reload()

        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, supervisor.stop)
        loop.add_signal_handler(signal.SIGINT, supervisor.interrupt)
        loop.add_signal_handler(signal.SIGHUP, reload)
        return await supervisor.run()

    return asyncio.run(main())
