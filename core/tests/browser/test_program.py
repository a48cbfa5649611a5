"""The browser is found, or asked for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from machine_browser import machine_browser

from plugway import Browser, ConfigurationError
from plugway.browser import program as module
from plugway.browser.program import check_display
from plugway.testing import GatewayServer

pytestmark = pytest.mark.anyio


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no program /nowhere") as caught:
        Browser("/nowhere").program(visible=True)
    assert caught.value.field == "browser.path"
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="playwright install chromium"):
        Browser().program(visible=False)
    assert not Browser().available
    shell = tmp_path / "chromium-headless-shell"
    shell.touch(0o700)
    assert Browser().program(visible=False) == str(shell)
    with pytest.raises(ConfigurationError, match="there is no Chromium"):
        Browser().program(visible=True)
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r"plugway\[browser\]"):
        Browser().program(visible=False)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Playwright finds its own")
async def test_one_that_playwright_has_installed_is_opened(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = machine_browser().program(visible=False)
    assert real is not None
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    for directory, name in (
        ("chromium-999/chrome-linux", "chrome"),
        ("chromium-1200/chrome-linux64", "chrome"),
        ("chromium_headless_shell-1300/chrome-headless-shell-linux64", "chrome-headless-shell"),
        ("chromium-notes/chrome-linux", "chrome"),
    ):
        (tmp_path / directory).mkdir(parents=True)
        (tmp_path / directory / name).symlink_to(real)
    with monkeypatch.context() as context:
        context.setenv("PATH", str(tmp_path))
        newest = Browser().program(visible=True)
        assert newest == str(tmp_path / "chromium-1200/chrome-linux64/chrome")
        shell = Browser().program(visible=False)
        assert shell is not None
        assert shell.endswith("/chrome-headless-shell")
    async with Browser(newest).open() as window:
        assert (await window.new_page()).url == "about:blank"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there always is a display")
def test_a_window_needs_a_display(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no display"):
        check_display({"DISPLAY": ""})
    check_display({"WAYLAND_DISPLAY": "wayland-0"})
    program = tmp_path / "chromium"
    program.touch(0o700)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    Browser(str(program)).check(visible=False)
    with pytest.raises(ConfigurationError, match="no display"):
        Browser(str(program)).check(visible=True)


async def test_the_gateways_is_the_one_of_its_settings(tmp_path: Path) -> None:
    program = tmp_path / "chosen"
    program.touch(0o700)
    environ = {"PLUGWAY__BROWSER__PATH": str(program)}
    async with GatewayServer(tmp_path / "home", plugins={}, environ=environ) as server:
        assert server.gateway.browser.program(visible=False) == str(program)


async def test_the_browser_gets_no_secret_of_the_gateways_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = machine_browser().program(visible=False)
    told = tmp_path / "environment"
    program = tmp_path / "chromium"
    program.write_text(f'#!/bin/sh\nenv > {told}\nexec {real} "$@"\n')
    program.chmod(0o700)
    monkeypatch.setenv("SQL_DSN", "canary-1")
    monkeypatch.setenv("PLUGWAY__DATABASE__URL", "canary-2")
    # Their names begin as those of settings that it does get.
    for name in ("LANGFUSE_SECRET_KEY", "HOMEBREW_GITHUB_API_TOKEN", "HTTP_AUTH_TOKEN"):
        monkeypatch.setenv(name, "canary-3")
    monkeypatch.setenv("LC_TIME", "C")
    async with Browser(str(program)).open():
        pass
    environment = told.read_text()
    assert "PATH=" in environment
    assert "LC_TIME=C" in environment
    assert "canary" not in environment
    assert "PLUGWAY" not in environment
