"""The routes take their roles, and say what is wrong with what they are sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import pytest
from flow_accounts import flow

from plugway.storage.models import Audit

pytestmark = pytest.mark.anyio

PLACE = "/api/admin/flow/accounts"


async def test_operators_read_and_administrators_act(tmp_path: Path) -> None:
    async with flow(tmp_path / "home", "first", "second") as whole:
        await whole.channel(whole.emulator.secrets[0])
        keys = {"": ""}
        for role in ("admin", "operator", "user"):
            user = await whole.server.user(f"a {role}", role=role)
            keys[role] = await whole.server.key(user)
        async with aiohttp.ClientSession(whole.server.url) as client:

            async def call(method: str, path: str, role: str, **options: Any) -> tuple[int, Any]:
                headers = {"Authorization": f"Bearer {keys[role]}"} if role else {}
                async with client.request(method, path, headers=headers, **options) as answer:
                    return answer.status, await answer.json()

            text = {"channel": "main", "text": whole.emulator.secrets[1]}
            for method, path, body, may in (
                ("GET", PLACE, None, {"admin", "operator"}),
                ("POST", PLACE, text, {"admin"}),
                ("POST", f"{PLACE}/1/check", None, {"admin"}),
            ):
                for role in keys:
                    status, _ = await call(method, path, role, json=body)
                    assert status == (200 if role in may else 403 if role else 401), (path, role)
            _, page = await call("GET", f"{PLACE}?limit=1", "operator")
            assert [one["email"] for one in page["items"]] == ["first@flow.example"]
            _, rest = await call("GET", f"{PLACE}?after={page['next']}", "operator")
            assert [one["email"] for one in rest["items"]] == ["second@flow.example"]
            assert rest["next"] is None
            for path, body, expected in (
                (f"{PLACE}/99/check", None, (404, "id")),
                (PLACE, {"channel": "none", "text": "x" * 30}, (400, "channel")),
                (PLACE, {"channel": "main", "text": " "}, (400, "secret")),
                (PLACE, {"channel": "main", "text": "x\n" * 501}, (400, "text")),
            ):
                status, answer = await call("POST", path, "admin", json=body)
                assert (status, answer["error"].get("field")) == expected
        rows = await whole.gateway.database.run(lambda: Audit.all().order_by("id"))
        done = [(row.action, row.subject) for row in rows if row.action.startswith("flow.")]
        assert done == [("flow.take", "main"), ("flow.check", "1")]
