"""The page for authors of plugins, done step by step."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web
from pages import Block, blocks, text_of
from starlette.responses import Response

import plugway
from plugway import BadRequest, BearerKey, Mount, Provider, TariffRow, Usage, hookimpl
from plugway.testing import EmulatorServer, GatewayServer, ManualClock
from plugway.testing.scripted import ScriptedUpstream

pytestmark = pytest.mark.anyio

AUTHOR = "docs/how-to/write-a-plugin.md"

#: Seconds for the tutorial's own tests and for the demo, on a slow machine.
PATIENCE = 240


@pytest.fixture
def tutorial(tmp_path: Path) -> Path:
    """Write the tutorial's files, and what `pip install -e` would leave beside them."""
    folder = tmp_path / "plugway-sketch"
    files = [block for block in blocks(AUTHOR) if block.name and block.section == "Four files"]
    for block in files:
        path = folder / block.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
    _install(folder / "src", _project(files))
    return folder


def _project(files: list[Block]) -> dict[str, Any]:
    (text,) = [block.text for block in files if block.name == "pyproject.toml"]
    project: dict[str, Any] = tomllib.loads(text)["project"]
    return project


def _install(source: Path, project: dict[str, Any]) -> None:
    name = project["name"].replace("-", "_")
    info = source / f"{name}-{project['version']}.dist-info"
    info.mkdir()
    requires = "".join(f"Requires-Dist: {one}\n" for one in project["dependencies"])
    head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(head + requires, encoding="utf-8")
    points = project["entry-points"]["plugway"]
    lines = "".join(f"{key} = {value}\n" for key, value in points.items())
    (info / "entry_points.txt").write_text(f"[plugway]\n{lines}", encoding="utf-8")


def test_the_tutorial_s_plugin_passes_its_tests_and_the_demo(tutorial: Path) -> None:
    said = _tried(tutorial)
    assert "sketch: Draw two images" in said
    assert "20000 credits" in said


def test_so_it_does_with_jobs_that_outlive_their_call(tutorial: Path) -> None:
    _add(tutorial, "Jobs that outlive their call")
    assert "sketch: Make a film" in _tried(tutorial)


def test_so_it_does_with_a_chat_model(tutorial: Path) -> None:
    _add(tutorial, "Jobs that outlive their call")
    _add(tutorial, "A chat model")
    assert "sketch: Chat" in _tried(tutorial)
    cache = f"--cache-dir={tutorial.parent / 'types'}"
    types = _run(
        tutorial, "mypy", "--strict", cache, str(tutorial / "src"), str(tutorial / "tests")
    )
    assert types.returncode == 0, types.stdout + types.stderr


def test_its_clips_are_made_as_tasks(tutorial: Path) -> None:
    _add(tutorial, "Images and videos")
    _tested(tutorial)


def test_each_addition_belongs_to_a_step() -> None:
    steps = {"Jobs that outlive their call", "A chat model", "Images and videos"}
    assert {section for section, _, _ in _added()} == steps


def _add(tutorial: Path, step: str) -> None:
    """Do what a section says: a file that is new, and definitions for those that are there."""
    for block in blocks(AUTHOR):
        if block.name and block.section == step:
            assert not (tutorial / block.name).exists()
            (tutorial / block.name).write_text(block.text, encoding="utf-8")
    for section, name, more in _added():
        if section == step:
            file = tutorial / name
            file.write_text(_merged(file.read_text(encoding="utf-8"), more), encoding="utf-8")


def _tested(tutorial: Path) -> None:
    """Run the plugin's own tests, which take its tour too."""
    tests = _run(tutorial, "pytest", "-q", "-p", "no:cacheprovider", str(tutorial))
    assert tests.returncode == 0, tests.stdout + tests.stderr
    assert " passed" in tests.stdout


def _tried(tutorial: Path) -> str:
    """Run the plugin's own tests and the demo, and return what that says."""
    _tested(tutorial)
    demo = _run(tutorial, "plugway", "demo", "--once", "--port", "0")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    return demo.stdout


def _added() -> Iterator[tuple[str, str, str]]:
    """Yield what goes into files that are there: section, file and the definitions."""
    lines = text_of(AUTHOR).splitlines()
    for block in blocks(AUTHOR, "python"):
        into = re.fullmatch(r"Into `(.+)`:", lines[block.line - 3])
        if into is not None:
            yield block.section, into[1], block.text


def _merged(text: str, more: str) -> str:
    """Put definitions into a module: in the place of one with the same name, else at its end.

    Imports go below those that are there.
    """
    for piece in _pieces(more):
        (node,) = ast.parse(piece).body
        there = ast.parse(text).body
        lines = text.splitlines(keepends=True)
        if isinstance(node, ast.Import | ast.ImportFrom):
            last = max(_end(one) for one in there if isinstance(one, ast.Import | ast.ImportFrom))
            lines.insert(last, piece)
        elif old := [one for one in there if _name(one) is not None and _name(one) == _name(node)]:
            lines[_start(old[0]) - 1 : _end(old[0])] = [piece]
        else:
            lines.append(f"\n\n{piece}")
        text = "".join(lines)
    return text


def _pieces(text: str) -> Iterator[str]:
    """Yield each statement of a module, with the comments above it."""
    lines, begin = text.splitlines(keepends=True), 0
    for node in ast.parse(text).body:
        yield "".join(lines[begin : _end(node)]).strip("\n") + "\n"
        begin = _end(node)


def _name(node: ast.stmt) -> str | None:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name
    return None


def _start(node: ast.stmt) -> int:
    marks: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(mark.lineno for mark in marks)])


def _end(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _run(tutorial: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if "PLUGWAY" not in name}
    return subprocess.run(  # noqa: S603  # our own commands, no shell
        [sys.executable, "-m", *words],
        cwd=tutorial.parent,
        env={**environ, "PYTHONPATH": str(tutorial / "src")},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


async def test_the_emulator_s_faults_can_be_asked_for() -> None:
    (block,) = [one for one in blocks(AUTHOR, "python") if one.section == "The emulator"]

    class Still(EmulatorServer):
        def routes(self) -> list[Any]:
            return []

    emulator = Still()
    await emulator.start()
    try:
        names = {"emulator": emulator}
        body = "".join(f"    {line}\n" for line in block.text.splitlines())
        exec(f"async def run():\n{body}", names)  # noqa: S102  # our own text
        await names["run"]()  # type: ignore[operator]  # the block defined it
        assert [fault.kind for fault in emulator.faults] == ["status", "cut", "stall", "drop"]
    finally:
        await emulator.stop()


async def test_what_one_credential_knows_is_asked_for_with_that_one(tmp_path: Path) -> None:
    (block,) = [one for one in blocks(AUTHOR, "python") if one.section.startswith("Things that")]
    shown: dict[str, Any] = {"Usage": Usage}
    exec(f"from __future__ import annotations\n{block.text}", shown)  # noqa: S102  # our own text
    upstream = ScriptedUpstream()
    base_url = await upstream.start()
    plugin = _styles(shown)
    try:
        async with GatewayServer(tmp_path / "home", plugins={"sketch": plugin}) as server:
            alice, bob = await server.user(credits_=100), await server.user("bob", credits_=100)
            keys = [await server.key(one) for one in (alice, bob)]
            await server.channel("sketch", base_url, secrets=["secret-one", "secret-two"])
            assert await _post(server, keys[0], "/sketch/blue") == 200
            for _ in range(3):
                assert await _post(server, keys[0], "/sketch/images/blue") == 200
            used = {seen.header("authorization") for seen in upstream.seen}
            assert len(used) == 1
            assert await _post(server, keys[1], "/sketch/images/blue") == 404
            # Nobody has made this one here: whoever is next in turn draws in it.
            for _ in range(2):
                assert await _post(server, keys[1], "/sketch/images/plain") == 200
            assert len({seen.header("authorization") for seen in upstream.seen}) == 2
            assert (await server.verify()).ok
    finally:
        await upstream.stop()


async def test_an_account_is_renewed_and_used_as_the_page_shows(tmp_path: Path) -> None:
    (block,) = [one for one in blocks(AUTHOR, "python") if one.section.startswith("Accounts")]
    shown: dict[str, Any] = {name: getattr(plugway, name) for name in plugway.__all__}
    shown |= {"msgspec": msgspec, "Iterable": Iterable}
    exec(block.text, shown)  # noqa: S102  # our own text
    clock = ManualClock()
    emulator = Accounts(clock)
    plugins = {"sketch": _accounts(shown)}
    try:
        async with GatewayServer(tmp_path / "home", plugins=plugins, clock=clock) as server:
            user = await server.user(credits_=100)
            key = await server.key(user)
            stale = {"email": "ann@example.com", "refresh": "r-1", "ends": emulator.later(7_300)}
            written = f"\n{json.dumps(stale)}\n"
            kind = server.gateway.registry.credential_kinds["sketch_account"]
            (line,) = kind.split(written)
            url = await emulator.start()
            channel = await server.channel("sketch", url, secrets=[line])
            # An hour before its end, which is what `renew_before` says.
            clock.advance(3_700)
            await server.gateway.renewing.round()
            await server.gateway.renewing.idle()
            assert await _post(server, key, "/sketch") == 200
            assert await server.balance(user) == (90, 0)
            assert [seen.target for seen in emulator.seen] == ["/v1/tokens", "/v1/images"]
            (held,) = server.gateway.credentials.all(channel)
            assert kind.label(held.secret) == "ann@example.com"
            assert "fresh" in kind.export(held.secret)
            assert list(kind.split(kind.export(held.secret))) == [kind.export(held.secret)]
            with pytest.raises(BadRequest) as refused:
                kind.parse("r-1")
            assert "r-1" not in refused.value.message
    finally:
        await emulator.stop()


class Accounts(EmulatorServer):
    """Takes the token that it gave."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock

    def later(self, seconds: float) -> float:
        """Return a time in seconds since 1970."""
        return self._clock.now() / 1_000_000 + seconds

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the routes."""
        return [web.post("/v1/tokens", self.renew), web.post("/v1/images", self.draw)]

    async def renew(self, request: web.Request) -> web.StreamResponse:
        """Give a token to whoever may have one."""
        if request.headers.get("X-Sketch-Refresh") != "r-1":
            return web.Response(status=401)
        return web.json_response({"token": "fresh", "ends": self.later(86_400)})

    async def draw(self, request: web.Request) -> web.StreamResponse:
        """Draw for that token."""
        return web.Response(status=200 if request.headers["X-Sketch-Key"] == "fresh" else 401)


def _accounts(shown: dict[str, Any]) -> ModuleType:
    """Return a plugin with the page's pool, whose route does its work in turns."""
    plugin: Any = ModuleType("plugway_sketch_of_accounts")

    async def work(turn: Any) -> Any:
        answer = await turn.send("POST", "/v1/images")
        if answer.status != 200:
            raise turn.refusal(answer)
        yield answer.status

    def routes(gateway: Any) -> list[Mount]:
        async def draw(request: Any) -> Any:
            usage = Usage(key="sketch", unit="image")
            async with gateway.calls.open(
                request, provider="sketch", model="sketch", usage=usage
            ) as call:
                (status,) = [one async for one in call.turns(work)]
                await call.settle()
                return Response(status_code=status)

        return [Mount(path="/sketch", endpoint=draw, methods={"POST"})]

    plugin.register_providers = shown["register_providers"]
    hooks: dict[str, Callable[..., Any]] = {
        "register_credentials": lambda: [shown["SketchAccount"]()],
        "register_tariffs": lambda: [TariffRow(key="sketch", unit="image", credits="10")],
        "register_routes": routes,
    }
    for name, hook in hooks.items():
        setattr(plugin, name, hookimpl(hook))
    return plugin  # type: ignore[no-any-return]  # a module, whatever its hooks


def _styles(shown: dict[str, Any]) -> ModuleType:
    """Return a plugin whose routes make styles and draw in them, as the page shows."""
    plugin: Any = ModuleType("plugway_sketch_of_the_page")

    def routes(gateway: Any) -> list[Mount]:
        async def learn(request: Any) -> Any:
            usage = Usage(key="sketch", unit="image")
            async with gateway.calls.open(
                request, provider="sketch", model="sketch", usage=usage
            ) as call:
                answer = await call.forward(request, target="/v1/styles")
                await shown["keep_style"](gateway, call, request.path_params["style"])
                return await call.relay(answer)

        async def draw(request: Any) -> Any:
            return await shown["draw_in_style"](gateway, request, request.path_params["style"])

        return [
            Mount(path="/sketch/{style}", endpoint=learn, methods={"POST"}),
            Mount(path="/sketch/images/{style}", endpoint=draw, methods={"POST"}),
        ]

    hooks: dict[str, Callable[..., Any]] = {
        "register_providers": lambda: [
            Provider(name="sketch", title="Sketch", credential="sketch", models=("sketch",))
        ],
        "register_credentials": lambda: [BearerKey("sketch")],
        "register_tariffs": lambda: [TariffRow(key="sketch", unit="image", credits="10")],
        "register_routes": routes,
    }
    for name, hook in hooks.items():
        setattr(plugin, name, hookimpl(hook))
    return plugin  # type: ignore[no-any-return]  # a module, whatever its hooks


async def _post(server: GatewayServer, key: str, path: str) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.request("POST", server.url + path, headers=headers) as answer:
        await answer.read()
        status: int = answer.status
        return status
