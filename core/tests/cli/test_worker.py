"""`plugway worker`, in processes of its own."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import PATIENCE, Ran, Shell

#: Writes down each round: which process it ran in, and how it ended.
DIARY = """
import asyncio
import os

from plugway import Worker, hookimpl


@hookimpl
def register_workers(gateway):
    async def run():
        write("began")
        try:
            await asyncio.sleep(float(os.environ["DIARY_SECONDS"]))
        finally:
            write("ended")

    return [Worker(name="diary", run=run, interval=0.05)]


def write(what):
    with open(os.environ["DIARY"], "a") as file:
        file.write(f"{os.getpid()} {what}\\n")
"""


class Diary:
    """Is a gateway with that plugin, and what it wrote.

    Attributes:
        shell: Runs `plugway` there.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "diary.txt"
        site = folder / "site"
        info = site / "plugway_diary-1.dist-info"
        info.mkdir(parents=True)
        (site / "plugway_diary.py").write_text(DIARY)
        self._site = {"PYTHONPATH": str(site)}
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugway-diary\nVersion: 1\n")
        (info / "entry_points.txt").write_text("[plugway]\ndiary = plugway_diary\n")
        self.shell = Shell(folder / "home")
        self.shell.environ |= {
            "PLUGWAY__PLUGINS__ALLOW": "diary",
            "DIARY": str(self._file),
            "DIARY_SECONDS": "0",
        }
        self._running: list[subprocess.Popen[str]] = []

    def start(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        """Start a command, and return once it has said that it works."""
        process = subprocess.Popen(  # noqa: S603  # our own command, no shell
            [sys.executable, "-m", "plugway", *words],
            env=self.shell.process_environ(**self._site, **environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._running.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("plugway is "), process.communicate(timeout=PATIENCE)
        if words == ("worker",):
            assert line.endswith("plugway.db; workers of plugins: diary\n")
        return process

    def apart(self, *words: str, **environ: str) -> Ran:
        """Run a command to its end."""
        return self.shell.apart(*words, **self._site, **environ)

    def entries(self) -> list[tuple[int, str]]:
        """Return the process ids and what they did, in order."""
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        return [(int(pid), what) for pid, what in (line.split() for line in lines)]

    def wait_for(self, *entries: tuple[int, str]) -> None:
        """Wait until all of these are there."""
        limit = time.monotonic() + PATIENCE
        while not set(entries) <= set(self.entries()):
            assert time.monotonic() < limit, (entries, self.entries())
            time.sleep(0.02)

    def leave(self) -> None:
        """Kill what still runs."""
        for process in self._running:
            process.kill()
            process.communicate()


@pytest.fixture
def diary(tmp_path: Path) -> Iterator[Diary]:
    """Give it a home."""
    diary = Diary(tmp_path)
    made = diary.apart("init")
    assert made.code == 0, made.err
    yield diary
    diary.leave()


def end(process: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> list[str]:
    """Stop a process, and return the lines of its log; nothing else is on its stdout."""
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (0, ""), err
    return [json.loads(line)["event"] for line in err.splitlines()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_works_and_listens_nowhere(diary: Diary, number: signal.Signals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = diary.start("worker", PLUGWAY__SERVER__PORT=port)
        diary.wait_for((process.pid, "ended"))
        assert listeners(process.pid) == []
    assert end(process, number) == []


def listeners(pid: int) -> list[str]:
    """Return the sockets that a process listens on, as Linux shows them."""
    folder = Path("/proc") / str(pid)
    own = {str(link.readlink()) for link in (folder / "fd").iterdir() if link.is_symlink()}
    rows = [line.split() for file in ("tcp", "tcp6") for line in _rows(folder / "net" / file)]
    return [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in own]


def _rows(file: Path) -> list[str]:
    return file.read_text().splitlines()[1:] if file.exists() else []


def test_it_shares_the_work_with_processes_that_serve(diary: Diary) -> None:
    serving = diary.start("serve", "--port", "0")
    assert listeners(serving.pid)
    worker = diary.start("worker")
    both = (serving.pid, "ended"), (worker.pid, "ended")
    diary.wait_for(*both)
    assert end(worker) == []
    # Nobody's round began while another's ran: the lease holds among them all.
    entries = diary.entries()
    assert [what for _, what in entries[: len(entries) // 2 * 2]] == (
        ["began", "ended"] * (len(entries) // 2)
    )
    assert all(one[0] == two[0] for one, two in zip(entries[::2], entries[1::2], strict=False))
    end(serving)


def test_what_it_has_begun_is_free_for_others_once_it_stops(diary: Diary) -> None:
    first = diary.start("worker", DIARY_SECONDS="3600")
    diary.wait_for((first.pid, "began"))
    assert end(first) == []
    assert (first.pid, "ended") in diary.entries()
    # The lease lasts for a minute: whoever waited for its end would not be in time.
    began = time.monotonic()
    second = diary.start("worker")
    diary.wait_for((second.pid, "ended"))
    assert time.monotonic() - began < 45
    end(second)


def test_its_settings_follow_their_file(diary: Diary) -> None:
    process = diary.start("worker")
    file = diary.shell.home / "plugway.toml"
    file.write_text("[log]\nlevel = 7\n")
    process.send_signal(signal.SIGHUP)
    assert process.stderr is not None
    assert "log.level" in process.stderr.readline()
    end(process)


def test_it_migrates_as_serving_does(diary: Diary, tmp_path: Path) -> None:
    fresh = {"PLUGWAY__DATABASE__URL": f"sqlite://{tmp_path}/plugway.db"}
    refused = diary.apart("worker", PLUGWAY__DATABASE__MIGRATE="false", **fresh)
    assert (refused.code, refused.out) == (2, "")
    assert "plugway migrate" in refused.err.splitlines()[-1]
    process = diary.start("worker", **fresh)
    diary.wait_for((process.pid, "ended"))
    end(process)


def test_it_works_on_a_home_only(diary: Diary, tmp_path: Path) -> None:
    ran = diary.apart("--url", "http://127.0.0.1:9", "worker")
    assert (ran.code, ran.out) == (2, "")
    ran = diary.apart("worker", "--home", str(tmp_path / "nowhere"))
    assert (ran.code, ran.out) == (2, "")
    assert "plugway init" in ran.err
