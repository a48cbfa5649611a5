"""`plugway serve`, in processes of its own."""

from __future__ import annotations

import json
import signal
import socket
import urllib.request
from collections.abc import Callable

import pytest
from command_line import Shell


def status(url: str, path: str) -> tuple[int, str]:
    """Return the status and the body of an answer."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url + path, timeout=10) as answer:
        return answer.status, answer.read().decode()


@pytest.mark.parametrize("server", ["hypercorn", "uvicorn", "granian"])
def test_it_serves_on_each_server(server: str, serving: Callable[..., str]) -> None:
    url = serving("--server", server)
    assert url.startswith("http://127.0.0.1:")
    assert status(url, "/health") == (200, '{"status":"ok"}')
    assert status(url, "/readyz") == (200, '{"status":"ready"}')


def test_several_workers_share_a_socket_and_their_numbers(
    shell: Shell, serving: Callable[..., str]
) -> None:
    shell.environ["PLUGWAY__SERVER__METRICS_NETWORKS"] = "127.0.0.1/32"
    url = serving("--workers", "2")
    for _ in range(10):
        assert status(url, "/health")[0] == 200
    # Gauges are read every so often; counts are those of both workers.
    _, text = status(url, "/metrics")
    counted = [line for line in text.splitlines() if 'route="/health"' in line]
    assert any(line.endswith(" 10.0") for line in counted), counted


def test_its_log_is_one_object_a_line(shell: Shell) -> None:
    process = shell.start("serve", "--port", "0", "--host", "localhost")
    assert process.stdout is not None
    url = process.stdout.readline().split()[-1]
    assert url.startswith("http://localhost:")
    status(url, "/openapi.json")
    process.terminate()
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    lines = [json.loads(line) for line in err.splitlines()]
    assert any(line.get("route") == "/openapi.json" for line in lines)


def test_an_address_that_is_taken_is_one_line_and_exit_code_2(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for options in ((), ("--workers", "2")):
            ran = shell.apart("serve", "--port", port, *options)
            assert (ran.code, ran.out) == (2, "")
            assert "another program" in ran.err.splitlines()[-1]


def test_a_bad_setting_stops_all_workers(shell: Shell) -> None:
    (shell.home / "vault.key").write_text("no key")
    ran = shell.apart("serve", "--port", "0", "--workers", "2")
    assert (ran.code, ran.out) == (2, "")
    assert "vault.key" in ran.err


def test_options_are_checked(shell: Shell) -> None:
    for options in (("--port", "70000"), ("--workers", "0"), ("--server", "apache")):
        assert shell("serve", *options, check=False).code == 2


def test_the_level_of_the_log_follows_the_settings(shell: Shell) -> None:
    process = shell.start("serve", "--port", "0")
    assert process.stdout is not None
    url = process.stdout.readline().split()[-1]
    file = shell.home / "plugway.toml"
    text = file.read_text()
    assert '#level = "info"' in text
    file.write_text(text.replace('#level = "info"', 'level = "debug"'))
    process.send_signal(signal.SIGHUP)
    # At `info` probes are not logged: one that is shows that the new level holds.
    for _ in range(50):
        status(url, "/health")
    process.terminate()
    _, err = process.communicate(timeout=30)
    assert '"/health"' in err
