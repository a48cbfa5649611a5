"""The pages for operators and clients, done step by step."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, get_args, get_type_hints

import aiohttp
import pytest
from aiohttp import web
from curl import Answered, curl
from pages import blocks, text_of
from reader import Reader, reading

import plugway_bltcy
import plugway_kling
from plugway import BadRequest, NoChannel, NotAuthenticated, PlugwayError
from plugway.testing import GatewayServer
from plugway.testing.error_reference import classes
from plugway.testing.scripted import ScriptedUpstream
from plugway.upstream.guard import AddressPolicy
from plugway_bltcy.emulator import BltcyEmulator
from plugway_kling.emulator import KlingEmulator
from plugway_kling.errors import official

pytestmark = pytest.mark.anyio

OPERATE = "docs/how-to/operate.md"
CALL = "docs/how-to/call.md"

CREDITS = 1_000_000
#: Of five seconds of kling-v1 in mode std.
VIDEO_CREDITS = 2_500_000
#: Seconds for what happens by itself, on a slow machine.
PATIENCE = 30
#: A secret of Kling's console.
SIGNS = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
#: Sections of the client's page that are about Kling.
KLING = {"Kling", "Ids", "Official codes", "Lost answers", "Callbacks"}
#: Sections that need other upstreams; others of the tests of pages do what they say.
CHATS = {"Chats", "Images and videos", "AI Studio"}
VIDEO = (
    'curl {url}/kling/v1/videos/text2video -H "Authorization: Bearer $CAROL"'
    ' -H "Content-Type: application/json"'
    """ -d '{{"model_name": "kling-v1", "prompt": "a lighthouse", "external_task_id": "{name}"}}'"""
)


async def test_an_operator_can_type_every_command(tmp_path: Path) -> None:
    upstream, kling = ScriptedUpstream(), KlingEmulator(accounts=["one", "two"], looks=1)
    address = await upstream.start()
    places = {
        "https://api.example.com": address,
        "https://spare.example.com": address,
        "https://api-singapore.klingai.com": await kling.start(),
    }
    accounts = iter(kling.accounts)
    lines = [line for block in blocks(OPERATE, "sh") for line in block.lines()]
    typed = 0
    try:
        async with reading(tmp_path / "home", places) as reader:
            reader.variables["SECRET"] = SIGNS
            for line in lines:
                await _prepare(reader, line, kling)
                needed = "--secret" in line and "kling" in line
                ran = await reader.type(line, next(accounts).secret if needed else "")
                if ran is not None:
                    typed += 1
                    _remember(reader, line, ran.out)
                if line == "plugway serve":
                    reader.meet("https://gateway.example.com")
            # All but what installs, exports, copies files, or serves a second time.
            assert len(lines) - typed < 10
            assert next(accounts, None) is None
            verified = await reader.type("plugway ledger verify")
            assert verified is not None
            assert verified.out.startswith("ok: ")
    finally:
        await upstream.stop()
        await kling.stop()


async def _prepare(reader: Reader, line: str, kling: KlingEmulator) -> None:
    """Look up what the page tells its reader to look up."""
    variables = reader.variables
    if "$ID" in line and "ID" not in variables:
        variables["ID"] = str((await _listed(reader, "credentials list"))[-1]["id"])
    if "$CALL" in line:
        await _pay(reader)
        holds = await _listed(reader, "ledger holds --state settled")
        variables["CALL"] = holds[0]["call_id"]
    if "$TASK" in line and "TASK" not in variables:
        variables["TASK"] = await _task(reader, "mine")
    if "$FAILED" in line:
        variables["FAILED"] = await _task(reader, "another")
        kling.finish(variables["FAILED"], "failed", "too dark")
        await reader.type("plugway tasks poll $FAILED")


async def _task(reader: Reader, name: str) -> str:
    """Make a task as the page's user of Kling, and return the upstream's id for it."""
    answer = await _called(reader, VIDEO.format(url=reader.url, name=name))
    return str(answer.json["data"]["task_id"])


async def _listed(reader: Reader, command: str) -> Any:
    ran = await reader.type(f"plugway {command} --json")
    assert ran is not None
    return ran.json


async def _pay(reader: Reader) -> None:
    """Make a call as the client whose key was made first."""
    line = f'curl {reader.url}/runway/x -H "Authorization: Bearer $KEY" -d "{{}}"'
    assert (await _called(reader, line)).json == {"ok": True}


async def _called(reader: Reader, line: str) -> Answered:
    """Make a request, once the gateway knows all of what commands have changed."""
    async with asyncio.timeout(10):
        while (answer := await curl(line, reader.variables)).status != 200:
            await asyncio.sleep(0.1)
    return answer


def _remember(reader: Reader, line: str, out: str) -> None:
    if line == "plugway init":
        key = out.rpartition(": ")[2].strip()
        reader.shell.environ["PLUGWAY_ADMIN_KEY"] = key
    if line.startswith("plugway keys add"):
        name = "CAROL" if "carol --name app" in line else "KEY"
        reader.variables.setdefault(name, out.strip())


async def test_a_client_can_make_every_request(tmp_path: Path) -> None:
    emulator = BltcyEmulator()
    async with GatewayServer(tmp_path / "home", plugins={"bltcy": plugway_bltcy}) as server:
        await server.emulated(emulator)
        user = await server.user(credits_=CREDITS)
        variables = {"PLUGWAY": server.url, "KEY": await server.key(user)}
        submitted = 0
        try:
            for block in blocks(CALL, "sh"):
                for line in block.lines() if block.section not in {*KLING, *CHATS} else ():
                    if line.startswith("curl"):
                        answer = await curl(line, variables)
                        assert answer.status == 200, (line, answer.text)
                        assert answer.headers["x-request-id"]
                        submitted += _remember_task(answer, variables)
        finally:
            await emulator.stop()
        assert submitted == 5
        assert await server.balance(user) == (CREDITS - 1000 * submitted, 0)


def _remember_task(answer: Answered, variables: dict[str, str]) -> bool:
    """Keep the id of a job that was just submitted; say whether one was."""
    told = answer.json
    data = told.get("data")
    found = data if isinstance(data, str) else (data or told).get("task_id") or told.get("id")
    if found is None or found == variables.get("TASK"):
        return False
    variables["TASK"] = found
    return True


class Inbox:
    """Is where a client's callbacks arrive.

    Attributes:
        url: Its address.
        came: Headers and bodies, as they came.
    """

    def __init__(self) -> None:
        self.url = ""
        self.came: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()
        self._runner: web.AppRunner | None = None

    async def open(self) -> int:
        """Listen, and return the port."""
        app = web.Application()
        app.add_routes([web.post("/kling", self._take)])
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0]
        self.url = f"http://{host}:{port}/kling"
        return int(port)

    async def close(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def next(self) -> tuple[dict[str, str], bytes]:
        """Wait for a message."""
        async with asyncio.timeout(PATIENCE):
            return await self.came.get()

    async def _take(self, request: web.Request) -> web.Response:
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        headers = {name: request.headers[name] for name in names if name in request.headers}
        self.came.put_nowait((headers, await request.read()))
        return web.Response(status=204)


@pytest.fixture
async def inbox(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Inbox]:
    """Listen on this machine, where gateways must not go unless a test lets them."""
    inbox = Inbox()
    port = await inbox.open()
    here = AddressPolicy(exempt=frozenset({("127.0.0.1", port)}))
    monkeypatch.setattr("plugway.upstream.upstream.AddressPolicy", lambda: here)
    yield inbox
    await inbox.close()


async def test_a_client_of_kling_can_do_what_the_page_says(tmp_path: Path, inbox: Inbox) -> None:
    emulator = KlingEmulator()
    emulator.hold()
    async with GatewayServer(tmp_path / "home", plugins={"kling": plugway_kling}) as server:
        await server.emulated(emulator)
        user = await server.user(credits_=2 * VIDEO_CREDITS)
        variables = {"PLUGWAY": server.url, "KEY": await server.key(user)}
        lines = [line for one in blocks(CALL, "sh") if one.section in KLING for line in one.lines()]
        made, asked = [], []
        try:
            for line in lines:
                line = line.replace("https://client.example.com/kling", inbox.url)
                if not line.startswith("curl"):
                    continue
                answer = await curl(line, variables)
                assert answer.status == (201 if "webhook-secret" in line else 200), answer.text
                told = answer.json
                if "secret" in told:
                    variables["WEBHOOK_SECRET"] = told["secret"]
                elif "-d" in line:
                    made.append(told["data"]["task_id"])
                    variables["TASK"] = made[-1]
                    if inbox.url in line:
                        # There is no secret yet.
                        headers, body = await inbox.next()
                        assert "webhook-signature" not in headers
                else:
                    asked.append(told["data"])
            one, other, listed = asked
            assert one == other
            assert (one["task_id"], [each["task_id"] for each in listed]) == (made[0], made[:1])
            assert one["task_info"]["external_task_id"] == "lighthouse-17"
            await _finish(server, emulator, made[1])
            headers, body = await inbox.next()
            with _receiving(tmp_path, variables["WEBHOOK_SECRET"]) as (address, told):
                assert await _deliver(address, headers, body) == 204
                assert await asyncio.to_thread(told.readline) == f"{made[1]} succeed\n"
                forged = body.replace(b"succeed", b"failed")
                late = {
                    **headers,
                    "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 301),
                }
                assert await _deliver(address, headers, forged) == 401
                assert await _deliver(address, late, body) == 401
                assert await _deliver(address, {}, body) == 401
        finally:
            await emulator.stop()
        assert await server.balance(user) == (VIDEO_CREDITS, VIDEO_CREDITS)
        assert (await server.verify()).ok


async def _finish(server: GatewayServer, emulator: KlingEmulator, name: str) -> None:
    """Let a task succeed, and the gateway hear of it."""
    emulator.finish(name)
    task = await server.gateway.tasks.find("kling", upstream_id=name)
    assert task is not None
    assert (await server.gateway.tasks.poll(task)).state == "succeed"


@contextmanager
def _receiving(folder: Path, secret: str) -> Iterator[tuple[str, IO[str]]]:
    """Run the page's receiver, and give its address and what it prints."""
    (block,) = [block for block in blocks(CALL, "python") if block.name == "receive.py"]
    (folder / block.name).write_text(block.text, encoding="utf-8")
    running = subprocess.Popen(  # noqa: S603  # our own text, no shell
        [sys.executable, block.name],
        cwd=folder,
        env={**os.environ, "PORT": "0", "WEBHOOK_SECRET": secret},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert running.stdout is not None
    try:
        said = running.stdout.readline()
        assert said.startswith("listening on ")
        yield f"http://127.0.0.1:{said.split()[-1]}/", running.stdout
    finally:
        running.terminate()
        running.communicate(timeout=PATIENCE)


async def _deliver(address: str, headers: dict[str, str], body: bytes) -> int:
    async with aiohttp.request("POST", address, headers=headers, data=body) as answer:
        return answer.status


def test_the_official_codes_are_those_that_the_gateway_answers_with() -> None:
    rows = re.findall(r"^\| (\d{4}) \| (\d{3}) \|", text_of(CALL), re.M)
    every: list[PlugwayError] = [error() for error in classes()]
    reasons = get_type_hints(NotAuthenticated.__init__)["reason"]
    every += [NotAuthenticated(reason=one) for one in get_args(reasons)]
    every += [NoChannel(field="model"), BadRequest(field="prompt")]
    told = [official(error, "r") for error in every]
    assert {int(code): int(status) for code, status in rows} == {
        body.content["code"]: body.status for body in told
    }
