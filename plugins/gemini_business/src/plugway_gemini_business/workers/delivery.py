"""Brings renewed accounts to the gateway, however often it takes."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import aiohttp
import msgspec

from plugway_gemini_business.workers.messages import RefreshResult, TaskRefresh

if TYPE_CHECKING:
    from plugway_gemini_business.workers.moment import Clock

log = logging.getLogger(__name__)

#: Seconds before the second and the third try, and before each one after them.
PAUSES, PAUSE = (2.0, 4.0), 10.0

#: Seconds after which nobody waits for an account any more: the longest lease.
END = 1_800.0

_TIMEOUT = aiohttp.ClientTimeout(total=30)


class Delivery:
    """Uploads accounts; what cannot be delivered now is delivered later."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        server: str,
        worker_id: str,
        clock: Clock,
        connected: asyncio.Event,
    ) -> None:
        """Take the parts.

        Args:
            session: Sends the secret with every request.
            server: Address of the gateway.
            worker_id: Who brings them.
            clock: The time.
            connected: Set while the gateway is there.
        """
        self._session = session
        self._server = server
        self._worker_id = worker_id
        self._clock = clock
        self._connected = connected

    async def upload(
        self, task: TaskRefresh, file: str, result: RefreshResult | None
    ) -> RefreshResult | None:
        """Upload an account until the gateway has it, or does not want it.

        Args:
            task: The renewal that it comes of.
            file: The account.
            result: What to say then.

        Returns:
            What to say; None: nothing, as nobody waits for it any more.
        """
        content = {
            **msgspec.json.decode(file, type=dict),
            "task_id": task.task_id,
            "worker_id": self._worker_id if task.task_id else "",
            "is_new": False,
        }
        body = msgspec.json.encode(content)
        began = self._clock.monotonic()
        pauses = iter(PAUSES)
        while True:
            status, said = await self._post(body)
            if status == 200:
                if not said.get("success"):
                    log.warning("the renewal %s came too late", task.task_id)
                    return None
                return result
            if 400 <= status < 500 and status != 429:
                log.error("the gateway refuses the account of renewal %s: %s", task.task_id, status)
                return _refused(task, status)
            if self._clock.monotonic() - began > END:
                log.error("the account of renewal %s could not be delivered", task.task_id)
                return None
            await self._clock.sleep(next(pauses, PAUSE))
            await self._connected.wait()

    async def _post(self, body: bytes) -> tuple[int, dict[str, object]]:
        """Return status and content of the answer; 0: there was none."""
        url = f"{self._server}/pool/upload-account"
        headers = {"content-type": "application/json"}
        try:
            async with self._session.post(
                url, data=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False
            ) as answer:
                content = await answer.content.read(1 << 16)
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("an account could not be uploaded yet: %s", type(error).__name__)
            return 0, {}
        try:
            return status, msgspec.json.decode(content, type=dict)
        except msgspec.MsgspecError:
            return status, {}


def _refused(task: TaskRefresh, status: int) -> RefreshResult:
    return RefreshResult(
        success=False,
        email=task.email,
        task_id=task.task_id,
        error=f"the gateway refused the account with status {status}",
        kind="worker",
    )
