"""Stands between the driver and its browser, and ends all of it when one of their owners dies.

It is a program of its own, started by `keep.sh` with what the driver would have given the browser,
and imports nothing but the standard library. Linux (5.3 or newer) only: elsewhere the driver
starts the browser itself.

Why it is there, as measured with Playwright 1.65 and Chromium 156: when the gateway is killed, the
driver's input ends and it closes the browser; when the driver is killed, the browser's pipe ends
and it goes. But neither goes when it hangs or is stopped, a program that only starts the browser
never does, and of a killed driver the profile is left, with the cookies in it. Here

- the kernel gives every process that is left alone below to the keeper (a subreaper), so that
  none can leave by a double fork;
- the gateway and the driver are watched by file descriptors, which no reuse of an id confuses;
- the browser gets SIGKILL from the kernel when the keeper dies;
- the profile is locked while it is used, so that the next keeper sees which ones are nobody's;
- an heir in a group of its own ends the rest and removes the profile when the keeper is killed,
  which a driver that is about to end may do: it kills the browser with its group, and the keeper
  is in that.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import select
import shutil
import signal
import sys
import time

#: Seconds that the browser gets to end by itself, and everything else to be gone.
GRACE, GONE = 2.0, 10.0

#: Seconds in which a process that was killed may still write.
_LATE = 0.2

#: Of the profiles that the driver makes, and of the file in one by which it is held.
PROFILE, LOCK = "playwright_chromiumdev_profile-", "plugway.lock"

#: Signals that it acts upon.
_HEARD = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

#: Of Linux (sys/prctl.h).
_PDEATHSIG, _SUBREAPER = 1, 36

#: Longest path of a directory in which the browser can make its socket (sockaddr_un).
_SOCKET_ROOM = 60


class Keeper:
    """Runs one browser, and sees to its end."""

    def __init__(self, program: str, arguments: list[str], owner: int) -> None:
        """Begin to watch.

        Args:
            program: The browser's.
            arguments: For it.
            owner: Id of the process that drives it, through the driver.

        Raises:
            ProcessLookupError: That is gone already, or the driver is.
        """
        self._program = program
        self._arguments = arguments
        self._profile = profile(arguments)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.prctl(_SUBREAPER, 1, 0, 0, 0)
        self._owner = os.pidfd_open(owner)
        self._driver = os.pidfd_open(os.getppid())
        if _hung_up(4):
            raise ProcessLookupError
        self._child = self._heir = 0
        self._code: int | None = None
        self._told: int | None = None

    def run(self) -> int:
        """Run the browser, and return its exit code when nothing of it is left."""
        waking, woken = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        for number in _HEARD:
            signal.signal(number, self._hear)
        if self._profile:
            hold(self._profile)
            self._leave_an_heir()
        self._start()
        # The driver is to hear of the browser alone.
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(5):
            os.dup2(nothing, descriptor)
        if self._profile:
            sweep(os.path.dirname(self._profile))
        by_itself = self._wait(waking)
        self._clear()
        if self._profile:
            # The driver would remove it too, were it certain to live until it has.
            remove(self._profile)
            os.kill(self._heir, signal.SIGKILL)
        self._dismiss(GONE if by_itself else 0.0)
        code = 0 if self._code is None else self._code
        return code if code >= 0 else 128 - code

    def _hear(self, number: int, _frame: object) -> None:
        if number != signal.SIGCHLD:
            self._told = number

    def _leave_an_heir(self) -> None:
        group = os.getpid()
        keeper = os.pidfd_open(group)
        # Where the driver has given it none of its own, the group is somebody else's.
        leads = os.getpgid(0) == group
        self._heir = os.fork()
        if self._heir:
            os.close(keeper)
            return
        try:
            os.setsid()
            # What it held of the driver's pipes would keep their other ends waiting.
            nothing = os.open(os.devnull, os.O_RDWR)
            for descriptor in range(5):
                os.dup2(nothing, descriptor)
            _ended(keeper, None)
            if leads:
                # A program that only starts the browser is all that the kernel has ended.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(group, signal.SIGKILL)
            remove(self._profile)
            # Who was about to end may have made it once more.
            time.sleep(_LATE)
            remove(self._profile)
        finally:
            os._exit(0)

    def _start(self) -> None:
        environ = dict(os.environ)
        if self._profile and len(self._profile) < _SOCKET_ROOM:
            # What a killed browser leaves there is removed with its profile.
            environ["TMPDIR"] = self._profile
        keeper = os.getpid()
        self._child = os.fork()
        if self._child:
            return
        try:
            # Those that this interpreter ignores would stay ignored.
            for number in (*_HEARD, signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(number, signal.SIG_DFL)
            self._libc.prctl(_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
            if os.getppid() == keeper:
                os.execve(  # noqa: S606  # the program that the operator has named, without a shell
                    self._program, [self._program, *self._arguments], environ
                )
        finally:
            os._exit(127)

    def _wait(self, waking: int) -> bool:
        """Wait for the browser to end; return whether it did in time, once it was asked to."""
        poll = select.poll()
        for descriptor in (self._owner, self._driver, waking):
            poll.register(descriptor, select.POLLIN)
        until: float | None = None
        while self._code is None:
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                return False
            for descriptor, _ in poll.poll(None if left is None else left * 1000 + 1):
                if descriptor == waking:
                    os.read(waking, 512)
                    continue
                # Without its owner it is about to end by itself.
                poll.unregister(descriptor)
                until = until or time.monotonic() + GRACE
            self._reap()
            if self._told is not None and self._code is None:
                os.kill(self._child, self._told)
                self._told = None
                until = until or time.monotonic() + GRACE
        return True

    def _reap(self) -> None:
        while True:
            try:
                found, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if found == 0:
                return
            if found == self._child:
                self._code = os.waitstatus_to_exitcode(status)

    def _clear(self) -> None:
        """Kill what is left below, which nothing can leave, until there is nothing."""
        until = time.monotonic() + GONE
        while (left := self._below()) and time.monotonic() < until:
            for one in left:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(one, signal.SIGKILL)
            self._reap()
            time.sleep(0.01)

    def _below(self) -> list[int]:
        return [one for one in descendants(os.getpid()) if one != self._heir]

    def _dismiss(self, patience: float) -> None:
        """See that a driver ends which nobody drives any more.

        Args:
            patience: Seconds; 0: it has shown that it hangs.
        """
        if _ended(self._driver) or not _ended(self._owner):
            return
        # It waits for the browser, which to it is this process.
        if not patience or os.fork() == 0:
            if not _ended(self._driver, patience):
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._driver, signal.SIGKILL)
            if patience:
                os._exit(0)


def profile(arguments: list[str]) -> str:
    """Return the directory that the driver made for this browser; empty: none.

    Args:
        arguments: The browser's.

    Example:
        >>> profile(["--user-data-dir=/tmp/playwright_chromiumdev_profile-x"])
        '/tmp/playwright_chromiumdev_profile-x'
        >>> profile(["--user-data-dir=/home/me/.config/chromium"])
        ''
    """
    for argument in arguments:
        name, _, path = argument.partition("=")
        if name == "--user-data-dir" and os.path.basename(path).startswith(PROFILE):
            return path
    return ""


def remove(directory: str) -> None:
    """Remove a profile, also while others write into it or remove it too.

    Args:
        directory: The profile.
    """
    until = time.monotonic() + GONE
    while os.path.lexists(directory) and time.monotonic() < until:
        shutil.rmtree(directory, ignore_errors=True)
        time.sleep(0.01)


def hold(directory: str) -> None:
    """Lock a profile until this process ends; one that cannot be locked is not swept either.

    Args:
        directory: The profile.
    """
    path = os.path.join(directory, LOCK)
    try:
        # Never closed: the lock is to end when the process does.
        descriptor = os.open(f"{path}.{os.getpid()}", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Under its name it is never seen unlocked.
        os.rename(f"{path}.{os.getpid()}", path)
    except OSError:
        return


def sweep(directory: str) -> None:
    """Remove the profiles that keepers have left which were killed.

    Those without a keeper's lock may be anybody's, and stay.

    Args:
        directory: Where the driver makes them.
    """
    try:
        names = [name for name in os.listdir(directory) if name.startswith(PROFILE)]
    except OSError:
        return
    for name in names:
        path = os.path.join(directory, name)
        try:
            if os.lstat(path).st_uid != os.geteuid():
                continue
            flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(os.path.join(path, LOCK), flags)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
        except OSError:
            continue
        finally:
            os.close(descriptor)


def descendants(process: int) -> list[int]:
    """Return the ids of the processes below one.

    Args:
        process: Its id.
    """
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    # Behind the name, which may hold anything, are the state and the parent.
                    parents[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
            except OSError:
                continue
    found = {process}
    while more := {one for one, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found - {process})


def _ended(descriptor: int, seconds: float | None = 0.0) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(None if seconds is None else seconds * 1000))


def _hung_up(descriptor: int) -> bool:
    """Say whether nobody is at the other end of a pipe of the driver's."""
    poll = select.poll()
    poll.register(descriptor, 0)
    return bool(poll.poll(0))


def main() -> int:
    """Run the browser that the environment names, and return the exit code."""
    # The browser hears nothing of this.
    program = os.environ.pop("PLUGWAY_KEEPER_PROGRAM")
    owner = int(os.environ.pop("PLUGWAY_KEEPER_OWNER"))
    for name in ("PLUGWAY_KEEPER", "PLUGWAY_KEEPER_PYTHON"):
        os.environ.pop(name, None)
    try:
        keeper = Keeper(program, sys.argv[1:], owner)
    except ProcessLookupError:
        if found := profile(sys.argv[1:]):
            shutil.rmtree(found, ignore_errors=True)
        return 1
    return keeper.run()


if __name__ == "__main__":
    sys.exit(main())
