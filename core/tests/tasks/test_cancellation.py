"""A submit that is cancelled, wherever it is, costs exactly what the upstream has made."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from press import PRICE, PressGateway, read

from plugway import Request, Usage
from plugway.testing import ManualClock

pytestmark = pytest.mark.anyio

#: Steps of the event loop after which a submit is cancelled: from its beginning on, and from
#: when the press has got it.
STEPS = 50


async def test_a_submit_cancelled_anywhere_is_charged_if_it_was_made(
    press: PressGateway, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = press.gateway.tasks
    requests: list[Request] = []
    opened = tasks.open

    def kept(request: Request, **asked: Any) -> Any:
        requests.append(request)
        return opened(request, **asked)

    monkeypatch.setattr(tasks, "open", kept)
    await press.submit()
    await press.server.credit(press.user, 2 * STEPS * PRICE)

    async def submit() -> None:
        usage = Usage(key="print")
        async with opened(
            requests[0], provider="press", kind="print", model="offset", usage=usage, body=b"{}"
        ) as submission:
            content = json.dumps({"name": submission.call_id}).encode()
            answer = await submission.send(target="/jobs", content=content)
            await submission.accept(read(await answer.read(1 << 20)))

    arrived = False
    for steps in (*range(STEPS), *range(STEPS)):
        submitting = asyncio.create_task(submit())
        if arrived:
            await press.press.until(len(press.press.seen) + 1)
        for _ in range(steps):
            await asyncio.sleep(0)
        submitting.cancel()
        await asyncio.wait((submitting,))
        arrived = arrived or steps == STEPS - 1
    press.press.set("done")
    for _ in range(8):
        clock.advance(61)
        await press.poll()
    # What was sent and whose client nobody answered is looked for; what never was is released.
    jobs = len(press.press.jobs)
    assert STEPS // 2 <= jobs <= 2 * STEPS + 1
    charged, held = await press.charged()
    assert (charged + 2 * STEPS * PRICE, held) == (jobs * PRICE, 0)
