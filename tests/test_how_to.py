"""The pages for operators and clients, done step by step."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from curl import Answered, curl
from pages import blocks
from reader import Reader, reading

import plugway_bltcy
from plugway.testing import GatewayServer
from plugway.testing.scripted import ScriptedUpstream
from plugway_bltcy.emulator import BltcyEmulator
from plugway_kling.emulator import KlingEmulator

pytestmark = pytest.mark.anyio

OPERATE = "docs/how-to/operate.md"
CALL = "docs/how-to/call.md"

CREDITS = 1_000_000
#: A user's secret for callbacks, of Kling's console.
SIGNS = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
#: Sections of the client's page that are about Kling.
KLING = {"Kling", "Ids", "Official codes", "Lost answers", "Callbacks"}
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
                for line in block.lines() if block.section not in KLING else ():
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
